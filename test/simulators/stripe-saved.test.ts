import { expect, test } from "vitest";
import { idOf, order, problemOf, stripeWorld } from "./world.ts";

type World = Awaited<ReturnType<typeof stripeWorld>>;

/** A customer with a saved card, ready to be charged in their absence. */
async function saved(w: World, card: string) {
  const stripe = w.client();
  const customer = await stripe.customers.create({ email: "ada@example.com" });
  const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
  const charge = (more: object = {}) =>
    stripe.paymentIntents.create({
      ...order,
      customer: customer.id,
      payment_method: method.id,
      off_session: true,
      confirm: true,
      ...more,
    });
  return { stripe, customer, method, charge };
}

const typesOf = async (w: World) => (await w.client().events.list({ limit: 100 })).data.map(({ type }) => type).toReversed();

test("a customer is made, changed, found by mail, and gone for good with the saved cards", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const made = await stripe.customers.create({
    email: "ada@example.com",
    name: "Ada",
    address: { line1: "Weg 1", city: "Bonn", postal_code: "53111", country: "DE" },
    payment_method: "pm_card_visa",
    invoice_settings: { default_payment_method: "pm_card_visa" },
    metadata: { customer: "cus_0001" },
  });
  expect(made).toMatchObject({ object: "customer", livemode: true, name: "Ada", address: { city: "Bonn", line2: null } });
  const [card] = (await stripe.customers.listPaymentMethods(made.id)).data;
  expect(card).toMatchObject({ customer: made.id, card: { last4: "4242" } });
  expect(made.invoice_settings.default_payment_method).toBe(card?.id);

  const changed = await stripe.customers.update(made.id, { name: "Ada L.", phone: "", metadata: { customer: "", more: "x" } });
  expect(changed).toMatchObject({ name: "Ada L.", email: "ada@example.com" });
  expect(changed.metadata).toEqual({ more: "x" });
  const [told] = (await stripe.events.list({ type: "customer.updated" })).data;
  expect(told?.data.previous_attributes).toEqual({ name: "Ada", metadata: { customer: "cus_0001" } });

  await stripe.customers.create({ email: "bob@example.com" });
  expect((await stripe.customers.list({ email: "ada@example.com" })).data.map(({ id }) => id)).toEqual([made.id]);
  const foreign = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
  const wrong = stripe.customers.update(made.id, { invoice_settings: { default_payment_method: foreign.id } });
  expect(await problemOf(wrong)).toMatchObject({ code: "resource_missing" });

  expect(await stripe.customers.del(made.id)).toMatchObject({ id: made.id, deleted: true });
  expect(await stripe.customers.retrieve(made.id)).toMatchObject({ deleted: true });
  expect(await problemOf(stripe.customers.update(made.id, { name: "x" }))).toMatchObject({ code: "resource_missing" });
  expect((await stripe.customers.list()).data.map(({ email }) => email)).toEqual(["bob@example.com"]);
  expect(await stripe.paymentMethods.retrieve(card?.id ?? "")).toMatchObject({ customer: null });
  expect(await problemOf(w.client("sk_live_other").customers.retrieve(made.id))).toMatchObject({ statusCode: 404 });
});

