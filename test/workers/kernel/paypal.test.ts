import { env } from "cloudflare:workers";
import { expect, inject, test } from "vitest";
import { certificateOriginOf, originOf, type PaypalAccount } from "#kernel/paypal/account";
import { amountOf, amountOfOlder, moneyOf } from "#kernel/paypal/amounts";
import { certificatesOf } from "#kernel/paypal/certificate";
import { chainFault } from "#kernel/paypal/chain";
import { crc32 } from "#kernel/paypal/crc32";
import { PAYPAL_EVENT_TYPES, readPaypalEvent, subjectOf } from "#kernel/paypal/events";
import { PayPalFailure } from "#kernel/paypal/failure";
import { paypalWith } from "#kernel/paypal/paypal";
import { PINNED_ROOTS } from "#kernel/paypal/roots";
import { verifyByApi, verifyByCertificate, verifyWebhook } from "#kernel/paypal/verify";
import { linkOf } from "#kernel/paypal/wire";
import type { Vault } from "#kernel/vault";

type Shown = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

/** Seals nothing: what stands in the row is the secret. How often it was asked is counted. */
function openVault() {
  const vault: Vault & { opened: number } = {
    opened: 0,
    seal: async (_place, text) => text,
    unseal: async (_place, sealed) => {
      vault.opened += 1;
      return sealed;
    },
  };
  return vault;
}

let shops = 0;
const run = crypto.randomUUID().slice(0, 8);

/** An account of its own at the simulator, as the edge and as the outside world see it. */
function shop({
  at = "calm",
  mode = "live",
  secret,
}: { at?: "calm" | "faulty"; mode?: "live" | "sandbox"; secret?: string } = {}) {
  const origin = inject("paypal")[at];
  const clientId = `${mode}_pp${run}${shops++}`;
  const account: PaypalAccount = {
    clientId,
    secretKey: secret ?? `secret_of_${clientId}`,
    webhookSecret: null,
    apiBase: origin,
    livemode: mode === "live",
  };
  const vault = openVault();
  const control = async (body: object): Promise<Shown> => {
    const response = await fetch(`${origin}/_control`, { method: "POST", body: JSON.stringify(body) });
    const answer = await response.json<Shown>();
    if (response.status !== 200) throw new Error(String(answer["message"]));
    return answer["result"] as Shown;
  };
  const paypal = paypalWith(env, account, vault);
  return { origin, clientId, account, vault, paypal, control };
}

const failed = async (promise: Promise<unknown>): Promise<PayPalFailure> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PayPalFailure) return error;
  throw new Error(`expected a PayPalFailure, got ${String(error)}`);
};

const order = { currency: "EUR", amount: 4900, customId: "ord_1" };

