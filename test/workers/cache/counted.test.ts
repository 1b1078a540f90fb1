import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { readTallies } from "#kernel/read-tallies";
import worker from "../../../workers/main.ts";
import { BY_ROUTER, requestOf } from "../hot/isolates.ts";
import { device, shop, type Shop } from "../licensing/shop.ts";

const countersNow = async () => (await readTallies(env, new Date())).counters;

/** How often each label was counted while something ran. */
async function counted(name: string, run: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = (await countersNow())[name] ?? {};
  await run();
  const after = (await countersNow())[name] ?? {};
  const grown = Object.entries(after).map(([label, n]) => [label, n - (before[label] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, n]) => n > 0));
}

async function asked(s: Shop, path: string, body: object, bindings: object = env): Promise<number> {
  const context = createExecutionContext();
  const request = requestOf(s.keys.publishable, path, body);
  const answer = await worker.fetch(request as never, bindings as typeof env, context);
  await answer.text();
  await waitOnExecutionContext(context);
  return answer.status;
}

test("each decision counts once: read, handed out again, refused, with what only the router takes, and of a heartbeat", async () => {
  const s = await shop();
  const license = await s.license();
  const key = { license_key: license["license_key"] };
  const validated = (body: object) => () => asked(s, "/v1/licenses/validate", body);
  expect(await counted("validations", validated(key))).toEqual({ VALID: 1 });
  expect(await counted("validations", validated(key))).toEqual({ VALID: 1 });
  expect(await counted("validations", validated({ ...key, nonce: "0123456789abcdef" }))).toEqual({ VALID: 1 });
  expect(await counted("validations", validated({ ...key, fingerprint: device("nobody") }))).toEqual({ NO_MACHINE: 1 });
  expect(await counted("validations", validated({ license_key: "nobody-has-this-key" }))).toEqual({ NOT_FOUND: 1 });
  const byRouter = { headers: BY_ROUTER };
  expect(await counted("validations", () => s.post("/v1/licenses/validate", key, byRouter))).toEqual({ VALID: 1 });
  const { activation_token: token } = (await s.activate(key.license_key, "one")).body;
  expect(await counted("validations", () => s.beat(token))).toEqual({ VALID: 1 });
  const begun = await s.license({}, { expiry_basis: "first_validation", duration: "P1Y" });
  expect(await counted("validations", validated({ license_key: begun["license_key"] }))).toEqual({ VALID: 1 });
});

test("a request that the door leaves to the router counts once", async () => {
  const s = await shop();
  const begun = async () => (await s.license({}, { expiry_basis: "first_validation", duration: "P1Y" }))["license_key"];
  const key = await begun();
  const requests = await counted("requests", () => asked(s, "/v1/licenses/validate", { license_key: key }));
  expect(requests["licenses.validate/2xx"]).toBe(1);
});

test("what is taken from quotas counts by how it ended, and once under an Idempotency-Key", async () => {
  const s = await shop();
  const license = await s.license({ entitlements: [{ feature: "export", limit_value: 3 }] });
  const body = (units: number) => ({ license_key: license["license_key"], items: [{ feature: "export", units }] });
  const consume = (units: number, options = {}) => s.post("/v1/entitlements/consume", body(units), options);
  const twice = async () => {
    await consume(2, { idempotencyKey: "once" });
    await consume(2, { idempotencyKey: "once" });
  };
  expect(await counted("quota_calls", twice)).toEqual({ consumed: 1 });
  expect(await counted("quota_calls", () => consume(2))).toEqual({ exceeded: 1 });
  const held = { ...body(1), ttl_s: 60 };
  expect(await counted("quota_calls", () => s.post("/v1/entitlements/reserve", held))).toEqual({ consumed: 1 });

  const away = () => Promise.reject(new Error("The meter is away"));
  const broken = { ...env, METER: { idFromName: () => null, get: () => ({ consume: away, answered: away, usage: away }) } };
  const fails = async () => expect(await asked(s, "/v1/entitlements/consume", body(1), broken)).toBe(503);
  expect(await counted("quota_calls", fails)).toEqual({ unavailable: 1 });
});

test("calls of the hot path count by what is called, and a warm validation waits for none", async () => {
  const s = await shop();
  const license = await s.license();
  const validate = () => asked(s, "/v1/licenses/validate", { license_key: license["license_key"] });
  expect(await counted("hot_calls", validate)).toMatchObject({ "d1/awaited": expect.any(Number) });
  const calls = await counted("hot_calls", validate);
  expect(Object.keys(calls).filter((label) => label.endsWith("/awaited"))).toEqual([]);
  expect(await counted("requests", validate)).toMatchObject({ "licenses.validate/2xx": 1 });
});