test("a card is saved, changed, listed, taken off, and never used again", async () => {
  const w = await stripeWorld();
  const { stripe, customer, method, charge } = await saved(w, "pm_card_visa");
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
  const changed = await stripe.paymentMethods.update(method.id, {
    card: { exp_month: 1, exp_year: 2040 },
    billing_details: { address: { country: "AT" } },
  });
  expect(changed).toMatchObject({ card: { exp_month: 1, exp_year: 2040 }, billing_details: { address: { country: "AT" } } });
  expect((await stripe.paymentMethods.list({ customer: customer.id, type: "card" })).data).toHaveLength(1);
  expect(await charge()).toMatchObject({ status: "succeeded", customer: customer.id, payment_method: method.id });
  expect(await charge()).toMatchObject({ status: "succeeded" });
  expect((await stripe.paymentIntents.list({ customer: customer.id })).data).toHaveLength(2);
  expect((await stripe.charges.list({ customer: customer.id })).data).toHaveLength(2);
  expect((await stripe.charges.list({ customer: "cus_none" })).data).toEqual([]);

  const other = await stripe.customers.create();
  expect(await problemOf(charge({ customer: other.id }))).toMatchObject({ code: "resource_missing", param: "payment_method" });
  expect(await problemOf(stripe.paymentMethods.attach(method.id, { customer: other.id }))).toMatchObject({ statusCode: 400 });
  expect(await stripe.paymentMethods.detach(method.id)).toMatchObject({ customer: null });
  const left = await stripe.customers.retrieve(customer.id);
  expect(!left.deleted && left.invoice_settings.default_payment_method).toBeNull();
  expect(await problemOf(charge())).toMatchObject({ statusCode: 400, param: "payment_method" });
  expect(await problemOf(stripe.paymentMethods.attach(method.id, { customer: customer.id }))).toMatchObject({ statusCode: 400 });
  expect(await problemOf(stripe.paymentMethods.detach(method.id))).toMatchObject({ statusCode: 400 });
  expect(await typesOf(w)).toEqual(
    expect.arrayContaining(["customer.created", "payment_method.attached", "payment_method.updated", "payment_method.detached"]),
  );
});

test("a card by number is checked as the bank's own checks would", async () => {
  const w = await stripeWorld();
  const browser = w.client("pk_live_shop");
  const card = (number: string, more: object = {}) =>
    browser.paymentMethods.create({ type: "card", card: { number, exp_month: 12, exp_year: 2034, cvc: "123", ...more } });
  expect(await card("4000 0000 0000 9995")).toMatchObject({ card: { last4: "9995", exp_year: 2034 }, customer: null });
  expect(await problemOf(card("4242424242424241"))).toMatchObject({ statusCode: 402, code: "incorrect_number" });
  expect(await problemOf(card("4242424242424242", { exp_month: 13 }))).toMatchObject({ code: "invalid_expiry_month" });
  expect(await problemOf(card("4242424242424242", { exp_year: 2020 }))).toMatchObject({ code: "invalid_expiry_year" });
  expect(await problemOf(card("4242424242424242", { cvc: "1" }))).toMatchObject({ code: "invalid_cvc" });
  expect(await problemOf(card("4111111111111111"))).toMatchObject({ decline_code: "test_mode_live_card" });
});

test.each([
  ["4000000000000002", "card_declined", "generic_decline", "try_again_later", "01"],
  ["4000000000009995", "card_declined", "insufficient_funds", "try_again_later", "51"],
  ["4000000000009987", "card_declined", "lost_card", "do_not_try_again", "41"],
  ["4000000000009979", "card_declined", "stolen_card", "do_not_try_again", "43"],
  ["4000000000006975", "card_declined", "card_velocity_exceeded", "try_again_later", "65"],
  ["4000000000000069", "expired_card", "", "confirm_card_data", "54"],
  ["4000000000000127", "incorrect_cvc", "", "confirm_card_data", "N7"],
  ["4000000000000119", "processing_error", "", "try_again_later", "96"],
  ["4100000000000019", "card_declined", "fraudulent", undefined, undefined],
  ["pm_card_visa_chargeDeclinedFraudulent", "card_declined", "fraudulent", "do_not_try_again", "59"],
  ["pm_card_visa_chargeDeclinedDoNotHonor", "card_declined", "do_not_honor", "try_again_later", "05"],
])("%s is refused with code, decline code and advice, and cannot be saved", async (card, code, declineCode, advice, network) => {
  const w = await stripeWorld();
  const stripe = w.client();
  const method = card.startsWith("pm_")
    ? card
    : (await stripe.paymentMethods.create({ type: "card", card: { number: card, exp_month: 12, exp_year: 2034 } })).id;
  const intent = await stripe.paymentIntents.create(order);
  const error = await problemOf(stripe.paymentIntents.confirm(intent.id, { payment_method: method }));
  const told = { code, advice_code: advice, network_decline_code: network };
  expect(error).toMatchObject({ type: "StripeCardError", statusCode: 402, decline_code: declineCode, ...told });
  const after = await stripe.paymentIntents.retrieve(intent.id, { expand: ["latest_charge"] });
  const { advice_code, network_decline_code } = after.last_payment_error ?? {};
  expect(after.last_payment_error).toMatchObject({ type: "card_error", code, payment_method: { type: "card" } });
  expect([advice_code, network_decline_code]).toEqual([advice, network]);
  expect(after.latest_charge).toMatchObject({
    status: "failed",
    outcome: {
      advice_code: advice ?? null,
      network_decline_code: network ?? null,
      type: network ? "issuer_declined" : "blocked",
    },
  });
  const customer = await stripe.customers.create();
  expect(await problemOf(stripe.paymentMethods.attach(method, { customer: customer.id }))).toMatchObject({
    statusCode: 402,
    code,
  });
});

