import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { INVOICE_STATUSES } from "#rules/billing/invoices";
import {
  allocate,
  asOrderPayment,
  type Attempt,
  attemptKey,
  beyondUnapplied,
  DISPUTE_STATUSES,
  type DisputeStatus,
  effectOfDispute,
  effectOfRefund,
  type MoneyTarget,
  lostOfUnapplied,
  moveDispute,
  movePayment,
  moveRefund,
  nextAttempt,
  type OwnPayment,
  PAYMENT_STATES,
  type PaymentState,
  refundableOf,
  type RefundablePayment,
  REFUND_STATUSES,
  spreadRefund,
  stateOfPaypalOrder,
  stateOfPaypalSale,
  stateOfStripeIntent,
  statusOfPaypalDispute,
  statusOfStripeDispute,
  type ToldPayment,
  usableUnapplied,
  WHEN_MONEY_GOES,
  whyNotRefund,
} from "#rules/billing/payments";
import { ORDER_STATUSES } from "#rules/sales/orders";

const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);
const told = (status: PaymentState, changes: Partial<ToldPayment> = {}): ToldPayment => ({
  status,
  amountReceived: status === "succeeded" ? 500 : 0,
  amountRefunded: 0,
  currency: "EUR",
  livemode: true,
  ...changes,
});
const fresh: OwnPayment = { status: "requires_method", amountReceived: 0, currency: "EUR", livemode: true };
function applied(ours: OwnPayment, telling: ToldPayment): OwnPayment {
  const moved = movePayment(ours, telling);
  if (moved.kind === "moved") return { ...ours, status: moved.status };
  return moved.kind === "settled" ? { ...ours, status: "succeeded", amountReceived: moved.amountReceived } : ours;
}

/** What providers do: tries come and are declined, and in the end it is paid, ended, or still waits. */
const tries = fc.array(
  fc.constantFrom<PaymentState[]>(
    ["requires_confirmation", "failed"],
    ["requires_action", "processing", "failed"],
    ["requires_action"],
    ["processing", "failed"],
  ),
  { maxLength: 3 },
);
const ends = fc.constantFrom<PaymentState[]>(
  ["processing", "succeeded"],
  ["succeeded"],
  ["canceled"],
  ["requires_action"],
  ["failed"],
  [],
);
const lives = fc.tuple(tries, ends).map(([before, end]): PaymentState[] => ["requires_method", ...before.flat(), ...end]);

