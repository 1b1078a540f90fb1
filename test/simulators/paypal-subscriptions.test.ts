import { expect, test } from "vitest";
import { issueOf, paid, paypalWorld, type Shown } from "./paypal-world.ts";

const eur = (value: string) => ({ currency_code: "EUR", value });
const DAY_S = 86_400;
const daysAfter = (instant: string, days: number) =>
  `${new Date(Date.parse(instant) + days * DAY_S * 1000).toISOString().slice(0, 19)}Z`;

const regular = {
  frequency: { interval_unit: "MONTH" },
  tenure_type: "REGULAR",
  sequence: 2,
  total_cycles: 0,
  pricing_scheme: { fixed_price: eur("9.00") },
};
const trial = { frequency: { interval_unit: "DAY", interval_count: 14 }, tenure_type: "TRIAL", sequence: 1, total_cycles: 1 };

async function subscribed({ cycles = [regular] as object[], plan = {}, subscription = {}, wallet = "ok" } = {}) {
  const world = await paypalWorld();
  const shop = await world.account();
  const product = await shop.post("/v1/catalogs/products", { name: "Studio", type: "SERVICE" });
  const made = await shop.post("/v1/billing/plans", {
    product_id: product.body["id"],
    name: "Studio",
    billing_cycles: cycles,
    ...plan,
  });
  const { body } = await shop.post("/v1/billing/subscriptions", {
    plan_id: made.body["id"],
    custom_id: "sub_1",
    ...subscription,
  });
  await world.control({ mode: "approve", id: body["id"], wallet });
  const path = `/v1/billing/subscriptions/${body["id"]}`;
  const read = async () => (await shop.get(path)).body;
  const advance = (days: number) => world.control({ mode: "clock", client_id: "live_shop", advance_s: days * DAY_S });
  const told = async (type?: string) => {
    const events = (await shop.get("/v1/notifications/webhooks-events?page_size=300")).body["events"] as Shown[];
    return events.filter((event) => (type ?? event["event_type"]) === event["event_type"]).toReversed();
  };
  return { world, shop, plan: made.body, id: body["id"] as string, path, read, advance, told };
}

test("a subscription is billed at its start and at each period that the clock reaches, and tells of it as a sale", async () => {
  const { shop, id, read, advance, told, path } = await subscribed();
  expect(await read()).toMatchObject({
    status: "ACTIVE",
    billing_info: { last_payment: { amount: eur("9.00") }, failed_payments_count: 0 },
  });
  expect(await advance(93)).toMatchObject({ billed: 3 });
  const sales = await told("PAYMENT.SALE.COMPLETED");
  expect(sales).toHaveLength(4);
  expect(sales[0]?.["resource"]).toMatchObject({
    billing_agreement_id: id,
    state: "completed",
    custom: "sub_1",
    amount: { total: "9.00", currency: "EUR" },
  });
  const page = await shop.get(`${path}/transactions?start_time=2020-01-01T00:00:00Z&end_time=2100-01-01T00:00:00Z`);
  expect(page.body["transactions"]).toHaveLength(4);
  expect((await told()).slice(2, 4).map((event) => event["event_type"])).toEqual([
    "BILLING.SUBSCRIPTION.CREATED",
    "BILLING.SUBSCRIPTION.ACTIVATED",
  ]);
});

test("periods are counted from the start: the 31st bills on the last day of a shorter month and returns", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const product = await shop.post("/v1/catalogs/products", { name: "Studio" });
  const plan = await shop.post("/v1/billing/plans", {
    product_id: product.body["id"],
    name: "Studio",
    billing_cycles: [regular],
  });
  const start = "2027-01-31T10:00:00Z";
  const { body } = await shop.post("/v1/billing/subscriptions", { plan_id: plan.body["id"], start_time: start });
  await world.control({ mode: "approve", id: body["id"] });
  const next = async () => (await shop.get(`/v1/billing/subscriptions/${body["id"]}`)).body["billing_info"].next_billing_time;
  const seen = [await next()];
  for (let month = 0; month < 3; month += 1) {
    await world.control({ mode: "renew", subscription: body["id"] });
    seen.push(await next());
  }
  expect(seen).toEqual([start, "2027-02-28T10:00:00Z", "2027-03-31T10:00:00Z", "2027-04-30T10:00:00Z"]);
});