test("an order is made, approved by its payer, captured and given back in parts", async () => {
  const { paypal, control } = shop();
  const made = await paypal.orders.create({ ...order, returnUrl: "https://shop.example/back" }, "ord_1/order");
  expect(made.status).toBe("PAYER_ACTION_REQUIRED");
  expect(linkOf(made, "payer-action", "approve")).toContain(`token=${made.id}`);
  expect(await failed(paypal.orders.capture(made.id, "ord_1/capture"))).toMatchObject({
    kind: "refused",
    status: 422,
    name: "UNPROCESSABLE_ENTITY",
    issue: "ORDER_NOT_APPROVED",
    debugId: expect.stringMatching(/^[0-9a-f]{13}$/) as string,
    detail: expect.stringContaining("debug id") as string,
  });
  await paypal.orders.changeAmount(made.id, "EUR", 5000);
  await control({ mode: "approve", id: made.id });
  const paid = await paypal.orders.capture(made.id, "ord_1/capture");
  const [capture] = paid.purchase_units?.[0]?.payments?.captures ?? [];
  expect([paid.status, capture?.custom_id, amountOf(capture?.amount)]).toEqual(["COMPLETED", "ord_1", 5000]);
  expect((await paypal.orders.capture(made.id, "ord_1/capture")).status).toBe("COMPLETED");

  const id = capture?.id ?? "";
  const part = await paypal.captures.refund(id, "ord_1/refund/1", { currency: "EUR", amount: 1000 });
  expect((await paypal.captures.refund(id, "ord_1/refund/1", { currency: "EUR", amount: 1000 })).id).toBe(part.id);
  expect(amountOf((await paypal.captures.refund(id, "ord_1/refund/2", null)).amount)).toBe(4000);
  expect((await paypal.captures.get(id)).status).toBe("REFUNDED");
  expect((await paypal.refunds.get(part.id)).status).toBe("COMPLETED");

  const now = Date.now();
  const { transactions } = await paypal.reports.transactions(new Date(now - 60_000), new Date(now + 60_000));
  expect(transactions.map((line) => amountOf(line.transaction_amount)).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([
    -4000, -1000, 5000,
  ]);
});

test("a kept wallet pays without its owner; a refusal of it is refused, and names itself", async () => {
  const { paypal, control } = shop();
  const setup = await paypal.setupTokens.create(
    "cus_1",
    { returnUrl: "https://a.example/", cancelUrl: "https://a.example/" },
    "cus_1/setup",
  );
  await control({ mode: "approve", id: setup.id });
  expect((await paypal.setupTokens.get(setup.id)).status).toBe("APPROVED");
  const token = await paypal.paymentTokens.create(setup.id, "cus_1/token");
  expect((await paypal.paymentTokens.list(token.customer?.id ?? "")).map(({ id }) => id)).toEqual([token.id]);

  const first = await paypal.orders.create(order, "inv_1/order");
  expect((await paypal.orders.captureWith(first.id, token.id, "merchant", "inv_1/attempt/1")).status).toBe("COMPLETED");
  await control({ mode: "wallet", id: token.id, wallet: "INSTRUMENT_DECLINED" });
  const second = await paypal.orders.create(order, "inv_2/order");
  const declined = await failed(paypal.orders.captureWith(second.id, token.id, "merchant", "inv_2/attempt/1"));
  expect([declined.kind, declined.issue]).toEqual(["refused", "INSTRUMENT_DECLINED"]);
  await paypal.paymentTokens.delete(token.id);
  expect((await failed(paypal.paymentTokens.get(token.id))).status).toBe(404);
});

test("a kept wallet pays an order that nobody approves, in two steps or in one", async () => {
  const { paypal, control } = shop();
  const kept = await paypal.orders.create({ ...order, keepFor: "cus_1" }, "first");
  await control({ mode: "approve", id: kept.id });
  const vault = (await paypal.orders.capture(kept.id, "first/capture")).payment_source?.paypal?.attributes?.vault;
  const made = await paypal.orders.create({ ...order, payerIsAway: true }, "second");
  expect(made.status).toBe("CREATED");
  expect((await paypal.orders.captureWith(made.id, vault?.id ?? "", "merchant", "second/1")).status).toBe("COMPLETED");
  const once = () => paypal.orders.createPaid(order, vault?.id ?? "", "merchant", "third");
  const [one, two] = [await once(), await once()];
  expect([one.status, two.id]).toEqual(["COMPLETED", one.id]);
});

test("every event that the simulator tells names an object that can be fetched, and is one that we ask for", async () => {
  const s = shop();
  const { paypal, control } = s;
  const webhook = await paypal.webhooks.create("http://127.0.0.1:9/nobody", PAYPAL_EVENT_TYPES);
  expect((await paypal.webhooks.list()).map(({ id }) => id)).toEqual([webhook.id]);
  const pay = async (name: string, wallet: string) => {
    const { id } = await paypal.orders.create({ ...order, keepFor: "cus_1" }, name);
    await control({ mode: "approve", id, wallet });
    return (await paypal.orders.capture(id, `${name}/capture`)).purchase_units?.[0]?.payments?.captures?.[0]?.id ?? "";
  };
  const paid = await pay("1", "ok");
  await paypal.captures.refund(paid, "1/refund", { currency: "EUR", amount: 100 });
  await control({ mode: "settle", id: await pay("2", "pending"), failed: true });
  const { dispute } = await control({ mode: "dispute", capture: paid });
  await control({ mode: "resolve_dispute", dispute });
  await paypal.payouts.create("1", "Money", [{ id: "1", receiver: "ada@a.example", currency: "EUR", amount: 500 }]);
  const product = await paypal.products.create("Studio", "1");
  const cycles = [{ unit: "MONTH", count: 1, cycles: 0, price: moneyOf("EUR", 900) } as const];
  const plan = await paypal.plans.create({ productId: product.id, name: "Studio", cycles }, "1");
  const { id } = await paypal.subscriptions.create({ planId: plan.id, customId: "1" }, "1");
  await control({ mode: "approve", id });
  const [sale] = await paypal.subscriptions.payments(id, new Date(0), new Date(Date.now() + 60_000));
  await paypal.captures.refund(sale?.id ?? "", "2/refund", null);
  await paypal.webhooks.delete(webhook.id);

  const fetched: Record<string, (subject: string) => Promise<unknown>> = {
    order: paypal.orders.get,
    capture: paypal.captures.get,
    refund: paypal.refunds.get,
    sale: paypal.sales.get,
    subscription: paypal.subscriptions.get,
    payment_token: paypal.paymentTokens.get,
    dispute: paypal.disputes.get,
    payout: paypal.payouts.get,
    payout_item: paypal.payouts.item,
  };
  const seen = new Set<string>();
  for (const body of await eventsOf(s)) {
    const event = readPaypalEvent(body);
    if (!event || /^(CATALOG|BILLING\.PLAN)/.test(event.event_type)) continue;
    expect(PAYPAL_EVENT_TYPES as readonly string[]).toContain(event.event_type);
    const subject = subjectOf(event);
    seen.add(subject?.kind ?? event.event_type);
    await fetched[subject?.kind ?? ""]?.(subject?.id ?? "");
  }
  expect([...seen].toSorted((a, b) => a.localeCompare(b))).toEqual(Object.keys(fetched).toSorted((a, b) => a.localeCompare(b)));
  expect(readPaypalEvent('["no event"]')).toBeUndefined();
});

/** The bodies of all events of a shop, as its webhook would get them. */
async function eventsOf({ origin, clientId }: ReturnType<typeof shop>): Promise<string[]> {
  const authorization = `Basic ${btoa(`${clientId}:secret_of_${clientId}`)}`;
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const token = await (
    await fetch(`${origin}/v1/oauth2/token`, { method: "POST", headers: { authorization }, body })
  ).json<Shown>();
  const headers = { authorization: `Bearer ${String(token["access_token"])}` };
  const page = await (await fetch(`${origin}/v1/notifications/webhooks-events?page_size=300`, { headers })).json<Shown>();
  return (page["events"] as object[]).map((event) => JSON.stringify(event));
}

test("a subscription of PayPal's own is approved, billed, suspended, collected and ended", async () => {
  const { paypal, control, clientId } = shop();
  const product = await paypal.products.create("Studio", "prod_1");
  const cycles = [{ unit: "MONTH", count: 1, cycles: 0, price: moneyOf("EUR", 900) } as const];
  const plan = await paypal.plans.create({ productId: product.id, name: "Studio", cycles, quantitySupported: true }, "pln_1");
  const made = await paypal.subscriptions.create({ planId: plan.id, customId: "sub_1", quantity: 2 }, "sub_1");
  expect(linkOf(made, "approve")).toContain(made.id);
  await control({ mode: "approve", id: made.id });
  await control({ mode: "wallet", id: made.id, wallet: "PAYER_CANNOT_PAY" });
  await control({ mode: "clock", client_id: clientId, advance_s: 32 * 86_400 });
  const { billing_info: info, status } = await paypal.subscriptions.get(made.id);
  expect([status, amountOf(info?.outstanding_balance), info?.failed_payments_count]).toEqual(["ACTIVE", 1800, 1]);
  await paypal.subscriptions.suspend(made.id, "unpaid");
  await control({ mode: "wallet", id: made.id, wallet: "ok" });
  await paypal.subscriptions.captureOutstanding(
    made.id,
    { currency: "EUR", amount: 1800, note: "Outstanding" },
    "sub_1/outstanding",
  );
  await paypal.subscriptions.activate(made.id, "paid");
  expect(linkOf(await paypal.subscriptions.revise(made.id, { quantity: 3 }), "approve")).toContain(made.id);
  const [sale] = await paypal.subscriptions.payments(made.id, new Date(0), new Date(Date.now() + 90 * 86_400_000));
  const told = await paypal.sales.get(sale?.id ?? "");
  expect([told.state, told.billing_agreement_id, amountOfOlder(told.amount)]).toEqual(["completed", made.id, 1800]);
  await paypal.subscriptions.cancel(made.id, "done");
  expect((await paypal.subscriptions.get(made.id)).status).toBe("CANCELLED");
  await paypal.plans.deactivate(plan.id);
  expect((await paypal.plans.get(plan.id)).status).toBe("INACTIVE");
});

test("money goes out once for a batch, and comes back where nobody claims it; a dispute can be read", async () => {
  const { paypal, control } = shop();
  const items = ["unclaimed@a.example", "ada@a.example"].map((receiver, index) => ({
    id: `itm_${index}`,
    receiver,
    currency: "EUR",
    amount: 500,
  }));
  const made = await paypal.payouts.create("po_1", "Money", items);
  expect(await failed(paypal.payouts.create("po_1", "Money", items))).toMatchObject({
    kind: "refused",
    name: "USER_BUSINESS_ERROR",
  });
  const batch = await paypal.payouts.get(made.batch_header.payout_batch_id);
  expect(batch.items?.map((item) => item.transaction_status)).toEqual(["UNCLAIMED", "SUCCESS"]);
  const unclaimed = batch.items?.[0]?.payout_item_id ?? "";
  expect((await paypal.payouts.cancelItem(unclaimed)).transaction_status).toBe("RETURNED");
  expect((await paypal.payouts.item(unclaimed)).payout_item.sender_item_id).toBe("itm_0");

  const { id } = await paypal.orders.create(order, "ord_2/order");
  await control({ mode: "approve", id });
  const paid = await paypal.orders.capture(id, "ord_2/capture");
  const opened = await control({ mode: "dispute", capture: paid.purchase_units?.[0]?.payments?.captures?.[0]?.id });
  expect((await paypal.disputes.get(opened["dispute"])).status).toBe("WAITING_FOR_SELLER_RESPONSE");
});

test("a token is fetched once, anew when PayPal takes it no more, and never for a secret that is wrong", async () => {
  const { paypal, vault, control, clientId, account } = shop();
  const { id } = await paypal.orders.create(order, "1");
  await Promise.all([paypal.orders.get(id), paypal.orders.get(id)]);
  expect(vault.opened).toBe(1);
  await control({ mode: "expire_tokens", client_id: clientId });
  expect((await paypal.orders.get(id)).id).toBe(id);
  expect(vault.opened).toBe(2);

  const thief = paypalWith(env, { ...account, secretKey: "guessed" }, openVault());
  expect(await failed(thief.orders.get(id))).toMatchObject({ kind: "refused", status: 401, name: "invalid_client" });
});

test("what is not answered, or answered by a breakdown, is unknown; asked again under its id it has happened once", async () => {
  const { paypal, control } = shop({ at: "faulty" });
  await paypal.orders.create(order, "0");
  await control({ mode: "timeout_after_success", path: "/v2/checkout/orders", ms: 10 });
  expect(await failed(paypal.orders.create(order, "1"))).toMatchObject({ kind: "unknown", status: null, name: "NO_ANSWER" });
  for (const status of [429, 500, 503]) {
    await control({ mode: "fail", path: "/v2/checkout/orders", status });
    expect(await failed(paypal.orders.create(order, "1"))).toMatchObject({ kind: "unknown", status });
  }
  const made = await paypal.orders.create(order, "1");
  expect((await paypal.orders.create(order, "1")).id).toBe(made.id);
  await control({ mode: "fail", path: "/v2/checkout/orders", status: 400 });
  expect((await failed(paypal.orders.create(order, "2"))).kind).toBe("refused");
});

test("production goes to PayPal's own hosts whatever a row says, and amounts are texts of the currency", () => {
  const row = { apiBase: "http://127.0.0.1:1", livemode: true };
  const production = { LATCHKEY_ENV: "production" } as typeof env;
  expect(originOf(production, row)).toBe("https://api-m.paypal.com");
  expect(originOf(production, { ...row, livemode: false })).toBe("https://api-m.sandbox.paypal.com");
  expect(certificateOriginOf(production, row)).toBe("https://api.paypal.com");
  expect(certificateOriginOf(production, { ...row, livemode: false })).toBe("https://api.sandbox.paypal.com");
  expect(originOf(env, row)).toBe("http://127.0.0.1:1");
  expect(moneyOf("JPY", 1200)).toEqual({ currency_code: "JPY", value: "1200" });
  expect(moneyOf("HUF", 120_000)).toEqual({ currency_code: "HUF", value: "1200" });
  expect(() => moneyOf("HUF", 120_050)).toThrow("does not take");
  expect(amountOf({ currency_code: "EUR", value: "-0.39" })).toBe(-39);
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcb_f4_39_26);
});

