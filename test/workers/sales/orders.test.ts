import { expect, test } from "vitest";
import { upTo, world } from "../world.ts";
import { shop } from "./shop.ts";

const PLAIN = { stripe: null } as const;

test("an order keeps the prices of its moment: lines, discount and the revision that they come from", async () => {
  const s = await shop(PLAIN);
  const feature = await s.post("/v1/features", { name: "Export", code: "export" });
  const made = await s.order({
    items: [
      { template_id: s.templateId, quantity: 3 },
      { template_id: s.templateId, quantity: 1, unit_amount: 1000, duration: "P2Y", entitlements: [{ feature: "export" }] },
    ],
    discount: { percent: 10, reason: "Spring sale" },
    instructions: "By courier",
    metadata: { campaign: "spring" },
  });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    object: "order",
    number: "ORD-000001",
    status: "pending",
    payment_status: "pending",
    currency: "EUR",
    subtotal: 15_700,
    discount: { percent: "10", reason: "Spring sale" },
    discount_total: 1570,
    tax_total: 0,
    total: 14_130,
    amount_paid: 0,
    payment: { provider: "manual", provider_ref: null, client_secret: null },
    fulfillment_method: "auto",
    instructions: "By courier",
    license_ids: [],
    metadata: { campaign: "spring" },
  });
  const [first, second] = made.body["lines"];
  expect(first).toMatchObject({
    template_rev: 1,
    name: "Studio, one year",
    quantity: 3,
    unit_amount: 4900,
    amount: 14_700,
    discount: 1470,
    total: 13_230,
    overrides: {},
  });
  expect(second).toMatchObject({ quantity: 1, unit_amount: 1000, discount: 100, total: 900 });
  expect(second.overrides).toMatchObject({
    duration: "P2Y",
    entitlements: [{ feature: "export", feature_id: feature.body["id"] }],
  });

  await s.patch(`/v1/templates/${s.templateId}`, { pricing: { currency: "EUR", unit_amount: 9900 } });
  expect(await s.read(made.body["id"])).toEqual(made.body);
  expect((await s.order()).body).toMatchObject({ number: "ORD-000002", total: 9900, lines: [{ template_rev: 2 }] });
});

test("without a price of the template the line names one, in the currency given or else the tenant's", async () => {
  const s = await shop({ stripe: null, pricing: null });
  const line = { template_id: s.templateId, quantity: 1 };
  expect(await s.order()).toMatchObject({
    status: 400,
    body: { code: "invalid_request", errors: [{ pointer: "/items/0/unit_amount", code: "price_missing" }] },
  });
  expect((await s.order({ items: [{ ...line, unit_amount: 500 }] })).body).toMatchObject({ currency: "EUR", total: 500 });
  expect((await s.order({ items: [{ ...line, unit_amount: 500 }], currency: "JPY" })).body).toMatchObject({
    currency: "JPY",
    total: 500,
  });
});

test.each([
  ["a template priced in another currency", { currency: "USD" }, "/items/0/template_id", "currency_mismatch"],
  ["a discount larger than the order", { discount: { amount: 4901 } }, "/discount/amount", "discount_too_large"],
  ["more than a hundred percent", { discount: { percent: 101 } }, "/discount/percent", "invalid_percent"],
])("%s is refused, and nothing is written", async (_, more, pointer, code) => {
  const s = await shop(PLAIN);
  expect(await s.order(more)).toMatchObject({ status: 400, body: { code: "invalid_request", errors: [{ pointer, code }] } });
  expect((await s.get("/v1/orders")).body["data"]).toEqual([]);
  expect(await s.told("order.created")).toEqual([]);
});

test.each([
  ["no line", { items: [] }],
  ["an unknown currency", { currency: "XXX" }],
  ["an unknown provider", { provider: "barter" }],
  ["a discount that is both", { discount: { percent: 1, amount: 1 } }],
  ["a percentage of five decimals", { discount: { percent: "0.00001" } }],
  ["an unknown field", { total: 1 }],
])("a body with %s is refused", async (_, more) => {
  const s = await shop(PLAIN);
  expect(await s.order(more)).toMatchObject({ status: 400, body: { code: "invalid_request" } });
});