test("a card can be saved although its charges fail, and a saved card can change its mind", async () => {
  const w = await stripeWorld();
  const { stripe, method, charge } = await saved(w, "pm_card_chargeCustomerFail");
  const error = await problemOf(charge());
  expect(error).toMatchObject({ statusCode: 402, code: "card_declined", decline_code: "generic_decline" });
  expect(error.payment_intent).toMatchObject({
    status: "requires_payment_method",
    last_payment_error: { payment_method: { id: method.id } },
  });
  await w.control({ mode: "card", payment_method: method.id, behaves_as: "pm_card_visa" });
  expect(await charge()).toMatchObject({ status: "succeeded" });
  await w.control({ mode: "card", payment_method: method.id, behaves_as: "pm_card_visa_chargeDeclinedLostCard" });
  expect(await problemOf(charge())).toMatchObject({ decline_code: "lost_card", advice_code: "do_not_try_again" });
  expect((await w.control({ mode: "card", payment_method: method.id, behaves_as: "pm_odd" })).status).toBe(400);
  expect(await stripe.paymentMethods.retrieve(method.id)).toMatchObject({ customer: expect.stringMatching(/^cus_/) });
});

test("a bank that wants the absent customer refuses, and the same intent is paid once they are back", async () => {
  const w = await stripeWorld();
  const { stripe, method, charge } = await saved(w, "pm_card_authenticationRequired");
  const error = await problemOf(charge());
  expect(error).toMatchObject({
    type: "StripeCardError",
    code: "authentication_required",
    decline_code: "authentication_required",
  });
  const id = error.payment_intent?.id ?? "";
  const again = { payment_method: method.id, return_url: "https://shop.example/back" };
  expect(await stripe.paymentIntents.confirm(id, again)).toMatchObject({
    status: "requires_action",
    next_action: { type: "redirect_to_url", redirect_to_url: { return_url: "https://shop.example/back" } },
  });
  expect(await stripe.paymentIntents.confirm(id, { ...again, use_stripe_sdk: true })).toMatchObject({
    next_action: { type: "use_stripe_sdk" },
  });
  await w.control({ mode: "authenticate", payment_intent: id });
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ status: "succeeded", payment_method: method.id });
});

test("a card that is set up with the customer present is charged in their absence, also when saved by a payment", async () => {
  const w = await stripeWorld();
  const first = await saved(w, "pm_card_authenticationRequiredOnSetup");
  expect(await problemOf(first.charge())).toMatchObject({ code: "authentication_required" });
  const setup = await first.stripe.setupIntents.create({
    customer: first.customer.id,
    payment_method: first.method.id,
    confirm: true,
    return_url: "https://shop.example/back",
  });
  expect(setup).toMatchObject({ status: "requires_action", next_action: { type: "redirect_to_url" }, usage: "off_session" });
  await w.control({ mode: "authenticate", setup_intent: setup.id });
  expect(await first.stripe.setupIntents.retrieve(setup.id)).toMatchObject({ status: "succeeded", next_action: null });
  expect(await first.charge()).toMatchObject({ status: "succeeded" });

  const { stripe } = first;
  const customer = await stripe.customers.create();
  const paying = await stripe.paymentIntents.create({
    ...order,
    customer: customer.id,
    payment_method: "pm_card_authenticationRequiredOnSetup",
    setup_future_usage: "off_session",
    confirm: true,
  });
  expect(paying).toMatchObject({ status: "requires_action", setup_future_usage: "off_session" });
  await w.control({ mode: "authenticate", payment_intent: paying.id });
  const [kept] = (await stripe.paymentMethods.list({ customer: customer.id })).data;
  const later = { ...order, customer: customer.id, payment_method: kept?.id ?? "", off_session: true, confirm: true };
  expect(await stripe.paymentIntents.create(later)).toMatchObject({ status: "succeeded" });

  const ready = await saved(w, "pm_card_authenticationRequiredSetupForOffSession");
  expect(await ready.charge()).toMatchObject({ status: "succeeded" });
  expect(await ready.charge({ off_session: false })).toMatchObject({ status: "requires_action" });
});

