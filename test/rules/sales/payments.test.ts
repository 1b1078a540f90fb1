import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  licensesOrdered,
  lineOfLicense,
  orderNumberText,
  ORDER_STATUSES,
  PAYMENT_STATUSES,
  paymentOutcome,
  type PaymentStatus,
  type ProviderPayment,
} from "#rules/sales/orders";

const STATES = ["waiting", "failed", "requires_action", "processing", "canceled", "succeeded"] as const;
const order = {
  status: "pending",
  paymentStatus: "pending",
  total: 4900,
  amountPaid: 0,
  currency: "EUR",
  livemode: true,
} as const;
const payment = { state: "succeeded", amountReceived: 4900, amountRefunded: 0, currency: "EUR", livemode: true } as const;

const orders = fc.record({
  status: fc.oneof(fc.constant("pending" as const), fc.constantFrom(...ORDER_STATUSES)),
  paymentStatus: fc.constantFrom(...PAYMENT_STATUSES),
  total: fc.nat(100),
  amountPaid: fc.nat(100),
  currency: fc.constantFrom("EUR", "EUR", "EUR", "USD"),
  livemode: fc.constantFrom(true, true, true, false),
});
const payments: fc.Arbitrary<ProviderPayment> = fc.record({
  state: fc.oneof(fc.constant("succeeded" as const), fc.constantFrom(...STATES)),
  amountReceived: fc.option(fc.nat(100), { freq: 10 }),
  amountRefunded: fc.option(fc.nat(100), { freq: 10 }),
  currency: fc.constantFrom("EUR", "EUR", "EUR", "USD"),
  livemode: fc.constantFrom(true, true, true, false),
});

describe("what a payment means for its order", () => {
  test.prop([orders, payments])(
    "it settles only a pending order, by money that stayed, covers the total, and is of its currency and mode",
    (order, payment) => {
      const outcome = paymentOutcome(order, payment);
      if (outcome.kind !== "settled") return;
      expect([order.status, payment.state, payment.currency, payment.livemode]).toEqual([
        "pending",
        "succeeded",
        order.currency,
        order.livemode,
      ]);
      expect(payment.amountReceived! - payment.amountRefunded!).toBe(outcome.amountPaid);
      expect(outcome.amountPaid).toBeGreaterThanOrEqual(order.total);
    },
  );

  test.prop([orders, payments])("seen again it is nothing, unless it is money that buys nothing", (order, payment) => {
    const outcome = paymentOutcome(order, payment);
    if (outcome.kind === "nothing" || outcome.kind === "unexpected") return;
    const after =
      outcome.kind === "settled"
        ? { ...order, status: "approved" as const, paymentStatus: "paid" as const, amountPaid: outcome.amountPaid }
        : { ...order, paymentStatus: outcome.paymentStatus, amountPaid: outcome.amountPaid };
    expect(paymentOutcome(after, payment)).toEqual({ kind: "nothing" });
  });

  test.prop([orders, payments])(
    "what is no money moves no order that has some, and none that is past pending",
    (order, payment) => {
      fc.pre(payment.state !== "succeeded");
      const hasMoney: PaymentStatus[] = ["partially_paid", "paid", "partially_refunded", "refunded", "disputed"];
      if (order.status === "pending" && !hasMoney.includes(order.paymentStatus)) return;
      expect(paymentOutcome(order, payment)).toEqual({ kind: "nothing" });
    },
  );

  test.each([
    ["covers", {}, {}, { kind: "settled", amountPaid: 4900 }],
    ["one cent less", {}, { amountReceived: 4899 }, { kind: "moved", paymentStatus: "partially_paid", amountPaid: 4899 }],
    ["one cent more", {}, { amountReceived: 4901 }, { kind: "settled", amountPaid: 4901 }],
    ["a surplus that went back", {}, { amountReceived: 5000, amountRefunded: 100 }, { kind: "settled", amountPaid: 4900 }],
    [
      "a part that went back first",
      {},
      { amountRefunded: 1 },
      { kind: "moved", paymentStatus: "partially_refunded", amountPaid: 4899 },
    ],
    ["all of it went back first", {}, { amountRefunded: 4900 }, { kind: "moved", paymentStatus: "refunded", amountPaid: 0 }],
    ["another currency", {}, { currency: "USD" }, { kind: "unexpected", reason: "wrong_currency" }],
    ["another mode", {}, { livemode: false }, { kind: "unexpected", reason: "wrong_mode" }],
    ["an amount that is none", {}, { amountReceived: null }, { kind: "unexpected", reason: "unknown_amount" }],
    ["for a canceled order", { status: "canceled" }, {}, { kind: "unexpected", reason: "order_canceled" }],
    [
      "for a canceled order, on its way back",
      { status: "canceled" },
      { amountRefunded: 4900 },
      { kind: "unexpected", reason: "order_canceled" },
    ],
    [
      "for a canceled order, given back",
      { status: "canceled", paymentStatus: "refunded" },
      { amountRefunded: 4900 },
      { kind: "nothing" },
    ],
    ["again", { status: "approved", paymentStatus: "paid", amountPaid: 4900 }, {}, { kind: "nothing" }],
    ["again, fulfilled", { status: "fulfilled", paymentStatus: "paid", amountPaid: 4900 }, {}, { kind: "nothing" }],
    ["declined", {}, { state: "failed", amountReceived: 0 }, { kind: "moved", paymentStatus: "failed", amountPaid: 0 }],
    [
      "ended at the provider",
      {},
      { state: "canceled", amountReceived: 0 },
      { kind: "moved", paymentStatus: "failed", amountPaid: 0 },
    ],
    [
      "another card after a decline",
      { paymentStatus: "failed" },
      { state: "processing" },
      { kind: "moved", paymentStatus: "processing", amountPaid: 0 },
    ],
    ["not begun", {}, { state: "waiting", amountReceived: 0 }, { kind: "nothing" }],
  ] as const)("%s", (_, ofOrder, ofPayment, outcome) => {
    expect(paymentOutcome({ ...order, ...ofOrder }, { ...payment, ...ofPayment })).toEqual(outcome);
  });
});

describe("the licenses of an order", () => {
  const lines = [
    { quantity: 2, name: "a" },
    { quantity: 1, name: "b" },
    { quantity: 3, name: "c" },
  ];

  test("belong to its lines in turn", () => {
    expect(licensesOrdered(lines)).toBe(6);
    expect([0, 1, 2, 3, 4, 5, 6].map((index) => lineOfLicense(lines, index)?.name)).toEqual([
      "a",
      "a",
      "b",
      "c",
      "c",
      "c",
      undefined,
    ]);
    expect(lineOfLicense([], 0)).toBeUndefined();
  });

  test.prop([fc.array(fc.record({ quantity: fc.integer({ min: 1, max: 20 }) }), { maxLength: 10 })])(
    "are as many of each line as were bought",
    (lines) => {
      const bought = new Map(lines.map((line) => [line, 0]));
      for (let index = 0; index < licensesOrdered(lines); index++) {
        const line = lineOfLicense(lines, index)!;
        bought.set(line, (bought.get(line) ?? 0) + 1);
      }
      for (const [line, count] of bought) expect(count).toBe(line.quantity);
    },
  );
});

test.each([
  [1, "ORD-000001"],
  [42, "ORD-000042"],
  [1_234_567, "ORD-1234567"],
])("order %i is called %s", (number, text) => {
  expect(orderNumberText(number)).toBe(text);
});