describe("one payment", () => {
  test.prop([lives.chain((life) => fc.tuple(fc.constant(life), fc.array(fc.nat(life.length - 1), { maxLength: 15 })))])(
    "whatever of its life was told, how often and in which order: the last fetch ends in one state",
    ([life, tellings]) => {
      // each telling is what a fetch found at some time, or nothing came of it
      const last = told(life.at(-1)!);
      const seen = tellings.map((index) => told(life[index]!));
      const ours = [...seen, last].reduce(applied, fresh);
      expect(ours).toEqual(applied(fresh, last));
    },
  );

  test.prop([lives.chain((life) => fc.tuple(fc.constant(life), fc.array(fc.nat(life.length - 1), { maxLength: 15 })))])(
    "settles at most once, and never unsettles",
    ([life, tellings]) => {
      let ours = fresh;
      let settled = 0;
      for (const index of tellings) {
        const telling = told(life[index]!);
        if (movePayment(ours, telling).kind === "settled") settled++;
        const next = applied(ours, telling);
        if (ours.status === "succeeded") expect(next).toEqual(ours);
        ours = next;
      }
      expect(settled).toBe(ours.status === "succeeded" ? 1 : 0);
    },
  );

  test("what was ended stays ended, but money that came all the same is money", () => {
    const ended = { ...fresh, status: "canceled" } as const;
    expect(movePayment(ended, told("processing"))).toEqual({ kind: "nothing" });
    expect(movePayment(ended, told("succeeded"))).toEqual({ kind: "settled", amountReceived: 500 });
  });

  test("money of another mode, or of an amount that is none, moves nothing", () => {
    expect(movePayment(fresh, told("succeeded", { livemode: false }))).toEqual({ kind: "unexpected", reason: "wrong_mode" });
    expect(movePayment(fresh, told("succeeded", { amountReceived: null }))).toMatchObject({ reason: "unknown_amount" });
    expect(movePayment(fresh, told("succeeded", { amountReceived: -1 }))).toMatchObject({ reason: "unknown_amount" });
  });

  test("is read from what Stripe and PayPal call it; an unknown word moves nothing", () => {
    expect(stateOfStripeIntent("requires_payment_method", false)).toBe("requires_method");
    expect(stateOfStripeIntent("requires_payment_method", true)).toBe("failed");
    expect(stateOfStripeIntent("succeeded", true)).toBe("succeeded");
    expect([stateOfStripeIntent("toString", false), stateOfStripeIntent("paid", false)]).toEqual([null, null]);
    expect(stateOfPaypalOrder("CREATED", null)).toBe("requires_action");
    expect(stateOfPaypalOrder("APPROVED", null)).toBe("requires_confirmation");
    expect(stateOfPaypalOrder("COMPLETED", "PENDING")).toBe("processing");
    expect(stateOfPaypalOrder("COMPLETED", "DECLINED")).toBe("failed");
    expect(stateOfPaypalOrder("COMPLETED", "REFUNDED")).toBe("succeeded");
    expect([stateOfPaypalOrder("COMPLETED", null), stateOfPaypalOrder("APPROVED", "NEW")]).toEqual([null, null]);
    expect(["completed", "denied", "pending", "reversed", "odd"].map(stateOfPaypalSale)).toEqual([
      "succeeded",
      "failed",
      "processing",
      "succeeded",
      null,
    ]);
    expect(PAYMENT_STATES.map((status) => asOrderPayment(told(status)).state)).toEqual([
      "waiting",
      "waiting",
      "requires_action",
      "processing",
      "succeeded",
      "failed",
      "canceled",
    ]);
  });
});

const targets: fc.Arbitrary<MoneyTarget> = fc.oneof(
  fc.record({
    kind: fc.constant("invoice" as const),
    status: fc.constantFrom(...INVOICE_STATUSES),
    amountDue: fc.nat(100),
    currency: fc.constantFrom("EUR", "EUR", "USD"),
  }),
  fc.record({
    kind: fc.constant("order" as const),
    status: fc.constantFrom(...ORDER_STATUSES),
    total: fc.nat(100),
    amountPaid: fc.nat(120),
    currency: fc.constantFrom("EUR", "EUR", "USD"),
  }),
  fc.constant({ kind: "nothing" as const }),
);
const money = fc.record({ amount: fc.nat(200), currency: fc.constant("EUR"), hasCustomer: fc.boolean() });

