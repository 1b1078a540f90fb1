import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { shop } from "../licensing/shop.ts";
import { licensed } from "./licensed.ts";
import { withMeter } from "./broken-meter.ts";

const check = (l: Awaited<ReturnType<typeof licensed>>, features: string[]) =>
  l.program("/v1/entitlements/check", { license_key: l.key, features });

test("a check says of each feature whether it may be used, and what is left", async () => {
  const w = await shop();
  for (const code of ["free", "off", "none", "gone"]) await w.made("/v1/features", { name: code, code });
  const { license_key: key, id } = await w.license({
    entitlements: [
      { feature: "export", limit_value: 10, reset: "month" },
      { feature: "free" },
      { feature: "off", enabled: false },
      { feature: "none", limit_value: 0 },
      { feature: "gone", expires_at: "2020-01-01T00:00:00Z" },
    ],
  });
  await w.post("/v1/entitlements/consume", { license_key: key, items: [{ feature: "export", units: 4 }] });
  const features = [w.feature["id"], "free", "off", "none", "gone", "never heard of"];
  const { status, body } = await w.program("/v1/entitlements/check", { license_key: key, features });
  expect({ status, valid: body["valid"], code: body["code"], stale: body["stale"] }).toEqual({
    status: 200,
    valid: true,
    code: "VALID",
    stale: false,
  });
  expect(body["license"]).toMatchObject({ id, status: "active" });
  expect(body["entitlements"]).toMatchObject([
    { feature: "export", feature_id: w.feature["id"], allowed: true, code: null, used: 4, remaining: 6, limit_value: 10 },
    { feature: "free", allowed: true, code: null, used: null, remaining: null, limit_value: null },
    { feature: "off", allowed: false, code: "ENTITLEMENTS_MISSING", enabled: false },
    { feature: "none", allowed: false, code: "ENTITLEMENTS_MISSING" },
    { feature: "gone", allowed: false, code: "ENTITLEMENT_EXPIRED" },
    { feature: "never heard of", feature_id: null, allowed: false, code: "ENTITLEMENTS_MISSING", limit_type: null },
  ]);
});

test("what is used up, or held back, is not allowed, and a validation that asks for it denies", async () => {
  const l = await licensed();
  const validated = async () => (await l.validate(l.key, { features: ["export"] })).body;
  await l.consume(9);
  expect(await validated()).toMatchObject({ valid: true });
  await l.post("/v1/entitlements/reserve", { license_key: l.key, items: [{ feature: "export", units: 1 }] });
  expect((await check(l, ["export"])).body).toMatchObject({
    valid: true,
    entitlements: [{ allowed: false, code: "QUOTA_EXCEEDED", used: 9, remaining: 0 }],
  });
  expect(await validated()).toMatchObject({
    valid: false,
    code: "QUOTA_EXCEEDED",
    reasons: [{ code: "QUOTA_EXCEEDED", pointer: "/features/0" }],
  });
  // a dry run looks at another instant's period, and asks the router's way
  const dry = await l.post("/v1/licenses/validate?dry_run=true", { license_key: l.key, features: ["export"] });
  expect(dry.body["code"]).toBe("QUOTA_EXCEEDED");
  expect((await l.validate(l.key)).body["valid"]).toBe(true);
});

test("the license is judged without a device: by its state and its end alone", async () => {
  const l = await licensed({}, undefined, { requires: ["fingerprint"] });
  expect((await check(l, ["export"])).body).toMatchObject({ valid: true, entitlements: [{ allowed: true }] });
  await l.post(`/v1/licenses/${l.licensed["id"]}/suspend`, { reason: "unpaid" });
  expect((await check(l, ["export"])).body).toMatchObject({
    valid: false,
    code: "SUSPENDED",
    license: { status: "suspended" },
    entitlements: [{ allowed: false, code: null, enabled: true, remaining: 10 }],
  });
});

test("an unknown key has nothing, and no license to show", async () => {
  const w = await shop();
  const { status, body } = await w.program("/v1/entitlements/check", { license_key: "no such key", features: ["export"] });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: { valid: false, code: "NOT_FOUND", license: null, entitlements: [{ feature: "export", allowed: false }] },
  });
});

test("while the meter is away checks and validations go on without it, and nothing is used", async () => {
  const l = await licensed({ limit_value: 2 });
  await l.consume(2);
  await withMeter(l.meter, "fails", async () => {
    expect((await check(l, ["export"])).body).toMatchObject({
      stale: true,
      entitlements: [{ allowed: true, used: null, remaining: null, limit_value: 2 }],
    });
    expect((await l.validate(l.key, { features: ["export"] })).body["valid"]).toBe(true);
    const refused = await l.consume(1, { idempotencyKey: "again" });
    expect(refused).toMatchObject({ status: 503, body: { code: "temporarily_unavailable" } });
    expect(refused.headers.get("retry-after")).toBe("1");
  });
  expect((await l.consume(1, { idempotencyKey: "again" })).status).toBe(429);
  expect(await l.meter.audit()).toMatchObject([{ used: 2, summed: 2 }]);
});

test("whoever got no answer asks again under the same key, and is counted once", async () => {
  const l = await licensed();
  await withMeter(l.meter, "answers late", async () => {
    expect((await l.consume(3, { idempotencyKey: "late" })).status).toBe(503);
  });
  const again = await l.consume(3, { idempotencyKey: "late" });
  expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([200, "true"]);
  expect(await l.meter.audit()).toMatchObject([{ used: 3, summed: 3 }]);
});

test("rollover is shown where a right is given, and to nobody who validates", async () => {
  const l = await licensed({ reset: "month", rollover: true });
  expect(l.licensed["entitlements"]).toMatchObject([{ rollover: true }]);
  const [right] = (await l.validate(l.key)).body["license"].entitlements;
  expect(Object.keys(right)).not.toContain("rollover");
  await env.DB_00.prepare("update licenses set starts_at = ? where id = ?")
    .bind(Date.now() - 100 * 86_400_000, l.licensed["id"])
    .run();
  expect((await l.consume(15)).body["items"]).toMatchObject([{ used: 15, limit_value: 10, carried: 10, remaining: 5 }]);
});
