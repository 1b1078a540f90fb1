import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { count, countRead, tellHeld } from "#kernel/tallies";
import worker from "../../../workers/main.ts";
import { send, upTo, world, type World } from "../world.ts";

const asOperator = (w: World, path: string) => send("GET", path, undefined, { key: w.operator });

test("hit rates are told by tier, of all and of one tenant, from what was counted", async () => {
  const [w, other] = [await world(), await world()];
  const before = (await asOperator(w, "/v1/cache/stats")).body;
  for (const _ of upTo(6)) countRead("memory", "license", w.tenant.id);
  for (const _ of upTo(3)) countRead("kv", "license", w.tenant.id);
  countRead("d1", "api_key", w.tenant.id);
  countRead("d1", "license", w.tenant.id);
  countRead("joined", "license", w.tenant.id);
  countRead("joined", "license", w.tenant.id);
  countRead("memory", "license", other.tenant.id);
  count("evictions", "api_key", 4);
  const { status, body } = await asOperator(w, `/v1/cache/stats?tenant_id=${w.tenant.id}`);
  expect(status).toBe(200);
  expect(body["tenant"]).toMatchObject({
    tenant_id: w.tenant.id,
    memory: { hits: 6, misses: 6, hit_rate: 0.5 },
    kv: { hits: 3, misses: 1, hit_rate: 0.75 },
    d1: { reads: 1 },
    joined: 2,
  });
  for (const of of ["recent", "total"]) {
    expect(body[of].memory.hits - before[of].memory.hits).toBe(7);
    expect(body[of].evictions - before[of].evictions).toBe(4);
    expect(body[of].by_kind.api_key.d1.reads - before[of].by_kind.api_key.d1.reads).toBe(1);
  }
});

test("of a tenant that nobody asked about there are no reads", async () => {
  const w = await world();
  expect((await asOperator(w, `/v1/cache/stats?tenant_id=${w.tenant.id}`)).body["tenant"]).toMatchObject({
    memory: { hits: 0, misses: 0, hit_rate: null },
    d1: { reads: 0 },
  });
  expect((await asOperator(w, "/v1/cache/stats")).body["tenant"]).toBeNull();
});

test("what isolates keep is told by kind and tenant, and can be narrowed to one", async () => {
  const w = await world();
  const ids = [w.tenant.id, w.tenant.sandbox_id] as const;
  tellHeld(() => ({
    limitBytes: 5000,
    kinds: { license: { entries: 3, bytes: 600 }, api_key: { entries: 1, bytes: 90 } },
    patterns: [
      { kind: "license", tenantId: ids[0], entries: 2, bytes: 500 },
      { kind: "license", tenantId: ids[1], entries: 1, bytes: 100 },
      { kind: "api_key", tenantId: ids[0], entries: 1, bytes: 90 },
    ],
  }));
  const patterns = async (query: string) =>
    (await asOperator(w, `/v1/cache/patterns${query}`)).body["data"].map((each: { pattern: string }) => each.pattern);
  expect(await patterns("")).toEqual([`license/${ids[0]}/*`, `license/${ids[1]}/*`, `api_key/${ids[0]}/*`]);
  expect(await patterns("?kind=api_key")).toEqual([`api_key/${ids[0]}/*`]);
  expect(await patterns(`?tenant_id=${ids[1]}`)).toEqual([`license/${ids[1]}/*`]);
  expect((await asOperator(w, "/v1/cache/stats")).body["memory"]).toMatchObject({
    entries: 4,
    bytes: 690,
    limit_bytes: 5000,
    by_kind: { license: { entries: 3 }, api_key: { bytes: 90 } },
  });
});

test("suggestions come from the counts, with the call that acts on them", async () => {
  const w = await world();
  for (const _ of upTo(1200)) countRead("d1", "license", w.tenant.id);
  const { body } = await asOperator(w, "/v1/cache/suggestions");
  expect(body["data"]).toContainEqual(
    expect.objectContaining({
      code: "tenant_reads_database",
      because: { reads: 1200, d1: 1200, kv: 0, memory: 0 },
      act: { operation: "cache.warm", method: "POST", path: "/v1/cache/warm", body: { tenant_id: w.tenant.id } },
    }),
  );
});

test("health asks every part, and names the one that does not answer", async () => {
  const w = await world();
  const well = (await asOperator(w, "/v1/cache/health")).body;
  expect(well).toMatchObject({ object: "cache_health", status: "ok" });
  expect(well["parts"].map(({ name }: { name: string }) => name)).toEqual([
    "database/00",
    "tally/00",
    "feed/probe",
    "limits/probe",
    "meter/probe",
    "kv",
  ]);

  const context = createExecutionContext();
  const dead = { ...env, CACHE: { get: () => Promise.reject(new Error("KV is away")) } as unknown as KVNamespace };
  const request = new Request("https://latchkey.test/v1/cache/health", { headers: { authorization: `Bearer ${w.operator}` } });
  const answer = await worker.fetch(request as never, dead, context);
  await waitOnExecutionContext(context);
  const ill: typeof well = await answer.json();
  expect([answer.status, ill["status"]]).toEqual([200, "degraded"]);
  expect(ill["parts"].find(({ name }: { name: string }) => name === "kv")).toEqual({
    name: "kv",
    status: "failing",
    latency_ms: null,
    error: "KV is away",
  });
});

test.each(["stats", "patterns", "suggestions", "health"])("no key of a tenant sees %s", async (what) => {
  const w = await world();
  for (const key of [w.keys.secret, w.keys.publishable])
    expect((await send("GET", `/v1/cache/${what}`, undefined, { key })).body).toMatchObject({ code: "key_kind_not_allowed" });
});
