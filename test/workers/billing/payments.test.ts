import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { shop, type Shop } from "../sales/shop.ts";

type Row = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

/** A method that a customer is asked to save. */
async function asked(s: Shop): Promise<Row> {
  const made = await s.post("/v1/payment_methods", { customer_id: s.customerId });
  expect(made.status, made.text).toBe(201);
  return made.body;
}

/** Saves a card as Stripe.js does in the customer's browser. */
const save = (s: Shop, { client_secret: secret }: Row, card = "pm_card_visa") =>
  s.stripe.call(
    "POST",
    `/v1/setup_intents/${secret.split("_secret_")[0]}/confirm`,
    { client_secret: secret, payment_method: card },
    s.stripe.secretKey.replace("sk_", "pk_"),
  );

const methodsOf = async (s: Shop): Promise<Row[]> =>
  (await s.get(`/v1/payment_methods?customer_id=${s.customerId}`)).body["data"];

test("a card that the customer's browser saved is active by its webhook, however often and in which order it comes", async () => {
  const s = await shop();
  const made = await asked(s);
  expect(made).toMatchObject({ status: "pending", is_default: false, provider_ref: null });
  await save(s, made);
  const answers = [...(await s.bring((events) => events.toReversed())), ...(await s.bring())];
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const [method] = await methodsOf(s);
  expect(method).toMatchObject({ id: made["id"], status: "active", brand: "visa", last4: "4242", is_default: true });
  expect(method?.["client_secret"]).toBeNull();
  expect(await s.told("payment_method.updated", made["id"])).toHaveLength(1);
});

test("a customer who comes back from saving a card need not wait for the webhook; a second card is no default until it is named", async () => {
  const s = await shop();
  const [first, second] = [await asked(s), await asked(s)];
  for (const [method, card] of [
    [first, "pm_card_visa"],
    [second, "pm_card_mastercard"],
  ] as const) {
    await save(s, method, card);
    const now = await s.post(`/v1/payment_methods/${method["id"]}/confirm`);
    expect(now.body, now.text).toMatchObject({ status: "active", is_default: method === first });
  }
  const named = await s.patch(`/v1/payment_methods/${second["id"]}`, { is_default: true });
  expect(named.body).toMatchObject({ is_default: true });
  expect((await methodsOf(s)).map((method) => [method["id"], method["is_default"]])).toEqual([
    [second["id"], true],
    [first["id"], false],
  ]);
  expect(await s.stripe.call("GET", "/v1/customers?limit=100")).toMatchObject({
    data: [{ metadata: { customer_id: s.customerId } }],
  });
});

test("a card that the bank wants to be asked about waits for that, and a declined one may be another", async () => {
  const s = await shop();
  const made = await asked(s);
  const confirm = async () => (await s.post(`/v1/payment_methods/${made["id"]}/confirm`)).body;
  await save(s, made, "pm_card_chargeDeclined");
  expect(await confirm()).toMatchObject({ status: "pending", client_secret: made["client_secret"] });
  expect((await methodsOf(s))[0]?.["ended_reason"]).toEqual(expect.any(String));
  await save(s, made, "pm_card_authenticationRequired");
  expect(await confirm()).toMatchObject({ status: "requires_action" });
  await s.stripe.control({ mode: "authenticate", setup_intent: made["client_secret"].split("_secret_")[0] });
  expect(await confirm()).toMatchObject({ status: "active", ended_reason: null, client_secret: null });
});

test("a detached card is gone at Stripe, stays in the list, and cannot be the default", async () => {
  const s = await shop();
  const made = await asked(s);
  await save(s, made);
  const { provider_ref: ref } = (await s.post(`/v1/payment_methods/${made["id"]}/confirm`)).body as Row;
  for (const _ of [1, 2]) expect((await s.delete(`/v1/payment_methods/${made["id"]}`)).status).toBe(204);
  expect((await s.stripe.call("GET", `/v1/payment_methods/${ref}`))["customer"]).toBeNull();
  expect(await methodsOf(s)).toMatchObject([{ status: "detached", is_default: false }]);
  const refused = await s.patch(`/v1/payment_methods/${made["id"]}`, { is_default: true });
  expect(refused.body).toMatchObject({ code: "payment_method_not_active" });
});

test("a time-out after success, and the same request again: one setup, whose secret lies nowhere in the open", async () => {
  const s = await shop({ stripe: "faulty" });
  const account = s.stripe.secretKey.replace("sk_live_", "");
  await s.stripe.control({ mode: "timeout_after_success", path: "/v1/setup_intents", account, ms: 10 });
  const ask = () => s.post("/v1/payment_methods", { customer_id: s.customerId }, { idempotencyKey: "m1" });
  // a connection that was kept and is cut may be tried again below us: then the first answer is good already
  const first = await ask();
  if (first.status !== 201) expect(first).toMatchObject({ status: 409, body: { code: "payment_provider_unreachable" } });
  const again = await ask();
  expect(again.status, again.text).toBe(201);
  expect(await s.stripe.call("GET", "/v1/setup_intents?limit=100")).toMatchObject({
    data: [{ client_secret: again.body["client_secret"] }],
  });
  expect(await methodsOf(s)).toMatchObject([{ id: again.body["id"], client_secret: null }]);
  const { results } = await env.DB_00.prepare("select * from payment_methods where tenant_id = ?").bind(s.tenant.id).all();
  expect(JSON.stringify(results)).not.toContain(again.body["client_secret"]);
});

