import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { PROVIDERS, isAmount, percentOf } from "#rules/money";
import {
  ORDER_MOVES,
  ORDER_STATUSES,
  type OrderMove,
  type OrderState,
  type OrderStatus,
  PAYMENT_STATUSES,
  type PaymentStatus,
  initialPaymentStatus,
  judgePayment,
  priceOrder,
  whyNotMoveOrder,
} from "#rules/sales/orders";

const MOVES: OrderMove[] = ["approve", "settle", "fulfill", "cancel"];
const orders: fc.Arbitrary<OrderState> = fc.record({
  status: fc.constantFrom(...ORDER_STATUSES),
  paymentStatus: fc.constantFrom(...PAYMENT_STATUSES),
  provider: fc.constantFrom(...PROVIDERS),
});
const why = (move: OrderMove, status: OrderStatus, paymentStatus: PaymentStatus, provider: OrderState["provider"] = "stripe") =>
  whyNotMoveOrder({ status, paymentStatus, provider }, move)?.code ?? null;

describe("an order's moves", () => {
  test.prop([orders, fc.constantFrom(...MOVES)])("start only where the table says", (order, move) => {
    if (whyNotMoveOrder(order, move) === null) expect(order.status).toBe(ORDER_MOVES[move].from);
  });

  test.prop([orders])("nothing leaves fulfilled or canceled", (order) => {
    fc.pre(order.status === "fulfilled" || order.status === "canceled");
    for (const move of MOVES) expect(whyNotMoveOrder(order, move)).not.toBeNull();
  });

  test.prop([orders])("licenses come only for settled money, or for an order approved by hand", (order) => {
    fc.pre(whyNotMoveOrder(order, "fulfill") === null);
    const byHand = order.provider === "manual" && !["refunded", "partially_refunded", "disputed"].includes(order.paymentStatus);
    expect(byHand || ["paid", "not_required"].includes(order.paymentStatus)).toBe(true);
  });

  test.prop([orders])("no order is canceled while money is here or on its way", (order) => {
    fc.pre(["processing", "partially_paid", "paid", "partially_refunded", "disputed"].includes(order.paymentStatus));
    expect(whyNotMoveOrder(order, "cancel")).not.toBeNull();
  });

  test("approving is for manual orders and those that cost nothing; money approves the others", () => {
    expect(why("approve", "pending", "pending", "manual")).toBeNull();
    expect(why("approve", "pending", "not_required", "stripe")).toBeNull();
    expect(why("approve", "pending", "pending", "stripe")).toBe("payment_pending");
    expect(why("approve", "pending", "partially_paid", "paypal")).toBe("payment_pending");
    expect(why("approve", "approved", "paid")).toBe("already_done");
    expect(why("approve", "fulfilled", "paid")).toBe("already_done");
    expect(why("settle", "pending", "processing")).toBeNull();
    expect(why("settle", "approved", "paid")).toBe("already_done");
    expect(why("settle", "fulfilled", "paid")).toBe("already_done");
    expect(why("settle", "canceled", "pending")).toBe("order_canceled");
  });

  test("fulfilling needs approval, and money that stayed", () => {
    expect(why("fulfill", "approved", "paid")).toBeNull();
    expect(why("fulfill", "approved", "not_required")).toBeNull();
    expect(why("fulfill", "approved", "pending", "manual")).toBeNull();
    expect(why("fulfill", "pending", "paid")).toBe("not_approved");
    expect(why("fulfill", "approved", "partially_paid")).toBe("payment_pending");
    expect(why("fulfill", "approved", "refunded", "manual")).toBe("payment_reversed");
    expect(why("fulfill", "approved", "partially_refunded")).toBe("payment_reversed");
    expect(why("fulfill", "approved", "disputed")).toBe("payment_reversed");
    expect(why("fulfill", "fulfilled", "paid")).toBe("already_done");
    expect(why("fulfill", "canceled", "paid")).toBe("order_canceled");
  });

  test("canceling is for orders that nobody paid or approved", () => {
    expect(why("cancel", "pending", "pending")).toBeNull();
    expect(why("cancel", "pending", "failed")).toBeNull();
    expect(why("cancel", "pending", "refunded")).toBeNull();
    expect(why("cancel", "pending", "processing")).toBe("payment_processing");
    expect(why("cancel", "pending", "partially_paid")).toBe("order_paid");
    expect(why("cancel", "approved", "paid")).toBe("order_paid");
    expect(why("cancel", "fulfilled", "paid")).toBe("order_paid");
    expect(why("cancel", "approved", "not_required")).toBe("order_approved");
    expect(why("cancel", "canceled", "pending")).toBe("already_done");
  });

  test("a total of nothing needs no payment", () => {
    expect([initialPaymentStatus(0), initialPaymentStatus(1)]).toEqual(["not_required", "pending"]);
  });
});