/** A webhook of a shop, signed by PayPal or, with a flaw, by somebody else. */
async function signed(s: ReturnType<typeof shop>, flaw?: string) {
  const webhook = await s.paypal.webhooks.create(`https://shop.example/${crypto.randomUUID()}`, ["*"]);
  const payload = '{"id":"WH-1",  "event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"X","note":"äöü"}}';
  const told = await s.control({ mode: "sign", webhook: webhook.id, payload, ...(flaw === undefined ? {} : { flaw }) });
  const incoming = {
    headers: new Headers(told["headers"] as Record<string, string>),
    body: new TextEncoder().encode(payload),
    webhookId: webhook.id,
  };
  return incoming;
}

test("a webhook is genuine by its certificate, and by PayPal's own word", async () => {
  const s = shop();
  const incoming = await signed(s);
  expect(await verifyByCertificate(env, s.account, incoming, new Date())).toEqual({ verdict: "genuine" });
  expect(await verifyByApi(s.paypal, incoming)).toEqual({ verdict: "genuine" });
});

test.each([
  ["signature", "signature"],
  ["webhook_id", "signature"],
  ["body", "signature"],
  ["algorithm", "algorithm"],
  ["cert_host", "cert_url"],
  ["cert_path", "cert_url"],
  ["cert_redirect", "certificate"],
  ["cert_expired", "expired"],
  ["cert_stranger", "not_trusted"],
])("a webhook with a false %s is refused both ways", async (flaw, why) => {
  const s = shop();
  const incoming = await signed(s, flaw);
  expect(await verifyByCertificate(env, s.account, incoming, new Date())).toEqual({ verdict: "refused", why });
  expect(await verifyByApi(s.paypal, incoming)).toEqual({ verdict: "refused", why: "signature" });
  expect((await verifyWebhook(env, s.account, s.paypal, incoming, new Date())).verdict).toBe("refused");
});