test("a trial costs nothing, and the regular price follows", async () => {
  const { advance, told, read } = await subscribed({ cycles: [trial, regular] });
  expect(await told("PAYMENT.SALE.COMPLETED")).toEqual([]);
  await advance(15);
  expect(await told("PAYMENT.SALE.COMPLETED")).toHaveLength(1);
  expect((await read())["billing_info"].cycle_executions).toMatchObject([
    { tenure_type: "TRIAL", cycles_completed: 1, cycles_remaining: 0 },
    { tenure_type: "REGULAR", cycles_completed: 1 },
  ]);
});

test("what fails is outstanding, can be collected, and suspends at the threshold", async () => {
  const plan = { payment_preferences: { payment_failure_threshold: 2, auto_bill_outstanding: false } };
  const { world, shop, id, path, read, advance, told } = await subscribed({ plan });
  await world.control({ mode: "wallet", id, wallet: "INSTRUMENT_DECLINED" });
  await advance(31);
  expect(await read()).toMatchObject({
    status: "ACTIVE",
    billing_info: { outstanding_balance: eur("9.00"), failed_payments_count: 1 },
  });
  await advance(31);
  expect(await read()).toMatchObject({
    status: "SUSPENDED",
    billing_info: { outstanding_balance: eur("18.00"), failed_payments_count: 2 },
  });
  expect(await told("BILLING.SUBSCRIPTION.PAYMENT.FAILED")).toHaveLength(2);
  await advance(31);
  expect((await read())["billing_info"].outstanding_balance).toEqual(eur("18.00"));

  const collect = (value: string) =>
    shop.post(`${path}/capture`, { note: "due", capture_type: "OUTSTANDING_BALANCE", amount: eur(value) });
  expect(issueOf(await collect("18.00"))[0]).toBe(422);
  await world.control({ mode: "wallet", id, wallet: "ok" });
  expect(issueOf(await collect("18.01"))[2]).toBe("AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE");
  expect((await collect("18.00")).body["status"]).toBe("COMPLETED");
  expect((await shop.post(`${path}/activate`, { reason: "paid" })).status).toBe(204);
  expect(await read()).toMatchObject({ status: "ACTIVE", billing_info: { outstanding_balance: eur("0.00") } });
});

test("a sale may wait and be denied, and one that came can be given back", async () => {
  const { world, shop, told } = await subscribed({ wallet: "pending" });
  const [pending] = await told("PAYMENT.SALE.PENDING");
  await world.control({ mode: "settle", id: pending?.["resource"].id, failed: true });
  expect(await told("PAYMENT.SALE.DENIED")).toHaveLength(1);

  const other = await subscribed();
  const [sale] = await other.told("PAYMENT.SALE.COMPLETED");
  const refund = await other.shop.post(`/v1/payments/sale/${sale?.["resource"].id}/refund`, {
    amount: { currency: "EUR", total: "4.00" },
  });
  expect(refund.body).toMatchObject({ state: "completed", amount: { total: "4.00" } });
  expect(await other.told("PAYMENT.SALE.REFUNDED")).toHaveLength(1);
  expect((await other.shop.get(`/v1/payments/sale/${sale?.["resource"].id}`)).body["state"]).toBe("partially_refunded");
  expect(shop).toBeDefined();
});

test("an end: by the seller, or after the last cycle; a plan that is off takes nobody", async () => {
  const { shop, path, read, plan } = await subscribed();
  expect((await shop.post(`${path}/suspend`, { reason: "asked" })).status).toBe(204);
  expect(issueOf(await shop.post(`${path}/suspend`, { reason: "asked" }))[2]).toBe("SUBSCRIPTION_STATUS_INVALID");
  expect((await shop.post(`${path}/cancel`, { reason: "asked" })).status).toBe(204);
  expect(await read()).toMatchObject({ status: "CANCELLED", status_change_note: "asked" });
  expect((await shop.post(`/v1/billing/plans/${plan["id"]}/deactivate`)).status).toBe(204);
  expect(issueOf(await shop.post("/v1/billing/subscriptions", { plan_id: plan["id"] }))[2]).toBe("PLAN_STATUS_INVALID");

  const short = await subscribed({ cycles: [{ ...regular, sequence: 1, total_cycles: 2 }] });
  await short.advance(60);
  expect((await short.read())["status"]).toBe("EXPIRED");
  expect(await short.told("PAYMENT.SALE.COMPLETED")).toHaveLength(2);
});