describe("pricing", () => {
  const lines = fc.array(fc.record({ quantity: fc.integer({ min: 1, max: 1000 }), unitAmount: fc.nat(10_000_000) }), {
    minLength: 1,
    maxLength: 20,
  });
  const percents = fc.integer({ min: 0, max: 1_000_000 }).map((n) => (n / 10_000).toFixed(4));
  const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);

  test.prop([
    lines,
    fc.oneof(
      fc.constant(null),
      percents.map((percent) => ({ percent })),
      fc.nat(10_000).map((amount) => ({ amount })),
    ),
  ])("every sum holds, and no line is cheaper than free", (items, discount) => {
    const result = priceOrder(items, discount, "EUR");
    if (!result.ok) {
      expect(result.code).toBe("discount_too_large");
      return;
    }
    const { price } = result;
    expect(price.subtotal).toBe(sum(items.map(({ quantity, unitAmount }) => quantity * unitAmount)));
    expect(sum(price.lines.map((line) => line.amount))).toBe(price.subtotal);
    expect(sum(price.lines.map((line) => line.discount))).toBe(price.discountTotal);
    expect(sum(price.lines.map((line) => line.total))).toBe(price.total);
    expect(price.total).toBe(price.subtotal - price.discountTotal + price.taxTotal);
    for (const line of price.lines) {
      expect(line.total).toBe(line.amount - line.discount + line.tax);
      expect([line.amount, line.discount, line.total].every((n) => isAmount(n) && n >= 0)).toBe(true);
    }
    if (discount && "percent" in discount) expect(price.discountTotal).toBe(percentOf(price.subtotal, discount.percent));
    if (discount && "amount" in discount) expect(price.discountTotal).toBe(discount.amount);
  });

  test("a discount is split over the lines by largest remainder", () => {
    const items = [
      { quantity: 1, unitAmount: 1000 },
      { quantity: 1, unitAmount: 1000 },
      { quantity: 1, unitAmount: 1000 },
    ];
    expect(priceOrder(items, { amount: 100 }, "EUR")).toEqual({
      ok: true,
      price: {
        currency: "EUR",
        subtotal: 3000,
        discountTotal: 100,
        taxTotal: 0,
        total: 2900,
        lines: [
          { amount: 1000, discount: 34, tax: 0, total: 966 },
          { amount: 1000, discount: 33, tax: 0, total: 967 },
          { amount: 1000, discount: 33, tax: 0, total: 967 },
        ],
      },
    });
  });

  test("the whole order may be free", () => {
    const all = priceOrder([{ quantity: 2, unitAmount: 50 }], { percent: 100 }, "EUR");
    expect(all).toMatchObject({ ok: true, price: { total: 0, lines: [{ discount: 100, total: 0 }] } });
    expect(priceOrder([{ quantity: 2, unitAmount: 50 }], { amount: 100 }, "EUR")).toMatchObject({
      ok: true,
      price: { total: 0 },
    });
    expect(priceOrder([{ quantity: 2, unitAmount: 50 }], { amount: 0 }, "EUR")).toMatchObject({
      ok: true,
      price: { total: 100 },
    });
    expect(priceOrder([], null, "EUR")).toMatchObject({ ok: true, price: { total: 0, lines: [] } });
  });

  test.each([
    ["unknown_currency", "/currency", [{ quantity: 1, unitAmount: 1 }], null, "XXX"],
    [
      "invalid_quantity",
      "/items/1/quantity",
      [
        { quantity: 1, unitAmount: 1 },
        { quantity: 0, unitAmount: 1 },
      ],
      null,
      "EUR",
    ],
    ["invalid_quantity", "/items/0/quantity", [{ quantity: 1.5, unitAmount: 1 }], null, "EUR"],
    ["invalid_amount", "/items/0/unit_amount", [{ quantity: 1, unitAmount: -1 }], null, "EUR"],
    ["invalid_amount", "/items/0/unit_amount", [{ quantity: 1, unitAmount: 0.5 }], null, "EUR"],
    ["amount_too_large", "/items/0", [{ quantity: 1000, unitAmount: Number.MAX_SAFE_INTEGER }], null, "EUR"],
    [
      "amount_too_large",
      "/items/1",
      [
        { quantity: 1, unitAmount: Number.MAX_SAFE_INTEGER },
        { quantity: 1, unitAmount: 1 },
      ],
      null,
      "EUR",
    ],
    ["discount_too_large", "/discount/amount", [{ quantity: 1, unitAmount: 10 }], { amount: 11 }, "EUR"],
    ["invalid_amount", "/discount/amount", [{ quantity: 1, unitAmount: 10 }], { amount: -1 }, "EUR"],
    ["invalid_percent", "/discount/percent", [{ quantity: 1, unitAmount: 10 }], { percent: "100.0001" }, "EUR"],
    ["invalid_percent", "/discount/percent", [{ quantity: 1, unitAmount: 10 }], { percent: -5 }, "EUR"],
  ])("%s at %s is refused", (code, pointer, items, discount, currency) => {
    expect(priceOrder(items, discount, currency)).toEqual({ ok: false, code, pointer, detail: expect.stringMatching(/^.+\.$/) });
  });
});

describe("settled money", () => {
  const order = { total: 1999, currency: "EUR", livemode: true };
  test.each([
    ["covers", { amountReceived: 1999, currency: "EUR", livemode: true }],
    ["covers", { amountReceived: 1999, currency: "eur", livemode: true }],
    ["partial", { amountReceived: 1998, currency: "EUR", livemode: true }],
    ["partial", { amountReceived: 0, currency: "EUR", livemode: true }],
    ["partial", { amountReceived: Number.NaN, currency: "EUR", livemode: true }],
    ["partial", { amountReceived: 1999.5, currency: "EUR", livemode: true }],
    ["over", { amountReceived: 2000, currency: "EUR", livemode: true }],
    ["wrong_currency", { amountReceived: 1999, currency: "USD", livemode: true }],
    ["wrong_currency", { amountReceived: 199_900, currency: "JPY", livemode: true }],
    ["wrong_mode", { amountReceived: 1999, currency: "EUR", livemode: false }],
    ["wrong_mode", { amountReceived: 1999, currency: "USD", livemode: false }],
  ] as const)("%s: %j", (judgement, payment) => {
    expect(judgePayment(order, payment)).toBe(judgement);
  });
});
