import { expect, test } from "vitest";
import { plansOf } from "../plans.ts";
import { send, world, type World } from "../world.ts";

async function planOf(w: World): Promise<string> {
  const made = await w.post("/v1/plans", { name: "Team" });
  expect(made.status, made.text).toBe(201);
  return made.body["id"];
}

const monthly = { currency: "EUR", interval: "month", unit_amount: 1900 };

test("changed terms are a new revision, other changes are not, and the old terms stay readable", async () => {
  const w = await world();
  const { body: price } = await w.post("/v1/prices", { plan_id: await planOf(w), ...monthly });
  expect(price).toMatchObject({ rev: 1, unit_amount: 1900, unit_amount_decimal: "1900", tax_behavior: "exclusive" });

  expect((await w.patch(`/v1/prices/${price["id"]}`, { nickname: "Seats", unit_amount: 1900 })).body).toMatchObject({ rev: 1 });
  const finer = await w.patch(`/v1/prices/${price["id"]}`, { unit_amount_decimal: "1900.50" });
  expect(finer.body).toMatchObject({ rev: 2, unit_amount: null, unit_amount_decimal: "1900.5", nickname: "Seats" });

  const { body: page } = await w.get(`/v1/prices/${price["id"]}/revisions`);
  expect(page["data"].map((each: Record<string, unknown>) => [each["rev"], each["unit_amount_decimal"]])).toEqual([
    [2, "1900.5"],
    [1, "1900"],
  ]);
});

test("a price never changes its currency or its interval", async () => {
  const w = await world();
  const { body: price } = await w.post("/v1/prices", { plan_id: await planOf(w), ...monthly });
  for (const change of [{ currency: "USD" }, { interval: "year" }, { tax_behavior: "inclusive" }]) {
    expect((await w.patch(`/v1/prices/${price["id"]}`, change)).status).toBe(400);
  }
});

test("a preview says the amount and the tiers that make it, rounded once", async () => {
  const w = await world();
  const tiers = [
    { up_to: 10, unit_amount: 500, flat_amount: 1000 },
    { up_to: null, unit_amount_decimal: "0.125" },
  ];
  const graduated = { currency: "EUR", interval: "month", scheme: "graduated", tiers };
  const { body: price } = await w.post("/v1/prices", { plan_id: await planOf(w), ...graduated });
  const { body } = await w.post(`/v1/prices/${price["id"]}/preview`, { quantity: 14 });
  expect(body).toMatchObject({
    amount: 6001,
    derivation: {
      tiers: [
        { quantity: 10, amount_decimal: "6000" },
        { quantity: 4, amount_decimal: "0.5" },
      ],
    },
  });
  const flat = await w.patch(`/v1/prices/${price["id"]}`, { scheme: "flat", unit_amount: 9900 });
  expect(flat.body).toMatchObject({ rev: 2, scheme: "flat", tiers: [] });
  const most = await w.post("/v1/prices", { plan_id: price["plan_id"], ...monthly, unit_amount: Number.MAX_SAFE_INTEGER });
  expect((await w.post(`/v1/prices/${most.body["id"]}/preview`, { quantity: 2 })).body).toMatchObject({
    code: "invalid_request",
    errors: [{ pointer: "/quantity" }],
  });
});

test.each([
  ["both amounts", { unit_amount_decimal: "1900" }, "/unit_amount_decimal"],
  ["tiers of a flat price", { scheme: "flat", tiers: [{ up_to: null, unit_amount: 1 }] }, "/tiers"],
  ["a package without a size", { scheme: "package" }, "/package_size"],
  ["a trial of what is charged once", { interval: "one_time", trial: "P7D" }, "/trial"],
])("terms that are no price are refused by their field: %s", async (_, change, pointer) => {
  const w = await world();
  const refused = await w.post("/v1/prices", { plan_id: await planOf(w), ...monthly, ...change });
  expect(refused.status).toBe(400);
  expect(refused.body).toMatchObject({ code: "invalid_request", errors: [{ pointer }] });
});

test("an archived plan takes no new prices", async () => {
  const w = await world();
  const plan_id = await planOf(w);
  await w.post(`/v1/plans/${plan_id}/archive`);
  expect((await w.post("/v1/prices", { plan_id, ...monthly })).body).toMatchObject({ code: "plan_archived" });
  expect((await w.get("/v1/prices")).body["data"]).toEqual([]);
});