test("an order is for at most a thousand licenses in a hundred lines", async () => {
  const s = await shop(PLAIN);
  const line = (quantity: number) => ({ template_id: s.templateId, quantity });
  expect((await s.order({ items: [line(1000)] })).status).toBe(201);
  expect((await s.order({ items: upTo(100).map(() => line(10)) })).status).toBe(201);
  expect((await s.order({ items: [line(1001)] })).status).toBe(400);
  expect((await s.order({ items: [line(1000), line(1)] })).status).toBe(400);
  expect((await s.order({ items: upTo(101).map(() => line(1)) })).status).toBe(400);
  expect((await s.order({ items: [line(0)] })).status).toBe(400);
});

test("lines that are too long to be kept are refused", async () => {
  const s = await shop(PLAIN);
  const restrictions = upTo(100).map((n) => ({
    type: "domain",
    operator: "allow",
    values: [`${n}.${"long.".repeat(40)}example`],
  }));
  const items = upTo(30).map(() => ({ template_id: s.templateId, unit_amount: 100, restrictions }));
  expect((await s.order({ items })).body).toMatchObject({ status: 400, errors: [{ pointer: "/items", code: "too_large" }] });
  expect((await s.order({ items: items.slice(0, 3) })).status).toBe(201);
});

test("terms that contradict themselves are refused in the line that has them", async () => {
  const s = await shop(PLAIN);
  const perpetual = await s.post("/v1/templates", {
    name: "For ever",
    product_id: s.productId,
    type: "perpetual",
    model: "per_device",
  });
  const items = [{ template_id: s.templateId }, { template_id: perpetual.body["id"], unit_amount: 1, duration: "P1Y" }];
  expect(await s.order({ items })).toMatchObject({ status: 400, body: { errors: [{ pointer: "/items/1/duration" }] } });
});

test("what an order names must be there, be this tenant's and be on sale", async () => {
  const [s, other] = [await shop(PLAIN), await shop(PLAIN)];
  const line = { template_id: s.templateId };
  const refusals = [
    [{ customer_id: "cus_unknown" }, 404, "customer_not_found"],
    [{ customer_id: other.customerId }, 404, "customer_not_found"],
    [{ items: [line, { template_id: "tpl_unknown" }] }, 404, "template_not_found"],
    [{ items: [line, { template_id: other.templateId }] }, 404, "template_not_found"],
    [{ items: [{ ...line, entitlements: [{ feature: "unknown" }] }] }, 404, "feature_not_found"],
    [{ reseller_id: other.customerId }, 404, "customer_not_found"],
    [{ reseller_id: s.customerId }, 400, "invalid_request"],
  ] as const;
  for (const [more, status, code] of refusals) expect(await s.order(more)).toMatchObject({ status, body: { code } });

  const texts = await Promise.all([s.order({ customer_id: "cus_unknown" }), s.order({ customer_id: other.customerId })]);
  expect(new Set(texts.map(({ text }) => text.replace(/req_[\w-]+/, ""))).size).toBe(1);

  const reseller = await s.post("/v1/customers", { name: "Dealer", email: "d@dealer.example", kind: "organization" });
  expect((await s.order({ reseller_id: reseller.body["id"] })).body["reseller_id"]).toBe(reseller.body["id"]);

  await s.post(`/v1/templates/${s.templateId}/archive`);
  expect(await s.order()).toMatchObject({ status: 409, body: { code: "template_archived" } });
  await other.post(`/v1/products/${other.productId}/archive`);
  expect(await other.order()).toMatchObject({ status: 409, body: { code: "product_archived" } });
});

