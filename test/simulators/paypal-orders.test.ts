import { expect, test } from "vitest";
import { issueOf, orderOf, paid, paypalWorld } from "./paypal-world.ts";

test("a token is told to who knows the secret, and is worth nothing after nine hours", async () => {
  const world = await paypalWorld();
  expect((await world.token("live_shop", "wrong")).body).toMatchObject({ error: "invalid_client" });
  expect((await world.token("shop")).status).toBe(401);
  const { status, body } = await world.token();
  expect([status, body["token_type"], body["expires_in"]]).toEqual([200, "Bearer", 32_400]);

  const shop = await world.account();
  expect((await shop.call("GET", "/v2/checkout/orders/X", undefined, { token: "A21AA" })).body).toMatchObject({
    error: "invalid_token",
  });
  expect(issueOf(await shop.get("/v2/checkout/orders/X"))).toEqual([404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"]);
  const known = async () => (await shop.call("GET", "/v2/checkout/orders/X", undefined, { token: body["access_token"] })).status;
  await world.control({ mode: "clock", client_id: "live_shop", advance_s: 32_000 });
  expect(await known()).toBe(404);
  await world.control({ mode: "clock", client_id: "live_shop", advance_s: 400 });
  expect(await known()).toBe(401);
});

test("an order waits for its payer, and is captured once, with fee and net", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const made = await shop.post("/v2/checkout/orders", orderOf("100.00", "EUR", { custom_id: "ord_1", invoice_id: "inv_1" }));
  expect([made.status, made.body["status"]]).toEqual([201, "CREATED"]);
  const path = `/v2/checkout/orders/${made.body["id"]}`;
  expect(issueOf(await shop.post(`${path}/capture`))).toEqual([422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED"]);

  const approve = made.body["links"].find(({ rel }: { rel: string }) => rel === "approve").href;
  expect(await (await fetch(approve)).text()).toContain("Approve");
  await fetch(approve, { method: "POST", body: new URLSearchParams({ answer: "approve", email: "ada@personal.example" }) });
  expect((await shop.get(path)).body).toMatchObject({ status: "APPROVED", payer: { email_address: "ada@personal.example" } });

  const { status, body } = await shop.post(`${path}/capture`);
  expect([status, body["status"]]).toEqual([201, "COMPLETED"]);
  const [capture] = body["purchase_units"][0].payments.captures;
  expect(capture).toMatchObject({
    status: "COMPLETED",
    custom_id: "ord_1",
    invoice_id: "inv_1",
    amount: { currency_code: "EUR", value: "100.00" },
    seller_receivable_breakdown: {
      gross_amount: { value: "100.00" },
      paypal_fee: { value: "3.38" },
      net_amount: { value: "96.62" },
    },
    supplementary_data: { related_ids: { order_id: made.body["id"] } },
  });
  expect((await shop.get(`/v2/payments/captures/${capture.id}`)).body).toEqual(capture);
  expect(issueOf(await shop.post(`${path}/capture`))).toEqual([422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED"]);
});

test("the payer who cancels comes back without paying, and the one who approves with a PayerID", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const experience_context = { return_url: "https://shop.example/back?x=1", cancel_url: "https://shop.example/no" };
  const made = await shop.post("/v2/checkout/orders", { ...orderOf(), payment_source: { paypal: { experience_context } } });
  expect(made.body["status"]).toBe("PAYER_ACTION_REQUIRED");
  const page = made.body["links"].find(({ rel }: { rel: string }) => rel === "payer-action").href;
  const answer = async (word: string) => {
    const response = await fetch(page, { method: "POST", body: new URLSearchParams({ answer: word }), redirect: "manual" });
    return response.headers.get("location");
  };
  expect(await answer("cancel")).toBe(`https://shop.example/no?token=${made.body["id"]}`);
  expect((await shop.get(`/v2/checkout/orders/${made.body["id"]}`)).body["status"]).toBe("PAYER_ACTION_REQUIRED");
  expect(await answer("approve")).toMatch(/^https:\/\/shop\.example\/back\?x=1&token=\w+&PayerID=\w{13}$/);
});

test.each([
  ["INSTRUMENT_DECLINED", "redirect"],
  ["PAYER_CANNOT_PAY", undefined],
])("a wallet that answers %s leaves the order approved", async (wallet, rel) => {
  const world = await paypalWorld();
  const shop = await world.account();
  const { body: order } = await shop.post("/v2/checkout/orders", orderOf());
  await world.control({ mode: "approve", id: order["id"], wallet });
  const refused = await shop.post(`/v2/checkout/orders/${order["id"]}/capture`, {}, { requestId: "try-1" });
  expect(issueOf(refused)).toEqual([422, "UNPROCESSABLE_ENTITY", wallet]);
  expect(refused.body["links"][0]?.rel).toBe(rel);
  expect(refused.headers.get("paypal-debug-id")).toBe(refused.body["debug_id"]);
  expect((await shop.get(`/v2/checkout/orders/${order["id"]}`)).body["status"]).toBe("APPROVED");
  await world.control({ mode: "wallet", id: order["id"], wallet: "ok" });
  expect((await shop.post(`/v2/checkout/orders/${order["id"]}/capture`, {}, { requestId: "try-1" })).body["status"]).toBe(
    "COMPLETED",
  );
});

test("a capture can be pending with a reason, and ends completed or declined", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const [good, bad] = [await paid(world, shop, "5.00", "pending"), await paid(world, shop, "6.00", "pending")];
  expect(good.capture).toMatchObject({ status: "PENDING", status_details: { reason: "ECHECK" } });
  expect(good.capture["seller_receivable_breakdown"]).toEqual({ gross_amount: { currency_code: "EUR", value: "5.00" } });
  await world.control({ mode: "settle", id: good.capture["id"] });
  await world.control({ mode: "settle", id: bad.capture["id"], failed: true });
  const statusOf = async (id: string) => (await shop.get(`/v2/payments/captures/${id}`)).body["status"];
  expect([await statusOf(good.capture["id"]), await statusOf(bad.capture["id"])]).toEqual(["COMPLETED", "DECLINED"]);
  expect((await paid(world, shop, "7.00", "declined")).capture["status"]).toBe("DECLINED");
});

test.each([
  ["10.5", "HUF", "DECIMALS_NOT_SUPPORTED"],
  ["100.00", "JPY", "DECIMALS_NOT_SUPPORTED"],
  ["1.001", "EUR", "DECIMAL_PRECISION"],
  ["0.00", "EUR", "CANNOT_BE_ZERO_OR_NEGATIVE"],
  ["-1.00", "EUR", "CANNOT_BE_NEGATIVE"],
  ["1,00", "EUR", "INVALID_PARAMETER_SYNTAX"],
  ["5.000", "KWD", "CURRENCY_NOT_SUPPORTED"],
])("an amount of %s %s is refused: %s", async (value, currency, issue) => {
  const shop = await (await paypalWorld()).account();
  expect(issueOf(await shop.post("/v2/checkout/orders", orderOf(value, currency)))).toEqual([422, "UNPROCESSABLE_ENTITY", issue]);
});

test("amounts without decimals come back without, and parts must add up", async () => {
  const shop = await (await paypalWorld()).account();
  const { body } = await shop.post("/v2/checkout/orders", orderOf("1200", "JPY"));
  expect(body["purchase_units"][0].amount).toEqual({ currency_code: "JPY", value: "1200" });
  const parts = (item: string, tax: string) => ({
    intent: "CAPTURE",
    purchase_units: [
      {
        amount: {
          currency_code: "EUR",
          value: "11.90",
          breakdown: { item_total: { currency_code: "EUR", value: item }, tax_total: { currency_code: "EUR", value: tax } },
        },
      },
    ],
  });
  expect(issueOf(await shop.post("/v2/checkout/orders", parts("10.00", "1.91")))[2]).toBe("AMOUNT_MISMATCH");
  expect((await shop.post("/v2/checkout/orders", parts("10.00", "1.90"))).status).toBe(201);
});

test("refunds: in parts, never more than was taken, and pending ones may fail", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const { capture } = await paid(world, shop, "10.00");
  const path = `/v2/payments/captures/${capture["id"]}`;
  const part = (value: string) => shop.post(`${path}/refund`, { amount: { currency_code: "EUR", value } });
  expect(issueOf(await part("10.01"))[2]).toBe("REFUND_AMOUNT_EXCEEDED");
  const first = await part("4.00");
  expect(first.body).toMatchObject({
    status: "COMPLETED",
    amount: { value: "4.00" },
    seller_payable_breakdown: { total_refunded_amount: { value: "4.00" } },
  });
  expect((await shop.get(path)).body["status"]).toBe("PARTIALLY_REFUNDED");

  await world.control({ mode: "next_refund", capture: capture["id"], status: "PENDING" });
  const pending = await part("6.00");
  expect(pending.body["status"]).toBe("PENDING");
  await world.control({ mode: "settle", id: pending.body["id"], failed: true });
  expect((await shop.get(`/v2/payments/refunds/${pending.body["id"]}`)).body["status"]).toBe("FAILED");
  expect((await shop.get(path)).body["status"]).toBe("PARTIALLY_REFUNDED");

  expect((await shop.post(`${path}/refund`)).body["amount"]).toEqual({ currency_code: "EUR", value: "6.00" });
  expect((await shop.get(path)).body["status"]).toBe("REFUNDED");
  expect(issueOf(await part("0.01"))[2]).toBe("CAPTURE_FULLY_REFUNDED");
});

test("a request id does its work once for six hours, answers with the order as it is, and is of one request", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const create = (value: string) => shop.post("/v2/checkout/orders", orderOf(value), { requestId: "ord_1/order", minimal: true });
  const first = await create("5.00");
  expect(first.body).not.toHaveProperty("purchase_units");
  await world.control({ mode: "approve", id: first.body["id"] });
  const again = await create("5.00");
  expect([again.status, again.body["id"], again.body["status"]]).toEqual([200, first.body["id"], "APPROVED"]);
  expect(issueOf(await create("6.00"))[2]).toBe("PAYPAL_REQUEST_ID_PREVIOUSLY_USED");

  const capture = () => shop.post(`/v2/checkout/orders/${first.body["id"]}/capture`, {}, { requestId: "ord_1/capture" });
  const [one, two] = [await capture(), await capture()];
  expect([one.status, two.status]).toEqual([201, 200]);
  expect(two.body["purchase_units"]).toEqual(one.body["purchase_units"]);

  await world.control({ mode: "clock", client_id: "live_shop", advance_s: 6 * 3600 });
  expect((await create("5.00")).body["id"]).not.toBe(first.body["id"]);
  expect(issueOf(await capture())[2]).toBe("ORDER_ALREADY_CAPTURED");
});

test("an answer that is held back has had its effect, and a failure ordered before has none", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  await world.control({ mode: "fail", path: "/v2/checkout/orders", status: 503 });
  expect((await shop.post("/v2/checkout/orders", orderOf(), { requestId: "a" })).status).toBe(503);
  await world.control({ mode: "timeout_after_success", path: "/v2/checkout/orders", ms: 10 });
  await expect(shop.post("/v2/checkout/orders", orderOf(), { requestId: "a" })).rejects.toThrow();
  expect((await shop.post("/v2/checkout/orders", orderOf(), { requestId: "a" })).status).toBe(200);
});