test("anybody sees the public plans in their order with their prices, and nothing that was put away or kept back", async () => {
  const w = await world();
  const { body: second } = await w.post("/v1/plans", { name: "Second", position: 2, metadata: { secret: "s" } });
  const { body: first } = await w.post("/v1/plans", { name: "First", position: 1 });
  const { body: hidden } = await w.post("/v1/plans", { name: "Hidden", is_public: false });
  const { body: gone } = await w.post("/v1/plans", { name: "Gone" });
  for (const { id } of [first, second, hidden, gone]) await w.post("/v1/prices", { plan_id: id, ...monthly });
  const { body: old } = await w.post("/v1/prices", { plan_id: first["id"], ...monthly, currency: "USD" });
  await w.post(`/v1/prices/${old["id"]}/archive`);
  await w.post(`/v1/plans/${gone["id"]}/archive`);

  const path = `/v1/pricing/${w.tenant.id}`;
  const page = await send("GET", path);
  expect(page.status, page.text).toBe(200);
  expect(page.body["plans"].map((plan: { name: string; prices: unknown[] }) => [plan.name, plan.prices.length])).toEqual([
    ["First", 1],
    ["Second", 1],
  ]);
  expect(page.text).not.toContain("secret");
  expect(page.headers.get("access-control-allow-origin")).toBe("*");
  const etag = page.headers.get("etag") ?? "";
  expect((await send("GET", path, undefined, { headers: { "if-none-match": etag } })).status).toBe(304);
  await w.patch(`/v1/plans/${first["id"]}`, { name: "Begin" });
  expect((await send("GET", path, undefined, { headers: { "if-none-match": etag } })).status).toBe(200);
});

test("a coupon takes off a percentage or an amount, which never changes; its code is one, however it is spelled", async () => {
  const w = await world();
  const both = await w.post("/v1/coupons", { name: "C", percent: "20", amount: 5, currency: "EUR" });
  expect(both.body).toMatchObject({ code: "invalid_request", errors: [{ pointer: "/percent" }] });
  const { body: coupon } = await w.post("/v1/coupons", { name: "C", code: "spring20", percent: "20" });
  expect(coupon).toMatchObject({ code: "SPRING20", redemptions: 0, duration: "once" });
  expect((await w.post("/v1/coupons", { name: "D", code: "Spring20", percent: "5" })).body).toMatchObject({
    code: "coupon_code_taken",
  });
  expect((await w.get("/v1/coupons?code=spring20")).body["data"]).toHaveLength(1);
  expect((await w.patch(`/v1/coupons/${coupon["id"]}`, { percent: "50" })).status).toBe(400);
  const fewer = await w.patch(`/v1/coupons/${coupon["id"]}`, { max_redemptions: 5 });
  expect(fewer.body).toMatchObject({ max_redemptions: 5, percent: "20" });
  expect((await w.post(`/v1/coupons/${coupon["id"]}/archive`)).body["archived_at"]).not.toBeNull();
  expect((await w.post("/v1/coupons", { name: "E", amount: 5, currency: "EUR", price_ids: ["prc_x"] })).body).toMatchObject({
    code: "price_not_found",
  });
});

test("plans and prices are found by indexes, and no list is sorted", async () => {
  const w = await world();
  const plan = await planOf(w);
  const { body: price } = await w.post("/v1/prices", { plan_id: plan, ...monthly });
  const seen = await plansOf(/"?(plans|prices|price_revisions|coupons)"?/, async () => {
    const paths = [
      "/plans",
      "/plans?product_id=x",
      "/plans?code=x",
      "/plans?external_id=x",
      "/coupons",
      "/coupons?code=XXX",
      `/pricing/${w.tenant.id}`,
      `/plans/${plan}`,
      "/prices",
    ];
    const more = [
      `/prices?plan_id=${plan}`,
      "/prices?external_id=x",
      `/prices/${price["id"]}`,
      `/prices/${price["id"]}/revisions`,
    ];
    const couponed = await w.post("/v1/coupons", { name: "C", percent: "5", price_ids: [price["id"]] });
    expect(couponed.status, couponed.text).toBe(201);
    for (const path of [...paths, ...more]) expect((await w.get(`/v1${path}`)).status).toBe(200);
    await w.patch(`/v1/prices/${price["id"]}`, { unit_amount: 1 });
    await w.patch(`/v1/plans/${plan}`, { name: "Teams" });
  });
  expect(seen.length).toBeGreaterThan(8);
  for (const { sql, plan: steps } of seen)
    expect(
      steps.filter((step) => /^SCAN (?!json_each)|TEMP B-TREE/.test(step)),
      sql,
    ).toEqual([]);
});