test("a payment that saves no card spends it", async () => {
  const stripe = (await stripeWorld()).client();
  const method = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
  const pay = () => stripe.paymentIntents.create({ ...order, payment_method: method.id, confirm: true });
  expect(await pay()).toMatchObject({ status: "succeeded" });
  expect(await problemOf(pay())).toMatchObject({ statusCode: 400, param: "payment_method" });
});

test("a setup intent is made, confirmed by the browser, refused, and canceled", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const customer = await stripe.customers.create();
  const made = await stripe.setupIntents.create({
    customer: customer.id,
    allowed_payment_method_types: ["card"],
    metadata: { a: "b" },
  });
  expect(made).toMatchObject({
    object: "setup_intent",
    status: "requires_payment_method",
    allowed_payment_method_types: ["card"],
  });
  const browser = w.client("pk_live_shop");
  const secret = { client_secret: made.client_secret ?? "" };
  expect(await problemOf(browser.setupIntents.confirm(made.id))).toMatchObject({ param: "client_secret" });
  const refused = await problemOf(browser.setupIntents.confirm(made.id, { payment_method: "pm_card_chargeDeclined", ...secret }));
  expect(refused).toMatchObject({ statusCode: 402, code: "card_declined" });
  expect(refused.setup_intent).toMatchObject({ status: "requires_payment_method", last_setup_error: { code: "card_declined" } });
  expect(refused.setup_intent?.metadata).toBeUndefined();
  const done = await browser.setupIntents.confirm(made.id, { payment_method: "pm_card_visa", ...secret });
  expect(done).toMatchObject({ status: "succeeded" });
  const full = await stripe.setupIntents.retrieve(made.id, { expand: ["payment_method", "customer"] });
  expect(full).toMatchObject({ payment_method: { customer: customer.id }, customer: { id: customer.id }, metadata: { a: "b" } });
  expect(await problemOf(stripe.setupIntents.confirm(made.id))).toMatchObject({ code: "setup_intent_unexpected_state" });
  expect(await problemOf(stripe.setupIntents.cancel(made.id))).toMatchObject({ code: "setup_intent_unexpected_state" });

  const second = await stripe.setupIntents.create({ payment_method: "pm_card_authenticationRequired", confirm: true });
  await w.control({ mode: "authenticate", setup_intent: second.id, failed: true });
  const failed = await stripe.setupIntents.retrieve(second.id);
  expect(failed.last_setup_error?.code).toBe("setup_intent_authentication_failure");
  await stripe.setupIntents.update(second.id, { description: "again", customer: customer.id });
  expect(await stripe.setupIntents.cancel(second.id, { cancellation_reason: "abandoned" })).toMatchObject({ status: "canceled" });
  expect((await stripe.setupIntents.list({ customer: customer.id })).data.map(({ id }) => id)).toEqual([second.id, made.id]);
  expect((await typesOf(w)).filter((type) => type.startsWith("setup_intent"))).toEqual([
    "setup_intent.created",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
    "setup_intent.created",
    "setup_intent.requires_action",
    "setup_intent.setup_failed",
    "setup_intent.canceled",
  ]);
});