test("an order that costs nothing needs no payment and is approved at once, unless it is fulfilled by hand", async () => {
  const s = await shop();
  const free = await s.order({ discount: { percent: 100 } });
  expect(free.body).toMatchObject({
    status: "approved",
    payment_status: "not_required",
    total: 0,
    payment: { provider: "stripe", client_secret: null },
  });
  expect(await s.stripe.intents()).toEqual([]);
  for (const type of ["order.created", "order.approved", "order.fulfillment_requested"])
    expect(await s.told(type, free.body["id"])).toHaveLength(1);
  expect((await s.told("order.created"))[0]?.data.object).toMatchObject({ status: "pending" });

  const byHand = await s.order({ discount: { amount: 4900 }, fulfillment_method: "manual" });
  expect(byHand.body).toMatchObject({ status: "pending", payment_status: "not_required" });
  expect((await s.post(`/v1/orders/${byHand.body["id"]}/approve`)).body).toMatchObject({
    status: "approved",
    fulfillment_requested_at: null,
  });
});

test("forty orders placed at once get the numbers one to forty", async () => {
  const s = await shop(PLAIN);
  const made = await Promise.all(upTo(40).map(() => s.order()));
  expect(made.map(({ status }) => status)).toEqual(upTo(40).map(() => 201));
  const numbers = made.map(({ body }) => body["number"] as string).toSorted();
  expect(numbers).toEqual(upTo(40).map((n) => `ORD-${String(n).padStart(6, "0")}`));
  expect(await s.told("order.created")).toHaveLength(40);
});

test("equal requests under one Idempotency-Key are one order and answers of the same bytes", async () => {
  const s = await shop(PLAIN);
  const made = await Promise.all(upTo(20).map(() => s.order({}, { idempotencyKey: "once" })));
  expect(new Set(made.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(made[0]?.status).toBe(201);
  expect((await s.get("/v1/orders")).body["data"]).toHaveLength(1);
  expect(await s.told("order.created")).toHaveLength(1);
});

test("the external_id is taken once, and finds the order", async () => {
  const s = await shop(PLAIN);
  const made = await s.order({ external_id: "crm-1" });
  expect(await s.order({ external_id: "crm-1" })).toMatchObject({ status: 409, body: { code: "external_id_taken" } });
  await s.order();
  expect((await s.get("/v1/orders?external_id=crm-1")).body["data"]).toEqual([made.body]);
});

test("orders are listed by status, payment, and customer, newest first and without another tenant's", async () => {
  const [s, other] = [await shop(PLAIN), await shop(PLAIN)];
  const ada = await s.order();
  const bob = await s.post("/v1/customers", { name: "Bob", email: "bob@customer.example", kind: "person" });
  const bobs = await s.order({ customer_id: bob.body["id"] });
  await s.post(`/v1/orders/${bobs.body["id"]}/cancel`);
  const free = await s.order({ discount: { percent: 100 } });
  await other.order();

  const ids = async (query: string) => (await s.get(`/v1/orders${query}`)).body["data"].map(({ id }: { id: string }) => id);
  const [a, b, f] = [ada, bobs, free].map(({ body }) => body["id"] as string);
  expect(await ids("")).toEqual([f, b, a]);
  expect(await ids("?status=canceled")).toEqual([b]);
  expect(await ids("?payment_status=not_required")).toEqual([f]);
  expect(await ids(`?customer_id=${bob.body["id"]}`)).toEqual([b]);
  const first = await s.get("/v1/orders?limit=2");
  expect(await ids(`?limit=2&cursor=${first.body["next_cursor"]}`)).toEqual([a]);
  expect((await s.get("/v1/orders?sort=up")).status).toBe(400);
  expect(await other.get(`/v1/orders/${a}`)).toMatchObject({ status: 404, body: { code: "order_not_found" } });
});

test("whoever approves first approves, and the licenses are asked for once", async () => {
  const s = await shop(PLAIN);
  const { id } = (await s.order()).body as { id: string };
  const answers = await Promise.all(upTo(10).map(() => s.post(`/v1/orders/${id}/approve`)));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]).toMatchObject({ status: 200, body: { status: "approved", payment_status: "pending" } });
  expect(answers[0]?.body["fulfillment_requested_at"]).not.toBeNull();
  expect(await s.told("order.approved", id)).toHaveLength(1);
  expect(await s.told("order.fulfillment_requested", id)).toHaveLength(1);
  expect((await s.told("order.approved", id))[0]?.data.previous).toEqual({
    status: "pending",
    approved_at: null,
    fulfillment_requested_at: null,
    workflow_id: null,
  });
});