test("a genuine webhook is refused for another webhook id, with another body, without a header, at another time, and in production", async () => {
  const s = shop();
  const incoming = await signed(s);
  const why = async (changed: Partial<typeof incoming>, now = new Date()) => {
    const seen = await verifyByCertificate(env, s.account, { ...incoming, ...changed }, now);
    return seen.verdict === "refused" ? seen.why : seen.verdict;
  };
  expect(await why({ webhookId: "4JH86294D6297924G" })).toBe("signature");
  expect(await why({ webhookId: "" })).toBe("headers");
  expect(await why({ body: incoming.body.map((byte, index) => (index === 5 ? byte + 1 : byte)) })).toBe("signature");
  for (const name of ["transmission-id", "transmission-time", "transmission-sig", "cert-url", "auth-algo"]) {
    const headers = new Headers(incoming.headers);
    headers.delete(`paypal-${name}`);
    expect(await why({ headers }), name).toBe("headers");
  }
  const changed = (name: string, value: (was: string) => string) => {
    const headers = new Headers(incoming.headers);
    headers.set(`paypal-${name}`, value(headers.get(`paypal-${name}`) ?? ""));
    return { headers };
  };
  expect(await why(changed("transmission-time", () => "2020-01-01T00:00:00Z"))).toBe("signature");
  expect(await why(changed("cert-url", (was) => was.replace("http://", "http://user@")))).toBe("cert_url");
  expect(await why(changed("cert-url", (was) => `${was}?x=1`))).toBe("cert_url");
  expect(await why(changed("cert-url", (was) => was.replace("certs/", "certs/../certs/")))).toBe("cert_url");
  expect(await why(changed("cert-url", (was) => was.replace("good", "nothing")))).toBe("certificate");
  expect(await why({}, new Date("2099-01-01"))).toBe("expired");
  const production = { LATCHKEY_ENV: "production" } as typeof env;
  expect(await verifyByCertificate(production, s.account, incoming, new Date())).toEqual({ verdict: "refused", why: "cert_url" });
});