/** An invoice of 119.00 EUR that waits for its money. */
async function owed(s: Shop): Promise<Row> {
  const lines = [{ description: "Setup", quantity: 1, unit_amount: 11_900 }];
  const made = await s.post("/v1/invoices", { customer_id: s.customerId, lines });
  const final = await s.post(`/v1/invoices/${made.body["id"]}/finalize`);
  expect(final.status, final.text).toBe(200);
  return final.body;
}

async function saved(s: Shop, card = "pm_card_visa"): Promise<string> {
  const made = await asked(s);
  await save(s, made, card);
  const now = await s.post(`/v1/payment_methods/${made["id"]}/confirm`);
  expect(now.body, now.text).toMatchObject({ status: "active" });
  return made["id"];
}

const invoiceNow = async (s: Shop, { id }: Row): Promise<Row> => (await s.get(`/v1/invoices/${id}`)).body;

async function balances(s: Shop): Promise<Record<string, number>> {
  const { results } = await env.DB_00.prepare(
    "select account, sum(amount) as amount from ledger_entries where tenant_id = ? group by 1 having sum(amount) <> 0",
  )
    .bind(s.tenant.id)
    .all<{ account: string; amount: number }>();
  return Object.fromEntries(results.map(({ account, amount }) => [account, amount]));
}

test("a saved card is charged once for what is due, and its webhooks find nothing left to do", async () => {
  const s = await shop();
  const [invoice, method] = [await owed(s), await saved(s)];
  const body = { invoice_id: invoice["id"], payment_method_id: method, off_session: true };
  const paid = await s.post("/v1/payments", body, { idempotencyKey: "p1" });
  expect(paid.body, paid.text).toMatchObject({ status: "succeeded", amount: 11_900, amount_allocated: 11_900, attempt: 1 });
  expect((await s.post("/v1/payments", body, { idempotencyKey: "p1" })).text).toBe(paid.text);
  expect((await s.post("/v1/payments", body)).body).toMatchObject({ code: "invoice_not_open" });
  const answers = await s.bring((events) => events.toReversed());
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await invoiceNow(s, invoice)).toMatchObject({ status: "paid", amount_paid: 11_900, attempts_count: 1 });
  expect(await balances(s)).toEqual({ cash: 11_900, revenue: -11_900 });
  expect(await s.told("payment.succeeded")).toHaveLength(1);
  expect((await s.get("/v1/payments/stats")).body).toMatchObject({
    currencies: [{ currency: "EUR", providers: [{ provider: "stripe", count: 1, amount_received: 11_900 }] }],
  });
});

test("a customer pays in the browser, and every order of the webhooks ends in the same books", async () => {
  for (const [index, shuffle] of [
    (x: never[]) => x,
    (x: never[]) => x.toReversed(),
    (x: never[]) => [...x, ...x.slice(1)],
  ].entries()) {
    const s = await shop();
    const invoice = await owed(s);
    const made = await s.post("/v1/payments", { invoice_id: invoice["id"] });
    expect(made.body, made.text).toMatchObject({ status: "requires_method", client_secret: expect.any(String) });
    expect((await s.post("/v1/payments", { invoice_id: invoice["id"] })).body).toMatchObject({ code: "payment_under_way" });
    await s.stripe.pay(made.body["client_secret"], "pm_card_chargeDeclined");
    await s.stripe.pay(made.body["client_secret"]);
    await s.bring(shuffle as never);
    expect(await invoiceNow(s, invoice), `order ${index}`).toMatchObject({ status: "paid", amount_due: 0 });
    expect(await balances(s)).toEqual({ cash: 11_900, revenue: -11_900 });
    expect((await s.get(`/v1/payments/${made.body["id"]}`)).body).toMatchObject({ status: "succeeded", client_secret: null });
  }
});

test("a declined try is definite, is ended at Stripe before the next one, and the next one may succeed", async () => {
  const s = await shop();
  const [invoice, poor, good] = [await owed(s), await saved(s, "pm_card_chargeCustomerFail"), await saved(s)];
  const declined = await s.post("/v1/payments", { invoice_id: invoice["id"], payment_method_id: poor, off_session: true });
  expect(declined.body, declined.text).toMatchObject({ status: "failed", attempt: 1, decline_code: expect.any(String) });
  const paid = await s.post("/v1/payments", { invoice_id: invoice["id"], payment_method_id: good });
  expect(paid.body, paid.text).toMatchObject({ status: "succeeded", attempt: 2 });
  expect((await s.stripe.intents()).map(({ status }) => status)).toEqual(["succeeded", "canceled"]);
  expect(await balances(s)).toEqual({ cash: 11_900, revenue: -11_900 });
});