test("an order with manual fulfillment is fulfilled when somebody says so, once it is approved", async () => {
  const s = await shop(PLAIN);
  const { id } = (await s.order({ fulfillment_method: "manual" })).body as { id: string };
  expect(await s.post(`/v1/orders/${id}/fulfill`)).toMatchObject({ status: 409, body: { code: "order_not_approved" } });
  await s.post(`/v1/orders/${id}/approve`);
  expect(await s.told("order.fulfillment_requested", id)).toEqual([]);

  const answers = await Promise.all(upTo(10).map(() => s.post(`/v1/orders/${id}/fulfill`)));
  expect(answers.map(({ status }) => status)).toEqual(upTo(10).map(() => 202));
  expect(await s.told("order.fulfillment_requested", id)).toHaveLength(1);
});

test("an order is canceled as long as nothing came of it", async () => {
  const s = await shop(PLAIN);
  const [a, b] = [await s.order(), await s.order()].map(({ body }) => body["id"] as string);
  const canceled = await s.post(`/v1/orders/${a}/cancel`);
  expect(canceled).toMatchObject({ status: 200, body: { status: "canceled" } });
  expect((await s.post(`/v1/orders/${a}/cancel`)).body).toEqual(canceled.body);
  expect(await s.told("order.canceled", a)).toHaveLength(1);
  expect(await s.post(`/v1/orders/${a}/approve`)).toMatchObject({ status: 409, body: { code: "order_canceled" } });
  expect(await s.post(`/v1/orders/${a}/fulfill`)).toMatchObject({ status: 409, body: { code: "order_canceled" } });

  await s.post(`/v1/orders/${b}/approve`);
  expect(await s.post(`/v1/orders/${b}/cancel`)).toMatchObject({ status: 409, body: { code: "order_approved" } });
});

test("of an approval and a cancellation at the same time one wins", async () => {
  const s = await shop(PLAIN);
  const ids = (await Promise.all(upTo(8).map(() => s.order()))).map(({ body }) => body["id"] as string);
  for (const id of ids) {
    const [approved, canceled] = await Promise.all([s.post(`/v1/orders/${id}/approve`), s.post(`/v1/orders/${id}/cancel`)]);
    expect(new Set([approved.status, canceled.status])).toEqual(new Set([200, 409]));
  }
});

test("orders of others, and orders that are none, are not found", async () => {
  const [s, other] = [await shop(PLAIN), await world()];
  const { id } = (await s.order()).body as { id: string };
  for (const path of [
    `${id}/approve`,
    `${id}/fulfill`,
    `${id}/cancel`,
    "ord_unknown/approve",
    "ord_unknown/fulfill",
    "ord_unknown/cancel",
  ]) {
    expect(await other.post(`/v1/orders/${path}`)).toMatchObject({ status: 404, body: { code: "order_not_found" } });
  }
  expect(await s.read(id)).toMatchObject({ status: "pending" });
});

test("a provider that is not set up takes no order; without one it is manual", async () => {
  const s = await shop(PLAIN);
  for (const provider of ["stripe", "paypal"]) {
    expect(await s.order({ provider })).toMatchObject({ status: 409, body: { code: "payment_provider_missing" } });
  }
  expect((await s.order()).body["payment"]).toEqual({ provider: "manual", provider_ref: null, client_secret: null });
});