test("the pinned roots are roots, and no chain of the simulator leads to them", async () => {
  const roots = certificatesOf(PINNED_ROOTS);
  expect(roots).toHaveLength(4);
  // the oldest has signed itself with SHA-1, which nothing is believed on; nobody looks at a root's own signature
  expect(roots.filter(({ hash }) => hash === null)).toHaveLength(1);
  for (const root of roots.filter(({ hash }) => hash !== null)) {
    expect([root.isAuthority, root.maySign, root.hasUnknownDemand]).toEqual([true, true, false]);
    // each has signed itself, so the same reading and checking that a chain gets works on real certificates
    const named = { ...root, names: ["messageverificationcerts.paypal.com"] };
    expect(await chainFault([named], roots, new Date("2026-12-01"))).toBeUndefined();
    expect(await chainFault([root], roots, new Date("2026-12-01"))).toBe("not_paypal");
    expect(await chainFault([{ ...named, names: ["paypal.com.evil.example", "evilpaypal.com"] }], roots, new Date())).toBe(
      "not_paypal",
    );
    expect(
      await chainFault([{ ...named, signature: named.signature.map((byte) => byte ^ 1) }], roots, new Date("2026-12-01")),
    ).toBe("not_trusted");
  }
  const chain = certificatesOf(await (await fetch(`${inject("paypal").calm}/v1/notifications/certs/CERT-good`)).text());
  expect(await chainFault(chain, roots, new Date())).toBe("not_trusted");
  const own = certificatesOf(await (await fetch(`${inject("paypal").calm}/v1/notifications/certs/CERT-root`)).text());
  expect(await chainFault(chain, own, new Date())).toBeUndefined();
  // a leaf is no authority, and one authority may not be made by another that may not make any
  const [leaf, middle] = chain;
  if (!leaf || !middle) throw new Error("the chain has two certificates");
  expect(await chainFault([leaf, { ...middle, isAuthority: false }], own, new Date())).toBe("not_trusted");
  expect(await chainFault([leaf, { ...middle, maySign: false }], own, new Date())).toBe("not_trusted");
  expect(
    await chainFault(
      chain,
      own.map((root) => ({ ...root, pathLength: 0 })),
      new Date(),
    ),
  ).toBe("not_trusted");
  expect(await chainFault([leaf, { ...middle, hasUnknownDemand: true }], own, new Date())).toBe("not_trusted");
  expect(await chainFault([leaf, { ...middle, notAfter: new Date(0) }], own, new Date())).toBe("expired");
});