test("a bank that wants to see the customer has not declined: the try waits, and no second one begins", async () => {
  const s = await shop();
  const body = { invoice_id: (await owed(s))["id"] };
  const made = await s.post("/v1/payments", body);
  await s.stripe.pay(made.body["client_secret"], "pm_card_authenticationRequired");
  const waits = await s.post(`/v1/payments/${made.body["id"]}/confirm`);
  expect(waits.body, waits.text).toMatchObject({ status: "requires_action", client_secret: expect.any(String) });
  expect((await s.post("/v1/payments", body)).body).toMatchObject({ code: "payment_under_way" });
  const ended = await s.post(`/v1/payments/${made.body["id"]}/cancel`);
  expect(ended.body, ended.text).toMatchObject({ status: "canceled" });
  expect((await s.post("/v1/payments", body)).body).toMatchObject({ attempt: 2 });
});

test("a saved card whose bank wants to see the customer, who is not there, waits for them and is not declined", async () => {
  const s = await shop();
  const [invoice, method] = [await owed(s), await asked(s)];
  await save(s, method, "pm_card_authenticationRequired");
  await s.stripe.control({ mode: "authenticate", setup_intent: method["client_secret"].split("_secret_")[0] });
  await s.post(`/v1/payment_methods/${method["id"]}/confirm`);
  const body = { invoice_id: invoice["id"], payment_method_id: method["id"], off_session: true };
  const waits = await s.post("/v1/payments", body);
  expect(waits.body, waits.text).toMatchObject({ status: "requires_action", client_secret: expect.any(String) });
  await s.stripe.pay(waits.body["client_secret"]);
  await s.bring();
  expect(await invoiceNow(s, invoice)).toMatchObject({ status: "paid", attempts_count: 1 });
});

test("a time-out after success, a 500 after success, and the request again 25 hours later: one charge", async () => {
  for (const trouble of [
    { mode: "timeout_after_success", ms: 10 },
    { mode: "fail", after_effect: true },
  ]) {
    for (const step of ["", "/confirm"]) {
      const s = await shop({ stripe: "faulty" });
      const account = s.stripe.secretKey.replace("sk_live_", "");
      const [invoice, method] = [await owed(s), await saved(s)];
      const body = { invoice_id: invoice["id"], payment_method_id: method };
      const ask = () => s.post("/v1/payments", body, { idempotencyKey: "p1" });
      if (step === "") await s.stripe.control({ ...trouble, path: "/v1/payment_intents", account });
      else await s.stripe.control({ ...trouble, path: "/v1/payment_intents/pi_", account });
      const first = await ask();
      // as above: a cut connection may be tried again below us
      const outcomes = step === "" ? ["payment_provider_unreachable", ...("ms" in trouble ? [undefined] : [])] : [undefined];
      expect(outcomes).toContain(first.body["code"]);
      await s.stripe.control({ mode: "advance_clock", seconds: 25 * 3600, account });
      const again = await ask();
      expect(again.body, again.text).toMatchObject({ status: "succeeded", attempt: 1 });
      const charged = (await s.stripe.intents()).filter(({ status }) => status === "succeeded");
      expect(charged).toHaveLength(1);
      expect(await balances(s)).toEqual({ cash: 11_900, revenue: -11_900 });
    }
  }
});

test("money that comes for a void invoice is booked, is the customer's, and is told once", async () => {
  const s = await shop();
  const invoice = await owed(s);
  const made = await s.post("/v1/payments", { invoice_id: invoice["id"] });
  expect((await s.post(`/v1/invoices/${invoice["id"]}/void`)).status).toBe(200);
  await s.stripe.pay(made.body["client_secret"]);
  for (const _ of [1, 2]) await s.bring();
  expect(await invoiceNow(s, invoice)).toMatchObject({ status: "void", amount_paid: 0 });
  expect(await balances(s)).toEqual({ cash: 11_900, customer_credit: -11_900 });
  expect((await s.told("payment.unexpected")).map(({ data }) => data.object["reason"])).toEqual(["invoice_void"]);
});

test("without a provider, or for an amount that it does not take, no try begins that could succeed", async () => {
  const bare = await shop({ stripe: null });
  expect((await bare.post("/v1/payments", { invoice_id: (await owed(bare))["id"] })).body).toMatchObject({
    code: "payment_provider_missing",
  });
  const s = await shop();
  const small = await s.post("/v1/invoices", { customer_id: s.customerId, lines: [{ description: "Cent", unit_amount: 1 }] });
  await s.post(`/v1/invoices/${small.body["id"]}/finalize`);
  const refused = await s.post("/v1/payments", { invoice_id: small.body["id"] });
  expect(refused.body, refused.text).toMatchObject({ code: "amount_not_chargeable" });
  expect((await s.get("/v1/payments")).body["data"]).toMatchObject([{ status: "failed" }]);
});
