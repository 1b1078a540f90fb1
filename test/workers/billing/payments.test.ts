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
  expect(await ask()).toMatchObject({ status: 409, body: { code: "payment_provider_unreachable" } });
  const again = await ask();
  expect(again.status, again.text).toBe(201);
  expect(await s.stripe.call("GET", "/v1/setup_intents?limit=100")).toMatchObject({
    data: [{ client_secret: again.body["client_secret"] }],
  });
  expect(await methodsOf(s)).toMatchObject([{ id: again.body["id"], client_secret: null }]);
  const { results } = await env.DB_00.prepare("select * from payment_methods where tenant_id = ?").bind(s.tenant.id).all();
  expect(JSON.stringify(results)).not.toContain(again.body["client_secret"]);
});