describe("where settled money goes", () => {
  test.prop([money, targets, fc.constantFrom("refund" as const, "credit" as const)])(
    "no unit is lost or used twice, and no more than is due is taken",
    (settled, target, whenUnwanted) => {
      const to = allocate(settled, target, whenUnwanted);
      expect(to.toInvoice + to.toUnapplied + to.toCredit).toBe(settled.amount);
      expect(Math.min(to.toInvoice, to.toUnapplied, to.toCredit, to.toRefund)).toBeGreaterThanOrEqual(0);
      expect(to.toRefund).toBeLessThanOrEqual(to.toUnapplied);
      expect(to.toInvoice).toBeLessThanOrEqual(target.kind === "invoice" ? target.amountDue : 0);
      if (!settled.hasCustomer) expect(to.toCredit).toBe(0);
      if (to.toCredit + to.toRefund > 0) expect(to.reason).not.toBeNull();
    },
  );

  test.prop([money, targets, fc.constantFrom("refund" as const, "credit" as const)])(
    "what is canceled, void, a draft, or of another currency gets nothing",
    (settled, target, whenUnwanted) => {
      fc.pre(target.kind !== "nothing" && (["canceled", "void", "draft"].includes(target.status) || target.currency !== "EUR"));
      const to = allocate(settled, target, whenUnwanted);
      expect([to.toInvoice, to.toCredit + to.toRefund, to.reason === null]).toEqual([0, settled.amount, false]);
    },
  );

  const euros = (amount: number) => ({ amount, currency: "EUR", hasCustomer: true });
  const none = { toInvoice: 0, toUnapplied: 0, toCredit: 0, toRefund: 0, recovers: false, reason: null };
  const open = { kind: "invoice", status: "open", amountDue: 100, currency: "EUR" } as const;
  const order = { kind: "order", status: "pending", total: 100, amountPaid: 30, currency: "EUR" } as const;

  test.each([
    ["covers", euros(100), open, { toInvoice: 100 }],
    ["a part", euros(40), open, { toInvoice: 40 }],
    ["too much", euros(150), open, { toInvoice: 100, toCredit: 50, reason: "surplus" }],
    [
      "too much, of nobody",
      { ...euros(150), hasCustomer: false },
      open,
      { toInvoice: 100, toUnapplied: 50, toRefund: 50, reason: "surplus" },
    ],
    ["for what was given up", euros(40), { ...open, status: "uncollectible" }, { toInvoice: 40, recovers: true }],
    ["for what is paid", euros(40), { ...open, status: "paid", amountDue: 0 }, { toCredit: 40, reason: "already_paid" }],
    ["for an order", euros(70), order, { toUnapplied: 70 }],
    ["for an order, too much", euros(90), order, { toUnapplied: 70, toCredit: 20, reason: "surplus" }],
    [
      "for a canceled order",
      euros(70),
      { ...order, status: "canceled" },
      { toUnapplied: 70, toRefund: 70, reason: "order_canceled" },
    ],
    ["for nothing that we know", euros(70), { kind: "nothing" }, { toUnapplied: 70, toRefund: 70, reason: "unknown_target" }],
  ] as [string, Parameters<typeof allocate>[0], MoneyTarget, object][])("%s", (_, settled, target, to) => {
    expect(allocate(settled, target, "refund")).toEqual({ ...none, ...to });
  });

  test("a tenant may keep unwanted money as credit, where it is of use to a customer", () => {
    const voided = { ...open, status: "void" } as const;
    expect(allocate(euros(70), voided, "credit")).toEqual({ ...none, toCredit: 70, reason: "invoice_void" });
    expect(allocate({ ...euros(70), hasCustomer: false }, voided, "credit")).toMatchObject({ toCredit: 0, toRefund: 70 });
    expect(allocate({ ...euros(70), currency: "USD" }, open, "credit")).toMatchObject({ toRefund: 70, reason: "wrong_currency" });
    expect(() => allocate(euros(-1), open, "credit")).toThrow(RangeError);
  });
});

