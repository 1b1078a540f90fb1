import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { shop } from "../licensing/shop.ts";
import { upTo } from "../world.ts";
import { licensed } from "./licensed.ts";

test("what is consumed is counted, up to the limit and to none beyond", async () => {
  const l = await licensed();
  const first = await l.consume(7);
  expect(first.status).toBe(200);
  expect(first.body).toMatchObject({
    object: "consumption",
    license_id: l.licensed["id"],
    items: [{ feature: "export", units: 7, used: 7, limit_value: 10, remaining: 3, resets_at: null }],
  });
  const over = await l.consume(4);
  expect(over).toMatchObject({
    status: 429,
    body: { code: "quota_exceeded", items: [{ feature: "export", units: 4, used: 7, limit_value: 10, remaining: 3 }] },
  });
  expect(over.headers.has("retry-after")).toBe(false);
  expect(over.body).toMatchObject({
    detail: "Of export 3 units are left, and 4 were asked for; nothing was used.",
    fix: expect.stringContaining("never starts again, so waiting does not help"),
  });
  expect((await l.consume(2)).status).toBe(200);
  expect((await l.consume(11)).body).toMatchObject({
    detail: "Of export 1 unit is left, and 11 were asked for; nothing was used.",
    fix: expect.stringContaining("Ask for less at once"),
  });
  expect((await l.consume(1)).status).toBe(200);
  expect((await l.consume(1)).body).toMatchObject({
    detail: "Of export 0 units are left, and 1 was asked for; nothing was used.",
  });
});

test("of several items all are counted, or none", async () => {
  const w = await shop();
  await w.made("/v1/features", { name: "Render", code: "render" });
  const { license_key } = await w.license({
    entitlements: [
      { feature: "export", limit_value: 10 },
      { feature: "render", limit_value: 2, reset: "day" },
    ],
  });
  const items = (renders: number) => ({
    license_key,
    items: [
      { feature: "export", units: 4 },
      { feature: "render", units: renders },
    ],
  });
  const refused = await w.program("/v1/entitlements/consume", items(3));
  expect(refused).toMatchObject({ status: 429, body: { errors: [{ pointer: "/items/1/units" }] } });
  // more than a day has is there on no day: waiting does not help
  expect(refused.headers.has("retry-after")).toBe(false);
  const taken = await w.program("/v1/entitlements/consume", items(2));
  expect(taken.body["items"]).toMatchObject([{ used: 4 }, { used: 2 }]);
  const empty = await w.program("/v1/entitlements/consume", items(1));
  expect(Number(empty.headers.get("retry-after"))).toBeGreaterThan(0);
});

test.each([0, -1, 1.5, 2 ** 51, "1"])("units of %s are refused", async (units) => {
  const l = await licensed();
  expect((await l.consume(units as number)).status).toBe(400);
  expect((await l.meter.audit()).length).toBe(0);
});

test("a feature that is named twice is refused, by its id and by its code", async () => {
  const l = await licensed();
  const items = [
    { feature: "export", units: 1 },
    { feature: l.feature["id"], units: 1 },
  ];
  expect(await l.post("/v1/entitlements/consume", { license_key: l.key, items })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: "/items/1/feature", code: "duplicate_feature" }] },
  });
});

test("what the license has no right to is not counted", async () => {
  const w = await shop();
  for (const right of [{ enabled: false }, { limit_value: 0 }, { expires_at: "2020-01-01T00:00:00Z" }]) {
    const l = await licensed(right, w);
    expect(await l.consume(1)).toMatchObject({ status: 403, body: { code: "feature_not_licensed" } });
  }
  const l = await licensed({}, w);
  expect(await l.consume(1, {}, "nothing")).toMatchObject({ status: 403, body: { code: "feature_not_licensed" } });
});

test("a license that is not in force is used by nobody, and says why", async () => {
  const l = await licensed();
  await l.post(`/v1/licenses/${l.licensed["id"]}/suspend`, { reason: "unpaid" });
  expect(await l.consume(1)).toMatchObject({
    status: 403,
    body: { code: "license_not_usable", reasons: [{ code: "SUSPENDED" }] },
  });
});