test("a kept wallet pays without its owner, until it refuses or is forgotten", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const setup = await shop.post("/v3/vault/setup-tokens", {
    payment_source: { paypal: { usage_type: "MERCHANT" } },
    customer: { id: "cus1" },
  });
  const exchange = () =>
    shop.post("/v3/vault/payment-tokens", { payment_source: { token: { id: setup.body["id"], type: "SETUP_TOKEN" } } });
  expect((await exchange()).status).toBe(422);
  await world.control({ mode: "approve", id: setup.body["id"] });
  expect((await shop.get(`/v3/vault/setup-tokens/${setup.body["id"]}`)).body["status"]).toBe("APPROVED");
  const token = (await exchange()).body;
  expect((await shop.get("/v3/vault/payment-tokens?customer_id=cus1")).body["payment_tokens"]).toHaveLength(1);

  const stored_credential = { payment_initiator: "MERCHANT", usage: "SUBSEQUENT" };
  const payment_source = { paypal: { vault_id: token["id"], stored_credential } };
  const pay = (requestId?: string) =>
    shop.post("/v2/checkout/orders", { ...orderOf(), payment_source }, requestId === undefined ? {} : { requestId });
  expect(issueOf(await pay())).toEqual([400, "INVALID_REQUEST", "PAYPAL_REQUEST_ID_REQUIRED"]);
  const order = await pay("1");
  expect(order.body["status"]).toBe("COMPLETED");
  expect(order.body["purchase_units"][0].payments.captures[0].status).toBe("COMPLETED");

  await world.control({ mode: "wallet", id: token["id"], wallet: "PAYER_CANNOT_PAY" });
  expect(issueOf(await pay("2"))[2]).toBe("PAYER_CANNOT_PAY");
  const waiting = await shop.post("/v2/checkout/orders", orderOf());
  const capture = () => shop.post(`/v2/checkout/orders/${waiting.body["id"]}/capture`, { payment_source });
  expect(issueOf(await capture())[2]).toBe("PAYER_CANNOT_PAY");
  await world.control({ mode: "wallet", id: token["id"], wallet: "ok" });
  expect((await capture()).body["status"]).toBe("COMPLETED");

  expect((await shop.call("DELETE", `/v3/vault/payment-tokens/${token["id"]}`)).status).toBe(204);
  expect(issueOf(await pay("3"))[2]).toBe("TOKEN_ID_NOT_FOUND");
});