describe("refunds", () => {
  const sources = ["invoice", "unapplied", "credit"] as const;
  const payments: fc.Arbitrary<RefundablePayment> = fc
    .tuple(
      fc.nat(100),
      fc.nat(100),
      fc.nat(100),
      fc.array(
        fc.record({ amount: fc.nat(50), status: fc.constantFrom(...REFUND_STATUSES), takenFrom: fc.constantFrom(...sources) }),
      ),
      fc.nat(50),
    )
    .map(([allocated, unapplied, creditLeft, refunds, amountDisputed]) => ({
      status: "succeeded" as const,
      amountReceived: allocated + unapplied + creditLeft,
      amountAllocated: allocated,
      unapplied,
      creditLeft,
      refunds,
      amountDisputed,
    }));

  test.prop([payments, fc.integer({ min: -5, max: 300 }), fc.constantFrom(...sources)])(
    "never send back more than came, with those on their way and what banks took counted in",
    (payment, amount, takenFrom) => {
      if (whyNotRefund(payment, amount, takenFrom) !== null) return;
      const sent = payment.refunds.filter(({ status }) => status === "pending" || status === "succeeded");
      expect(amount).toBeGreaterThan(0);
      expect(amount + sum(sent.map((refund) => refund.amount)) + payment.amountDisputed).toBeLessThanOrEqual(
        payment.amountReceived,
      );
    },
  );

  test("each refusal says what stands against it", () => {
    const payment: RefundablePayment = {
      status: "succeeded",
      amountReceived: 100,
      amountAllocated: 80,
      unapplied: 0,
      creditLeft: 5,
      refunds: [
        { amount: 30, status: "pending", takenFrom: "invoice" },
        { amount: 50, status: "failed", takenFrom: "invoice" },
      ],
      amountDisputed: 0,
    };
    expect(refundableOf(payment)).toEqual({ total: 70, invoice: 50, unapplied: 0, credit: 5 });
    expect(whyNotRefund(payment, 50, "invoice")).toBeNull();
    expect(whyNotRefund(payment, 51, "invoice")?.code).toBe("exceeds_payment");
    expect(whyNotRefund(payment, 6, "credit")?.code).toBe("exceeds_payment");
    expect(whyNotRefund(payment, 0, "invoice")?.code).toBe("invalid_amount");
    expect(whyNotRefund({ ...payment, status: "processing" }, 1, "invoice")?.code).toBe("payment_not_succeeded");
    expect(whyNotRefund({ ...payment, amountDisputed: 100 }, 1, "invoice")?.code).toBe("dispute_open");
  });

  test("go forward, and come back when they fail late", () => {
    expect(moveRefund("pending", "succeeded")).toEqual({ status: "succeeded", comesBack: false });
    expect(moveRefund("succeeded", "failed")).toEqual({ status: "failed", comesBack: true });
    expect(moveRefund("pending", "canceled")).toEqual({ status: "canceled", comesBack: true });
    expect([moveRefund("succeeded", "pending"), moveRefund("failed", "succeeded"), moveRefund("failed", "failed")]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test("go out over several payments, the oldest first, or not at all", () => {
    const paid = [
      { paymentId: "pay_1", refundable: 30 },
      { paymentId: "pay_2", refundable: 0 },
      { paymentId: "pay_3", refundable: 50 },
    ];
    expect(spreadRefund(paid, 40)).toEqual([
      { paymentId: "pay_1", amount: 30 },
      { paymentId: "pay_3", amount: 10 },
    ]);
    expect(spreadRefund(paid, 81)).toBeNull();
  });
});

describe("disputes", () => {
  const paths = fc.constantFrom<DisputeStatus[]>(
    ["inquiry", "won"],
    ["inquiry", "open", "lost"],
    ["open", "won"],
    ["open", "lost"],
    ["inquiry", "open", "won"],
  );

  test.prop([paths.chain((path) => fc.tuple(fc.constant(path), fc.array(fc.nat(path.length - 1), { maxLength: 8 })))])(
    "end where the provider ends, whatever was missed, and the books balance: gone if lost, back if won",
    ([path, tellings]) => {
      let ours: DisputeStatus | null = null;
      const facts: string[] = [];
      for (const status of [...tellings.map((index) => path[index]!), path.at(-1)!]) {
        const moved = moveDispute(ours, status);
        if (!moved) continue;
        ours = moved.status;
        facts.push(...moved.facts);
      }
      expect(ours).toBe(path.at(-1));
      expect(new Set(facts).size).toBe(facts.length);
      const count = (fact: string) => facts.filter((each) => each === fact).length;
      expect(count("dispute_opened")).toBe(count("dispute_won") + count("dispute_lost"));
      expect(count("dispute_lost")).toBe(path.at(-1) === "lost" ? 1 : 0);
    },
  );

  test("take hold of unapplied money first, and of none twice", () => {
    expect([
      usableUnapplied({ unapplied: 50, amountDisputed: 20 }),
      usableUnapplied({ unapplied: 50, amountDisputed: 60 }),
    ]).toEqual([30, 0]);
    expect([beyondUnapplied({ unapplied: 50 }, 70), beyondUnapplied({ unapplied: 50 }, 40)]).toEqual([20, 0]);
    expect([lostOfUnapplied({ unapplied: 50 }, 70, 20), lostOfUnapplied({ unapplied: 50 }, 30, 0)]).toEqual([50, 30]);
    // unapplied money that came back meanwhile is not taken on top of the credit
    expect(lostOfUnapplied({ unapplied: 60 }, 70, 20)).toBe(50);
  });

  test("hold licenses while they are open, and revoke them only when they are lost", () => {
    const effects = WHEN_MONEY_GOES.map((wish) => DISPUTE_STATUSES.map((status) => effectOfDispute(status, wish)));
    expect(effects).toEqual([
      ["none", "none", "none", "none"],
      ["none", "hold", "lift", "hold"],
      ["none", "hold", "lift", "revoke"],
    ]);
  });

  test("refunds touch licenses when all of the money went back", () => {
    const effects = (amountRefunded: number) =>
      WHEN_MONEY_GOES.map((wish) => effectOfRefund({ amountPaid: 100, amountRefunded }, wish));
    expect([effects(99), effects(100)]).toEqual([
      ["none", "none", "none"],
      ["none", "hold", "revoke"],
    ]);
    expect(effectOfRefund({ amountPaid: 0, amountRefunded: 0 }, "revoke")).toBe("none");
  });

  test("are read from what Stripe and PayPal call them", () => {
    expect(["needs_response", "warning_closed", "lost", "constructor"].map(statusOfStripeDispute)).toEqual([
      "open",
      "won",
      "lost",
      null,
    ]);
    expect(statusOfPaypalDispute("OPEN", "INQUIRY", null)).toBe("inquiry");
    expect(statusOfPaypalDispute("UNDER_REVIEW", "CHARGEBACK", null)).toBe("open");
    expect(statusOfPaypalDispute("RESOLVED", "CHARGEBACK", "RESOLVED_BUYER_FAVOUR")).toBe("lost");
    expect(statusOfPaypalDispute("RESOLVED", "INQUIRY", "CANCELED_BY_BUYER")).toBe("won");
    expect([statusOfPaypalDispute("RESOLVED", "CHARGEBACK", null), statusOfPaypalDispute("ODD", "CHARGEBACK", null)]).toEqual([
      null,
      null,
    ]);
  });
});

describe("trying again", () => {
  const attempts: fc.Arbitrary<Attempt[]> = fc
    .array(fc.constantFrom(...PAYMENT_STATES), { maxLength: 5 })
    .map((states) => states.map((status, index) => ({ number: index + 1, status })));

  test.prop([attempts, fc.constantFrom(...INVOICE_STATUSES)])(
    "the number rises by one, and never while the outcome of any try is open, or after one was paid",
    (list, status) => {
      const next = nextAttempt({ id: "inv_1", status }, list);
      if (!next.ok) return;
      expect(list.every((attempt) => attempt.status === "failed" || attempt.status === "canceled")).toBe(true);
      expect([next.number, next.key]).toEqual([list.length + 1, attemptKey("inv_1", list.length + 1)]);
      expect(["open", "uncollectible"]).toContain(status);
    },
  );

  test("each refusal says what stands against it", () => {
    const next = (states: PaymentState[], status: (typeof INVOICE_STATUSES)[number] = "open") =>
      nextAttempt(
        { id: "inv_1", status },
        states.map((state, index) => ({ number: index + 1, status: state })),
      );
    expect(next([])).toEqual({ ok: true, number: 1, key: "inv_1/attempt/1" });
    expect(next(["failed"])).toEqual({ ok: true, number: 2, key: "inv_1/attempt/2" });
    expect(next(["failed", "requires_action"])).toMatchObject({ ok: false, code: "outcome_unknown", number: 2 });
    expect(next(["requires_method"])).toMatchObject({ ok: false, code: "outcome_unknown", number: 1 });
    expect(next(["failed", "succeeded"])).toMatchObject({ ok: false, code: "already_paid" });
    expect(next([], "paid")).toMatchObject({ ok: false, code: "already_paid" });
    expect(next([], "draft")).toMatchObject({ ok: false, code: "invoice_not_open" });
  });
});