test("money is reserved and captured in part, or given back", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const reserve = () =>
    stripe.paymentIntents.create({ ...order, capture_method: "manual", payment_method: "pm_card_visa", confirm: true });
  const held = await reserve();
  expect(held).toMatchObject({ status: "requires_capture", amount_capturable: 1250, amount_received: 0 });
  const charge = await stripe.charges.retrieve(idOf(held.latest_charge));
  expect(charge).toMatchObject({ captured: false, paid: true, amount_captured: 0, balance_transaction: null });
  expect(await problemOf(stripe.refunds.create({ charge: charge.id }))).toMatchObject({ code: "charge_not_refundable" });
  expect(await problemOf(stripe.paymentIntents.capture(held.id, { amount_to_capture: 1251 }))).toMatchObject({
    code: "amount_too_large",
  });
  expect(await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1000 })).toMatchObject({
    status: "succeeded",
    amount_received: 1000,
    amount_capturable: 0,
  });
  const captured = await stripe.charges.retrieve(charge.id, { expand: ["balance_transaction"] });
  expect(captured).toMatchObject({
    captured: true,
    amount_captured: 1000,
    amount_refunded: 250,
    balance_transaction: { amount: 1000 },
  });
  expect(await problemOf(stripe.paymentIntents.capture(held.id))).toMatchObject({ code: "payment_intent_unexpected_state" });
  expect(await stripe.refunds.create({ charge: charge.id })).toMatchObject({ amount: 1000 });

  const other = await reserve();
  expect(await stripe.paymentIntents.cancel(other.id)).toMatchObject({ status: "canceled", amount_capturable: 0 });
  expect(await stripe.charges.retrieve(idOf(other.latest_charge))).toMatchObject({ refunded: true, amount_captured: 0 });
  const told = await typesOf(w);
  expect(told).toEqual(expect.arrayContaining(["payment_intent.amount_capturable_updated", "charge.captured"]));
});

test("where the vendor's server confirms, it confirms once more after the customer has passed", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const asked = await stripe.paymentIntents.create({
    ...order,
    confirmation_method: "manual",
    payment_method: "pm_card_authenticationRequired",
    confirm: true,
    return_url: "https://shop.example/back",
  });
  expect(asked.status).toBe("requires_action");
  expect((await w.control({ mode: "authenticate", payment_intent: asked.id })).body.result).toMatchObject({
    status: "requires_confirmation",
  });
  expect(await stripe.paymentIntents.confirm(asked.id)).toMatchObject({ status: "succeeded", amount_received: 1250 });
});

test("the customer is led to the bank's page and back to the shop, with what has come of it", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const ask = async (amount: number) => {
    const intent = await stripe.paymentIntents.create({
      amount,
      currency: "eur",
      payment_method: "pm_card_authenticationRequired",
      confirm: true,
      return_url: "https://shop.example/back?order=1",
    });
    return { intent, url: intent.next_action?.redirect_to_url?.url ?? "" };
  };
  const answer = (url: string, passed: string) =>
    fetch(url, { method: "POST", body: new URLSearchParams({ passed }), redirect: "manual" });

  const good = await ask(700);
  expect(await (await fetch(good.url)).text()).toContain("It is me");
  const back = new URL((await answer(good.url, "true")).headers.get("location") ?? "");
  expect(back.origin).toBe("https://shop.example");
  expect(Object.fromEntries(back.searchParams)).toEqual({
    order: "1",
    payment_intent: good.intent.id,
    payment_intent_client_secret: good.intent.client_secret,
    redirect_status: "succeeded",
  });
  expect(await stripe.paymentIntents.retrieve(good.intent.id)).toMatchObject({ status: "succeeded" });
  expect((await answer(good.url, "true")).status).toBe(409);
  expect((await fetch(good.url)).status).toBe(409);

  const bad = await ask(800);
  expect((await answer(bad.url, "odd")).status).toBe(400);
  expect((await answer(bad.url, "false")).headers.get("location")).toContain("redirect_status=failed");
  expect(await stripe.paymentIntents.retrieve(bad.intent.id)).toMatchObject({ status: "requires_payment_method" });

  const setup = await stripe.setupIntents.create({
    payment_method: "pm_card_authenticationRequired",
    confirm: true,
    return_url: "https://shop.example/saved",
  });
  const saved = await answer(setup.next_action?.redirect_to_url?.url ?? "", "true");
  expect(saved.headers.get("location")).toContain(`setup_intent=${setup.id}`);
  expect((await fetch(`${w.url}/_bank/pi_none`)).status).toBe(404);
});

test("a card that passes authentication may still be refused by the bank", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const asked = await stripe.paymentIntents.create({
    ...order,
    payment_method: "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    confirm: true,
  });
  await w.control({ mode: "authenticate", payment_intent: asked.id });
  const refused = await stripe.paymentIntents.retrieve(asked.id);
  expect(refused).toMatchObject({
    status: "requires_payment_method",
    last_payment_error: { decline_code: "insufficient_funds" },
  });
});