test("a wallet is kept by paying, when that was asked for", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const attributes = { vault: { store_in_vault: "ON_SUCCESS", usage_type: "MERCHANT" }, customer: { id: "cus7" } };
  const made = await shop.post("/v2/checkout/orders", { ...orderOf(), payment_source: { paypal: { attributes } } });
  await world.control({ mode: "approve", id: made.body["id"] });
  const { body } = await shop.post(`/v2/checkout/orders/${made.body["id"]}/capture`);
  const { vault } = body["payment_source"].paypal.attributes;
  expect(vault).toMatchObject({ status: "VAULTED", customer: { id: "cus7" } });
  expect((await shop.get(`/v3/vault/payment-tokens/${vault.id}`)).status).toBe(200);
});

test("live and sandbox of one account, and two accounts, know nothing of each other; a patch changes what is not yet paid", async () => {
  const world = await paypalWorld();
  const [live, sandbox] = [await world.account("live_shop"), await world.account("sandbox_shop")];
  const { body } = await live.post("/v2/checkout/orders", orderOf());
  const path = `/v2/checkout/orders/${body["id"]}`;
  expect((await sandbox.get(path)).status).toBe(404);
  const patch = [
    { op: "replace", path: "/purchase_units/@reference_id=='default'/amount", value: { currency_code: "EUR", value: "9.00" } },
  ];
  expect((await live.call("PATCH", path, patch)).status).toBe(204);
  expect((await live.get(path)).body["purchase_units"][0].amount.value).toBe("9.00");
  await world.control({ mode: "void", order: body["id"] });
  expect(issueOf(await live.call("PATCH", path, patch))[2]).toBe("ORDER_COMPLETED_OR_VOIDED");
  const mocked = await sandbox.post("/v2/checkout/orders", orderOf(), {
    headers: { "paypal-mock-response": JSON.stringify({ mock_application_codes: "INTERNAL_TEST" }) },
  });
  expect(issueOf(mocked)[2]).toBe("INTERNAL_TEST");
});

test("an order that nobody approved for three hours is gone, and an invoice id pays once", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  const pair = [
    await shop.post("/v2/checkout/orders", orderOf("1.00", "EUR", { invoice_id: "i" })),
    await shop.post("/v2/checkout/orders", orderOf("1.00", "EUR", { invoice_id: "i" })),
  ];
  const issues: unknown[] = [];
  for (const { body } of pair) {
    await world.control({ mode: "approve", id: body["id"] });
    issues.push(issueOf(await shop.post(`/v2/checkout/orders/${body["id"]}/capture`))[2]);
  }
  expect(issues).toEqual([undefined, "DUPLICATE_INVOICE_ID"]);

  const { body } = await shop.post("/v2/checkout/orders", orderOf());
  await world.control({ mode: "clock", client_id: "live_shop", advance_s: 3 * 3600 });
  expect((await shop.get(`/v2/checkout/orders/${body["id"]}`)).status).toBe(404);
});

test("of two requests under one id at once, the second is told to wait", async () => {
  const world = await paypalWorld();
  const shop = await world.account();
  await world.control({ mode: "latency", ms: 50 });
  const create = () => shop.post("/v2/checkout/orders", orderOf(), { requestId: "twice" });
  const answers = await Promise.all([create(), create()]);
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
});