test("a revision counts when the payer has agreed", async () => {
  const { world, shop, plan, id, path, read } = await subscribed({ plan: { quantity_supported: true } });
  const revised = await shop.post(`${path}/revise`, { quantity: "3" });
  expect(revised.body["links"][0]).toMatchObject({ rel: "approve" });
  expect((await read())["quantity"]).toBe("1");
  await world.control({ mode: "approve", id });
  expect((await read())["quantity"]).toBe("3");
  await world.control({ mode: "renew", subscription: id });
  expect((await read())["billing_info"].last_payment.amount).toEqual(eur("27.00"));

  const other = {
    ...regular,
    sequence: 1,
    frequency: { interval_unit: "DAY", interval_count: 10 },
    pricing_scheme: { fixed_price: eur("90.00") },
  };
  const { body } = await shop.post("/v1/billing/plans", {
    product_id: plan["product_id"],
    name: "Other",
    billing_cycles: [other],
  });
  const end = (await read())["billing_info"].next_billing_time as string;
  await shop.post(`${path}/revise`, { plan_id: body["id"], quantity: "1" });
  await world.control({ mode: "approve", id });
  expect((await read())["billing_info"].next_billing_time).toBe(end);
  await world.control({ mode: "renew", subscription: id });
  const after = (await read())["billing_info"];
  expect([after.last_payment.amount, after.next_billing_time]).toEqual([eur("90.00"), daysAfter(end, 10)]);
});

test("reports list money in and out with signs and fees, for at most 31 days; a lost dispute takes money back", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const [kept, lost] = [await paid(world, shop, "10.00"), await paid(world, shop, "20.00")];
  await shop.post(`/v2/payments/captures/${kept.capture["id"]}/refund`, { amount: eur("4.00") });
  const { dispute } = await world.control({ mode: "dispute", capture: lost.capture["id"] });
  expect((await shop.get("/v1/customer/disputes")).body["items"]).toMatchObject([
    { dispute_id: dispute, status: "WAITING_FOR_SELLER_RESPONSE" },
  ]);
  await world.control({ mode: "resolve_dispute", dispute });
  expect((await shop.get(`/v1/customer/disputes/${dispute}`)).body["dispute_outcome"].outcome_code).toBe("RESOLVED_BUYER_FAVOUR");
  expect((await shop.get(`/v2/payments/captures/${lost.capture["id"]}`)).body["status"]).toBe("REFUNDED");

  const batch = {
    sender_batch_header: { sender_batch_id: "b" },
    items: [{ receiver: "a@b.example", amount: { currency: "EUR", value: "5.00" } }],
  };
  expect((await shop.post("/v1/payments/payouts", batch)).status).toBe(201);
  expect(issueOf(await shop.post("/v1/payments/payouts", batch)).slice(0, 2)).toEqual([400, "USER_BUSINESS_ERROR"]);

  const at = (days: number) => new Date(Date.now() + days * DAY_S * 1000).toISOString();
  const report = (from: number, until: number) =>
    shop.get(`/v1/reporting/transactions?start_date=${at(from)}&end_date=${at(until)}`);
  expect((await report(-31, 1)).status).toBe(400);
  const { body } = await report(-1, 1);
  const lines = (body["transaction_details"] as Shown[]).map(({ transaction_info: info }) => [
    info.transaction_event_code,
    info.transaction_amount.value,
    info.fee_amount?.value,
  ]);
  expect(lines.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
    ["T0001", "-5.00", "-0.10"],
    ["T0006", "10.00", "-0.69"],
    ["T0006", "20.00", "-0.99"],
    ["T1106", "-20.00", undefined],
    ["T1107", "-4.00", undefined],
  ]);
});