test("a key that is unknown, of another tenant, or of a product that is none of the caller's, finds no license", async () => {
  const [mine, other] = [await licensed(), await licensed()];
  const product = await mine.made("/v1/products", { name: "Viewer", code: "viewer" });
  const bound = await mine.made("/v1/api_keys", { name: "Viewer", kind: "publishable", product_ids: [product["id"]] });
  const asked = { license_key: mine.key, items: [{ feature: "export", units: 1 }] };
  const answers = [
    await mine.post("/v1/entitlements/consume", { ...asked, license_key: "no such key" }),
    await other.post("/v1/entitlements/consume", asked),
    await mine.post("/v1/entitlements/consume", asked, { key: bound["secret"] }),
  ];
  expect(answers.map(({ status, body }) => [status, body["code"], body["detail"]])).toEqual(
    upTo(3).map(() => [404, "license_not_found", "This tenant has no license of this id or key."]),
  );
  expect(await mine.meter.audit()).toEqual([]);
});

test("the same key is counted once and answers the same bytes, whatever became of the license; other content is refused", async () => {
  const l = await licensed();
  const first = await l.consume(4, { idempotencyKey: "once" });
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  await l.consume(2);
  await l.post(`/v1/licenses/${l.licensed["id"]}/suspend`, { reason: "unpaid" });
  const again = await l.consume(4, { idempotencyKey: "once" });
  expect([again.status, again.text, again.headers.get("idempotency-replayed")]).toEqual([200, first.text, "true"]);
  expect(await l.consume(5, { idempotencyKey: "once" })).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
  // another API key's intents are its own
  expect(await l.consume(4, { idempotencyKey: "once", key: l.keys.publishable })).toMatchObject({ status: 403 });
  expect(await l.meter.audit()).toMatchObject([{ used: 6, summed: 6 }]);
});

test("a refusal is not kept: the same key succeeds once there is room", async () => {
  const l = await licensed({ limit_value: 3 });
  await l.consume(3);
  expect((await l.consume(1, { idempotencyKey: "later" })).status).toBe(429);
  await l.patch(`/v1/licenses/${l.licensed["id"]}`, { entitlements: [{ feature: "export", limit_value: 4 }] });
  expect((await l.consume(1, { idempotencyKey: "later" })).status).toBe(200);
});

test("many at once use up a budget to its last unit, and to none beyond", async () => {
  const l = await licensed({ limit_value: 40 });
  const answers = await Promise.all(upTo(70).map((n) => l.consume(1, { idempotencyKey: `race-${n}` })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(40);
  expect(answers.filter(({ body }) => body["code"] === "quota_exceeded")).toHaveLength(30);
  expect(await l.meter.audit()).toMatchObject([{ used: 40, summed: 40 }]);
});

test("without a limit everything is counted", async () => {
  const l = await licensed({ limit_value: null });
  expect((await l.consume(1_000_000)).body["items"]).toMatchObject([{ used: 1_000_000, limit_value: null, remaining: null }]);
});

test("a month starts again at its first day in the tenant's zone", async () => {
  const w = await shop();
  await env.DB_00.prepare("update tenants set time_zone = 'Pacific/Kiritimati' where id = ?").bind(w.tenant.id).run();
  const l = await licensed({ reset: "month", limit_value: 5 }, w);
  const { resets_at } = (await l.consume(5)).body["items"][0];
  const at = new Intl.DateTimeFormat("en", { timeZone: "Pacific/Kiritimati", day: "numeric", hour: "numeric", hour12: false });
  expect(at.format(new Date(resets_at))).toMatch(/^1, (24|00)$/);
  expect((await l.consume(1)).status).toBe(429);
  await l.later(new Date(resets_at).getTime() - Date.now() + 60_000);
  expect((await l.consume(1)).body["items"]).toMatchObject([{ used: 1, remaining: 4 }]);
});
