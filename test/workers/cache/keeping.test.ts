import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { throughHotDoor } from "#kernel/hot/door";
import { memory } from "#kernel/hot/memory";
import { flushNow } from "#kernel/tallies";
import { hotRoutes } from "../../../workers/hot.ts";
import worker from "../../../workers/main.ts";
import { requestOf, tierOf } from "../hot/isolates.ts";
import { device, shop, type Shop } from "../licensing/shop.ts";
import { plansOf } from "../plans.ts";
import { forget, send, upTo } from "../world.ts";

const post = (s: Shop, path: string, body: object) => send("POST", `/v1/cache/${path}`, body, { key: s.operator });

/** Validates as a program does, at a moment of real time; says also where the snapshot came from. */
async function validated(s: Shop, body: object, realNow = new Date()) {
  const request = requestOf(s.keys.publishable, "/v1/licenses/validate", body);
  const context = createExecutionContext();
  const answer = await throughHotDoor(memory, hotRoutes, request, { env, context, realNow }, (left) => left);
  if (!(answer instanceof Response)) throw new Error("The hot path handed the request back");
  const decision: { valid: boolean; code: string } = await answer.json();
  await waitOnExecutionContext(context);
  return { code: decision.code, tier: tierOf(answer) };
}

/** Another isolate: it knows nothing but what the tenant's feed told it, because somebody asked for something else before. */
async function elsewhere(s: Shop, licenseKey: string) {
  forget();
  await validated(s, { license_key: licenseKey, fingerprint: device("somebody-else") });
}

test("what was warmed is answered from KV in an isolate that never read it, by key and by each device", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 5 });
  for (const n of upTo(2)) expect((await s.activate(license["license_key"], `d${n}`)).status).toBe(201);
  expect((await post(s, "warm", { tenant_id: s.tenant.id })).body).toMatchObject({
    object: "cache_warming",
    snapshots: 3,
    skipped: 0,
    licenses: 1,
    has_more: false,
    next_cursor: null,
  });
  await elsewhere(s, license["license_key"]);
  const key = { license_key: license["license_key"] };
  expect(await validated(s, key)).toEqual({ code: "VALID", tier: "kv" });
  expect(await validated(s, { ...key, fingerprint: device("d2") })).toEqual({ code: "VALID", tier: "kv" });
  expect(await validated(s, { ...key, fingerprint: device("d2") })).toEqual({ code: "VALID", tier: "memory" });
  expect(await validated(s, { ...key, fingerprint: device("d3") })).toMatchObject({ tier: "d1" });
});

test("what changed after it was warmed is not answered from KV", async () => {
  const s = await shop();
  const license = await s.license();
  await post(s, "warm", { tenant_id: s.tenant.id });
  expect((await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "unpaid" })).status).toBe(200);
  // the feed looks into the database twice a second
  await vi.waitFor(async () => {
    await elsewhere(s, license["license_key"]);
    expect(await validated(s, { license_key: license["license_key"] })).toEqual({ code: "SUSPENDED", tier: "d1" });
  }, 5_000);
});

test("warming goes page by page through everything once, or through one product, or through licenses that are named", async () => {
  const s = await shop();
  const other = await s.made("/v1/products", { name: "Other", code: "other" });
  const [a, b] = [await s.license({ max_activations: 3 }), await s.license()];
  const c = await s.license({ product_id: other["id"] });
  for (const n of upTo(2)) await s.activate(a["license_key"], `d${n}`);
  const released = (await s.activate(b["license_key"], "gone")).body["id"];
  await s.post(`/v1/activations/${released}/deactivate`, {});

  const warmed = async (more: object) => {
    const pages = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const { status, body } = await post(s, "warm", { tenant_id: s.tenant.id, ...more, ...(cursor ? { cursor } : {}) });
      expect(status).toBe(200);
      pages.push(body["snapshots"]);
      cursor = body["next_cursor"];
    }
    return pages;
  };
  expect(await warmed({})).toEqual([5]);
  expect(await warmed({ limit: 2 })).toEqual([2, 2, 1]);
  expect(await warmed({ product_id: other["id"] })).toEqual([1]);
  expect(await warmed({ product_id: s.product["id"], limit: 3 })).toEqual([3, 1]);
  expect(await warmed({ license_ids: [a["id"], c["id"]] })).toEqual([4]);

  const stranger = await shop();
  const theirs = { tenant_id: stranger.tenant.id, license_ids: [a["id"]] };
  expect((await post(s, "warm", theirs)).body).toMatchObject({ code: "license_not_found" });
  const { next_cursor: cursor } = (await post(s, "warm", { tenant_id: s.tenant.id, limit: 1 })).body;
  expect((await post(s, "warm", { tenant_id: s.tenant.id, product_id: other["id"], cursor })).body).toMatchObject({
    code: "invalid_cursor",
  });
});

