import { abortAllDurableObjects, createExecutionContext, runDurableObjectAlarm, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Env } from "#kernel/env";
import { newApiKey } from "#kernel/keys";
import { readTallies } from "#kernel/read-tallies";
import { count, countRead, FLUSH_EVERY_MS, flushNow, flushTallies, observe, tellHeld } from "#kernel/tallies";
import type { Flush } from "#rules/cache/counted";
import { asHost } from "../events/host.ts";
import { send, world } from "../world.ts";

const flush = (seq: number, evictions: number, isolate = "one"): Flush => ({
  isolate,
  seq,
  counters: { evictions: { license: evictions } },
  histograms: {},
  tenants: {},
  held: null,
});

/** An edge whose tally is out of reach. */
const withoutTally = {
  ...env,
  TALLY: {
    idFromName: () => env.TALLY.newUniqueId(),
    get: () => {
      throw new Error("The object is out of reach.");
    },
  },
} as unknown as Env;

const evictionsOf = async () => (await readTallies(env, new Date())).counters["evictions"]?.["license"] ?? 0;

test("a flush that came twice counts once, also when the object was ended in between", async () => {
  const id = env.TALLY.newUniqueId();
  const tally = () => env.TALLY.get(id);
  await tally().add(flush(1, 3));
  await tally().add(flush(1, 10, "two"));
  await tally().add(flush(1, 3));
  expect(await runDurableObjectAlarm(tally())).toBe(true);
  await abortAllDurableObjects();
  await tally().add(flush(1, 3));
  await tally().add(flush(2, 4));
  expect((await tally().told()).counters).toEqual({ evictions: { license: 17 } });
});

test("what an isolate counted is kept while its tally is out of reach, and then counted once", async () => {
  const before = await evictionsOf();
  count("evictions", "license", 5);
  await flushNow(withoutTally);
  count("evictions", "license", 2);
  await flushNow(withoutTally);
  expect(await evictionsOf()).toBe(before + 7);
  expect(await evictionsOf()).toBe(before + 7);
});

test("an isolate sends in the background, and not twice in ten seconds", async () => {
  const begin = Date.now() + 1_000_000; // later than all that this isolate has sent
  const sends = async (at: number) => {
    const context = createExecutionContext();
    let sent = 0;
    const waitUntil = (work: Promise<unknown>) => (sent++, context.waitUntil(work));
    for (const later of [0, 1, FLUSH_EVERY_MS - 1]) flushTallies(env, waitUntil, new Date(at + later));
    await waitOnExecutionContext(context);
    return sent;
  };
  await sends(begin);
  count("evictions", "license", 1);
  expect(await sends(begin + FLUSH_EVERY_MS)).toBe(1);
  expect(await sends(begin + 2 * FLUSH_EVERY_MS)).toBe(1);
});

test("a flush that cannot be sent does not disturb the request it rides on", async () => {
  const context = createExecutionContext();
  flushTallies(withoutTally, (work) => context.waitUntil(work), new Date(Date.now() + 9_000_000));
  await waitOnExecutionContext(context);
});

test("requests, reads, durations and memory reach the host, under the host's signature alone", async () => {
  const w = await world();
  await w.get("/v1/nowhere");
  const value = async (name: string, values: string[]) => {
    const answer = await asHost("/internal/metrics", {});
    expect(answer.status).toBe(200);
    const metric = answer.body["metrics"].find((each: { name: string }) => each.name === name);
    const sample = metric.samples.find((each: { values: string[] }) => String(each.values) === String(values));
    return sample?.value ?? sample?.buckets ?? 0;
  };
  const before = await value("requests_total", ["tenant", "2xx"]);
  await w.get("/v1/products");
  await w.get("/v1/products");
  expect(await value("requests_total", ["tenant", "2xx"])).toBe(before + 2);
  expect(await value("requests_total", ["unmatched", "4xx"])).toBeGreaterThan(0);

  countRead("kv", "license", w.tenant.id);
  observe("hot_seconds", 0.03, "kv");
  tellHeld(() => ({
    limitBytes: 1 << 25,
    kinds: { license: { entries: 4, bytes: 900 }, api_key: { entries: 0, bytes: 0 } },
    patterns: [{ kind: "license", tenantId: w.tenant.id, entries: 4, bytes: 900 }],
  }));
  expect(await value("cache_reads_total", ["kv", "license"])).toBeGreaterThan(0);
  expect(await value("hot_seconds", ["kv"])).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  expect(await value("cache_bytes", ["license"])).toBe(900);
  expect((await readTallies(env, new Date())).recent.tenants[w.tenant.id]).toEqual([0, 1, 0, 0]);

  expect((await send("POST", "/internal/metrics", {}, { key: w.operator })).body).toMatchObject({ code: "bad_signature" });
});

test("every answer says how long it took, and of the hot path what from; refusals and unknown paths too", async () => {
  const w = await world();
  for (const path of ["/health", "/v1/products", "/v1/nowhere", "/v1/products?x=1"]) {
    expect((await w.get(path)).headers.get("server-timing"), path).toMatch(/^total;dur=\d+$/);
  }
  const text = JSON.stringify({ license_key: "nobody-has-this-key" });
  const validate = (key: string) =>
    send("POST", "/v1/licenses/validate", text, {
      key,
      headers: { "content-type": "application/json", "content-length": String(text.length) },
    });
  const timing = async (key: string) => (await validate(key)).headers.get("server-timing");
  expect(await timing(w.keys.publishable)).toMatch(/^cache;desc="d1", total;dur=\d+$/);
  expect(await timing(newApiKey("pk_live", "00").text)).toMatch(/^total;dur=\d+$/);
});

test("what was once told is never taken back, though the object is ended right after", async () => {
  const id = env.TALLY.newUniqueId();
  const tally = () => env.TALLY.get(id);
  await tally().add(flush(1, 3));
  expect((await tally().told()).counters).toEqual({ evictions: { license: 3 } });
  await abortAllDurableObjects();
  expect((await tally().told()).counters).toEqual({ evictions: { license: 3 } });
});