test("warming reads along indexes", async () => {
  const s = await shop();
  const license = await s.license();
  const plans = await plansOf(/cross join activations a indexed|json_each\(\?2\) j/, async () => {
    await post(s, "warm", { tenant_id: s.tenant.id });
    await post(s, "warm", { tenant_id: s.tenant.id, product_id: s.product["id"] });
    await post(s, "warm", { tenant_id: s.tenant.id, license_ids: [license["id"]] });
  });
  expect(plans).toHaveLength(4);
  for (const { plan } of plans) expect(plan.filter((line) => /^SCAN (?!json_each|j\b)/.test(line))).toEqual([]);
  for (const { plan } of plans.filter(({ plan }) => !plan.some((line) => line.startsWith("SCAN j ")))) {
    expect(plan.some((line) => line.includes("activations_license (tenant_id=? AND license_id=?)"))).toBe(true);
  }
});

test("of a tenant that shuts out addresses nothing is kept in KV", async () => {
  const s = await shop();
  await s.license();
  await s.made("/v1/devices/blacklist", { ip_range: "192.0.2.0/24", reason: "abuse" });
  expect((await post(s, "warm", { tenant_id: s.tenant.id })).body).toMatchObject({ snapshots: 0, skipped: 1 });
});

test.each(["license_id", "product_id", "all"])(
  "rows that were repaired by hand are read anew after an invalidation by %s",
  async (by) => {
    const s = await shop();
    const license = await s.license();
    const ask = { license_key: license["license_key"] };
    const later = (ms: number) => new Date(Date.now() + ms);
    await validated(s, ask);
    expect(await validated(s, ask)).toEqual({ code: "VALID", tier: "memory" });
    await env.DB_00.prepare("update licenses set revoked_at = 1 where id = ?").bind(license["id"]).run();
    expect(await validated(s, ask, later(9_000))).toMatchObject({ code: "VALID" });

    const named = { license_id: license["id"], product_id: s.product["id"], all: true }[by];
    const { status, body } = await post(s, "invalidate", { tenant_id: s.tenant.id, [by]: named });
    expect([status, body["number"], body["subject"]]).toEqual([200, expect.any(Number), by === "all" ? null : named]);
    expect(await validated(s, ask, later(9_000 + Number(body["within_ms"])))).toEqual({ code: "REVOKED", tier: "d1" });
  },
);

test("an invalidation reaches what lies in KV", async () => {
  const s = await shop();
  const license = await s.license();
  await post(s, "warm", { tenant_id: s.tenant.id });
  await post(s, "invalidate", { tenant_id: s.tenant.id, license_id: license["id"] });
  await elsewhere(s, license["license_key"]);
  expect(await validated(s, { license_key: license["license_key"] })).toEqual({ code: "VALID", tier: "d1" });
  await post(s, "warm", { tenant_id: s.tenant.id });
  await elsewhere(s, license["license_key"]);
  expect(await validated(s, { license_key: license["license_key"] })).toEqual({ code: "VALID", tier: "kv" });
});

test("the edge's log says which operator did it, and to what", async () => {
  const s = await shop();
  const log = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { id } = await s.license();
  await post(s, "invalidate", { tenant_id: s.tenant.id, license_id: id });
  await post(s, "warm", { tenant_id: s.tenant.id });
  const lines = log.mock.calls.map(([line]) => JSON.parse(line)).filter(({ at }) => at === "operator");
  log.mockRestore();
  const by = { operator_key_id: expect.stringMatching(/^opk_/), request_id: expect.stringMatching(/^req_/) };
  expect(lines).toEqual([
    expect.objectContaining({
      ...by,
      operation: "cache.invalidate",
      tenant_id: s.tenant.id,
      subject: id,
      number: expect.any(Number),
    }),
    expect.objectContaining({ ...by, operation: "cache.warm", tenant_id: s.tenant.id, snapshots: 1 }),
  ]);
});

test("unknown and closed tenants have no caches, and one subject is named", async () => {
  const s = await shop();
  for (const path of ["warm", "invalidate"]) {
    const body = path === "warm" ? {} : { all: true };
    expect((await post(s, path, { tenant_id: "ten_00nobody", ...body })).body).toMatchObject({ code: "tenant_not_found" });
    for (const key of [s.keys.secret, s.keys.publishable])
      expect((await send("POST", `/v1/cache/${path}`, { tenant_id: s.tenant.id, ...body }, { key })).body).toMatchObject({
        code: "key_kind_not_allowed",
      });
  }
  for (const wrong of [{}, { all: true, license_id: "lic_00x" }, { all: false }])
    expect((await post(s, "invalidate", { tenant_id: s.tenant.id, ...wrong })).body).toMatchObject({ code: "invalid_request" });
  await send("DELETE", `/v1/tenants/${s.tenant.id}`, undefined, { key: s.operator });
  expect((await post(s, "warm", { tenant_id: s.tenant.id })).body).toMatchObject({ code: "tenant_not_found" });
});

test("what the tenant does not have is told, not taken for done", async () => {
  const [s, stranger] = [await shop(), await shop()];
  const [mine, theirs] = [await s.license(), await stranger.license()];
  const told = async (path: string, body: object) => {
    const answer = await post(s, path, { tenant_id: s.tenant.id, ...body });
    return [answer.status, answer.body["code"]];
  };
  for (const id of ["lic_00x", theirs["id"]]) {
    expect(await told("invalidate", { license_id: id })).toEqual([404, "license_not_found"]);
    expect(await told("warm", { license_ids: [mine["id"], id] })).toEqual([404, "license_not_found"]);
  }
  for (const path of ["invalidate", "warm"])
    for (const id of ["prod_00x", stranger.product["id"]])
      expect(await told(path, { product_id: id })).toEqual([404, "product_not_found"]);
  const { body } = await post(s, "warm", { tenant_id: s.tenant.id, license_ids: [mine["id"], "lic_00x"] });
  expect(body).toMatchObject({ unknown: ["lic_00x"] });
  const stats = await send("GET", "/v1/cache/stats?tenant_id=ten_00nobody", undefined, { key: s.operator });
  expect(stats).toMatchObject({ status: 404, body: { code: "tenant_not_found" } });
});

test("a feed that is away stops both, and says when to come again", async () => {
  const s = await shop();
  await s.license();
  const dead = {
    ...env,
    FEED: { idFromName: () => null, get: () => ({ drop: away, since: away, ping: away, tell: away }) } as never,
  };
  const away = () => Promise.reject(new Error("The feed is away"));
  for (const [path, body] of [
    ["warm", {}],
    ["invalidate", { all: true }],
  ] as const) {
    const context = createExecutionContext();
    const request = new Request(`https://latchkey.test/v1/cache/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${s.operator}`, "content-type": "application/json" },
      body: JSON.stringify({ tenant_id: s.tenant.id, ...body }),
    });
    const answer = await worker.fetch(request as never, dead, context);
    await waitOnExecutionContext(context);
    expect([answer.status, answer.headers.get("retry-after")], path).toEqual([503, "1"]);
  }
});

test("isolates tell what their memory holds, and where validations were read", async () => {
  const s = await shop();
  const license = await s.license();
  forget();
  const ask = { license_key: license["license_key"] };
  for (const _ of upTo(4)) await validated(s, ask);
  await flushNow(env);
  const see = async (what: string) =>
    (await send("GET", `/v1/cache/${what}?tenant_id=${s.tenant.id}`, undefined, { key: s.operator })).body;
  const patterns = (await see("patterns"))["data"];
  expect(patterns.map(({ pattern, entries }: { pattern: string; entries: number }) => [pattern, entries]).sort()).toEqual([
    [`api_key/${s.tenant.id}/*`, 1],
    [`license/${s.tenant.id}/*`, 1],
  ]);
  expect((await see("stats"))["tenant"]).toMatchObject({ memory: { hits: 3, misses: 1, hit_rate: 0.75 }, d1: { reads: 1 } });
});
