import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  ACCOUNTS,
  balancesOf,
  type BookedRows,
  deferredLeftOf,
  type DeferredLine,
  entriesOf,
  fromDeferredOf,
  keyOf,
  type MoneyFact,
  whatIsWrong,
} from "#rules/billing/ledger";

const amounts = fc.nat(100_000);
const of = { invoiceId: "inv_1", customerId: "cus_1", currency: "EUR" };
const credit = { creditId: "crd_1", customerId: "cus_1", currency: "EUR" };
const dispute = { disputeId: "dsp_1", provider: "stripe", customerId: "cus_1", currency: "EUR" } as const;
const refund = { refundId: "ref_1", provider: "paypal", customerId: "cus_1", currency: "EUR" } as const;
const periodEnds = fc.constantFrom(null, "2026-03-01T00:00:00.000Z", "2026-03-01T00:00:00.001Z", "2027-03-01T00:00:00.000Z");

const finalized = fc
  .record({
    lines: fc.array(fc.record({ taxable: fc.integer({ min: -1000, max: 100_000 }), periodEndAt: periodEnds }), { maxLength: 4 }),
    taxTotal: amounts,
    rounding: fc.integer({ min: -1, max: 1 }),
  })
  .map(({ lines, taxTotal, rounding }) => ({
    ...of,
    kind: "invoice_finalized" as const,
    finalizedAt: "2026-03-01T00:00:00.000Z",
    lines,
    taxTotal,
    rounding,
    total: lines.reduce((sum, { taxable }) => sum + taxable, 0) + taxTotal + rounding,
  }));
const voided = fc.tuple(amounts, amounts, amounts, fc.boolean()).map(([taxable, deferredLeft, taxTotal, writtenOff]) => ({
  ...of,
  kind: "invoice_voided" as const,
  taxable,
  deferredLeft,
  taxTotal,
  rounding: -1,
  total: taxable + taxTotal - 1,
  writtenOff,
}));
const noted = fc
  .tuple(amounts, amounts, amounts, amounts, fc.boolean())
  .map(([toDue, toCredit, toRefund, fromDeferred, writtenOff]) => ({
    ...of,
    kind: "credit_note_issued" as const,
    creditNoteId: "cn_1",
    taxable: toDue + toCredit + toRefund,
    fromDeferred,
    taxTotal: 0,
    rounding: 0,
    total: toDue + toCredit + toRefund,
    toDue,
    toCredit,
    toRefund,
    writtenOff,
  }));
const settled = fc.tuple(fc.array(amounts, { maxLength: 2 }), amounts, amounts).map(([paid, toUnapplied, toCredit]) => ({
  kind: "payment_settled" as const,
  paymentId: "pay_1",
  provider: "stripe" as const,
  customerId: "cus_1",
  currency: "EUR",
  amount: paid.reduce((sum, amount) => sum + amount, 0) + toUnapplied + toCredit,
  toInvoices: paid.map((amount, index) => ({ invoiceId: `inv_${index}`, amount })),
  toUnapplied,
  toCredit,
}));
const others: fc.Arbitrary<MoneyFact> = fc
  .tuple(amounts, amounts)
  .chain(([amount, part]) =>
    fc.constantFrom<MoneyFact>(
      { ...of, kind: "invoice_uncollectible", amountDue: amount },
      { ...of, kind: "invoice_recovered", paymentId: "pay_1", amount },
      { ...of, kind: "unapplied_applied", paymentId: "pay_1", toInvoice: amount, toCredit: part },
      { ...of, kind: "revenue_recognized", throughOn: "2026-03-31", amount: part - amount },
      { ...refund, kind: "refund_sent", amount, takenFrom: "invoice" },
      { ...refund, kind: "refund_sent", amount, takenFrom: "unapplied" },
      { ...refund, kind: "refund_failed", amount, takenFrom: "credit" },
      { ...credit, kind: "credit_granted", amount, source: "promotion" },
      { ...credit, kind: "credit_applied", amount, invoiceId: "inv_1" },
      { ...credit, kind: "credit_expired", amount, expiredOn: "2026-03-01" },
      { ...credit, kind: "credit_clawed_back", amount, disputeId: "dsp_1" },
      { ...credit, kind: "credit_restored", amount, disputeId: "dsp_1" },
      { ...dispute, kind: "dispute_opened", amount },
      { ...dispute, kind: "dispute_won", amount },
      { ...dispute, kind: "dispute_lost", amount, fromUnapplied: Math.min(amount, part) },
      { kind: "fee_charged", of: "pay_1", provider: "stripe", currency: "EUR", amount: part - amount },
      { kind: "payout_sent", payoutId: "po_1", provider: "paypal", purpose: "affiliate", currency: "EUR", amount },
      { kind: "payout_returned", payoutId: "po_1", provider: "paypal", purpose: "refund", currency: "EUR", amount },
    ),
  );
const facts: fc.Arbitrary<MoneyFact> = fc.oneof(finalized, voided, noted, settled, { weight: 4, arbitrary: others });
const opposite: Partial<Record<MoneyFact["kind"], MoneyFact["kind"]>> = {
  refund_sent: "refund_failed",
  dispute_opened: "dispute_won",
  credit_clawed_back: "credit_restored",
  payout_sent: "payout_returned",
};
const posted = (fact: MoneyFact) => entriesOf(fact).entries.map(({ account, amount }) => [account, amount]);

describe("a fact of money", () => {
  test.prop([facts])("posts a group that sums to zero, names only its own ids, and posts no zeros", (fact) => {
    const { key, entries } = entriesOf(fact);
    expect(entries.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
    expect(key).toMatch(/^[a-z]+_\d\/[a-z_]+(\/[\w-]+)?$/);
    for (const entry of entries) {
      expect(ACCOUNTS).toContain(entry.account);
      expect(entry.amount).not.toBe(0);
      expect(entry.provider === null).toBe(entry.account !== "cash");
    }
  });

  test.prop([others])("is undone by its opposite, to the last account", (fact) => {
    const kind = opposite[fact.kind];
    fc.pre(kind !== undefined);
    const back = entriesOf({ ...fact, kind } as MoneyFact);
    expect(back.key).not.toBe(keyOf(fact));
    expect(balancesOf([...entriesOf(fact).entries, ...back.entries]).filter(({ amount }) => amount !== 0)).toEqual([]);
  });

  test("has a name of its own where a credit is spent, or ends, a second time", () => {
    const spent = { ...credit, kind: "credit_applied", amount: 1, invoiceId: "inv_1" } as const;
    expect([keyOf(spent), keyOf({ ...spent, nth: 1 }), keyOf({ ...spent, nth: 2 })]).toEqual([
      "crd_1/applied/inv_1",
      "crd_1/applied/inv_1",
      "crd_1/applied/inv_1/2",
    ]);
  });

  test("an invoice is earned at once, but for the lines whose time ends after it", () => {
    const lines = [
      { taxable: 1000, periodEndAt: null },
      { taxable: 200, periodEndAt: "2026-03-01T00:00:00.000Z" },
      { taxable: 30, periodEndAt: "2026-03-01T00:00:00.001Z" },
    ];
    const finalizedAt = "2026-03-01T00:00:00.000Z";
    expect(posted({ ...of, kind: "invoice_finalized", finalizedAt, lines, taxTotal: 234, rounding: 1, total: 1465 })).toEqual([
      ["receivable", 1465],
      ["revenue", -1200],
      ["deferred", -30],
      ["tax", -234],
      ["rounding", -1],
    ]);
  });

  test("money goes where it belongs", () => {
    const payment = {
      kind: "payment_settled",
      paymentId: "pay_1",
      provider: "stripe",
      customerId: "cus_1",
      currency: "EUR",
    } as const;
    const toInvoices = [{ invoiceId: "inv_2", amount: 100 }];
    expect(entriesOf({ ...payment, amount: 160, toInvoices, toUnapplied: 50, toCredit: 10 })).toEqual({
      key: "pay_1/settled",
      entries: [
        { account: "cash", provider: "stripe", currency: "EUR", amount: 160, invoiceId: null, customerId: "cus_1" },
        { account: "receivable", provider: null, currency: "EUR", amount: -100, invoiceId: "inv_2", customerId: "cus_1" },
        { account: "unapplied", provider: null, currency: "EUR", amount: -50, invoiceId: null, customerId: "cus_1" },
        { account: "customer_credit", provider: null, currency: "EUR", amount: -10, invoiceId: null, customerId: "cus_1" },
      ],
    });
    const note = {
      ...of,
      kind: "credit_note_issued",
      creditNoteId: "cn_1",
      taxTotal: 19,
      rounding: 0,
      writtenOff: false,
    } as const;
    expect(posted({ ...note, taxable: 100, fromDeferred: 60, total: 119, toDue: 19, toCredit: 40, toRefund: 60 })).toEqual([
      ["revenue", 40],
      ["deferred", 60],
      ["tax", 19],
      ["receivable", -19],
      ["customer_credit", -40],
      ["refunds", -60],
    ]);
    expect(posted({ ...refund, kind: "refund_sent", amount: 60, takenFrom: "invoice" })).toEqual([
      ["refunds", 60],
      ["cash", -60],
    ]);
    expect(posted({ ...dispute, kind: "dispute_lost", amount: 100, fromUnapplied: 30 })).toEqual([
      ["unapplied", 30],
      ["bad_debt", 70],
      ["disputes", -100],
    ]);
    expect(posted({ ...of, kind: "invoice_uncollectible", amountDue: 5 })).toEqual([
      ["bad_debt", 5],
      ["receivable", -5],
    ]);
    expect(posted({ kind: "fee_charged", of: "pay_1", provider: "stripe", currency: "EUR", amount: 35 })).toEqual([
      ["fees", 35],
      ["cash", -35],
    ]);
  });

  test.each([
    ["invoice", "refunds"],
    ["unapplied", "unapplied"],
    ["credit", "customer_credit"],
  ] as const)("a refund of what was %s comes out of %s", (takenFrom, account) => {
    expect(posted({ ...refund, kind: "refund_sent", amount: 60, takenFrom })).toEqual([
      [account, 60],
      ["cash", -60],
    ]);
  });

  test("whose parts do not make its whole is not posted", () => {
    const payment = { kind: "payment_settled", paymentId: "pay_1", provider: "stripe", currency: "EUR", toInvoices: [] } as const;
    expect(() => entriesOf({ ...payment, customerId: "cus_1", amount: 5, toUnapplied: 4, toCredit: 0 })).toThrow(/sum to zero/);
    expect(() => entriesOf({ ...payment, customerId: null, amount: 5, toUnapplied: 0, toCredit: 5 })).toThrow(/nobody/);
    expect(() => entriesOf({ ...of, kind: "invoice_uncollectible", amountDue: 0.5 })).toThrow(/Not an amount/);
    const note = {
      ...of,
      kind: "credit_note_issued",
      creditNoteId: "cn_1",
      taxTotal: 0,
      rounding: 0,
      writtenOff: false,
    } as const;
    expect(() => entriesOf({ ...note, taxable: 10, fromDeferred: 0, total: 10, toDue: 9, toCredit: 2, toRefund: 0 })).toThrow(
      RangeError,
    );
  });
});

describe("what is earned with time", () => {
  const day = 86_400_000;
  const start = Date.parse("2026-01-15T10:30:00Z");
  const iso = (ms: number) => new Date(ms).toISOString();
  const lines: fc.Arbitrary<DeferredLine> = fc
    .tuple(
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.integer({ min: 1, max: 400 * day }),
      fc.array(fc.tuple(fc.integer({ min: -10 * day, max: 420 * day }), fc.nat(60_000)), { maxLength: 3 }),
    )
    .map(([taxable, length, credits]) => {
      let left = Math.abs(taxable);
      return {
        taxable,
        periodStartAt: iso(start),
        periodEndAt: iso(start + length),
        credited: credits
          .toSorted(([a], [b]) => a - b)
          .map(([after, amount]) => {
            const credited = Math.min(left, amount);
            left -= credited;
            return { at: iso(start + after), taxable: taxable < 0 ? 0 - credited : credited };
          }),
      };
    });

  test.prop([lines, fc.array(fc.integer({ min: -20 * day, max: 420 * day }), { minLength: 2, maxLength: 12 })])(
    "shrinks toward zero, never comes back, and is nothing at the end",
    (line, instants) => {
      const left = instants.toSorted((a, b) => a - b).map((after) => Math.abs(deferredLeftOf(line, iso(start + after))));
      expect(left).toEqual(left.toSorted((a, b) => b - a));
      expect(deferredLeftOf(line, line.periodEndAt)).toBe(0);
      if (!line.credited.length) expect(deferredLeftOf(line, line.periodStartAt)).toBe(line.taxable);
    },
  );

  test.prop([lines])("and what credits take of it, together make the line, exactly", (line) => {
    // recognized whenever a credit comes and at the end; what each credit takes back of the earned is never more than was
    let [deferred, revenue] = [line.taxable, 0];
    const sign = line.taxable < 0 ? -1 : 1;
    for (const [index, credit] of line.credited.entries()) {
      const before = { ...line, credited: line.credited.slice(0, index) };
      const recognized = deferred - deferredLeftOf(before, credit.at);
      const taken = fromDeferredOf(before, credit);
      deferred -= recognized + taken;
      revenue += recognized - (credit.taxable - taken);
      expect(deferred * sign).toBeGreaterThanOrEqual(0);
      expect(revenue * sign).toBeGreaterThanOrEqual(0);
    }
    const recognized = deferred - deferredLeftOf(line, iso(Math.max(start + 500 * day)));
    const credited = line.credited.reduce((sum, credit) => sum + credit.taxable, 0);
    expect([deferred - recognized, revenue + recognized]).toEqual([0, line.taxable - credited]);
  });

  test("is earned by whole days", () => {
    const line = { taxable: 3000, periodStartAt: "2026-04-01T00:00:00Z", periodEndAt: "2026-05-01T00:00:00Z", credited: [] };
    const left = (at: string, credited: DeferredLine["credited"] = []) => deferredLeftOf({ ...line, credited }, at);
    expect(left("2026-03-01T00:00:00Z")).toBe(3000);
    expect(left("2026-04-01T23:59:59.999Z")).toBe(3000);
    expect(left("2026-04-02T00:00:00Z")).toBe(2900);
    expect(left("2026-04-16T12:00:00Z")).toBe(1500);
    expect(left("2026-04-30T23:59:59.999Z")).toBe(100);
    expect(left("2026-05-01T00:00:00Z")).toBe(0);
    // half of it is left on the 16th; 900 are given back, and 600 are earned over the other half
    const credited = [{ at: "2026-04-16T00:00:00Z", taxable: 900 }];
    expect(left("2026-04-16T00:00:00Z", credited)).toBe(600);
    expect(left("2026-04-21T00:00:00Z", credited)).toBe(400);
    expect(fromDeferredOf(line, { at: "2026-04-16T00:00:00Z", taxable: 2000 })).toBe(1500);
  });
});

describe("the checker", () => {
  const groups = [
    entriesOf({
      ...of,
      kind: "invoice_finalized",
      finalizedAt: "2026-03-01T00:00:00Z",
      lines: [{ taxable: 100, periodEndAt: null }],
      taxTotal: 0,
      rounding: 0,
      total: 100,
    }),
    entriesOf({
      kind: "payment_settled",
      paymentId: "pay_1",
      provider: "stripe",
      customerId: "cus_1",
      currency: "EUR",
      amount: 70,
      toInvoices: [{ invoiceId: "inv_1", amount: 40 }],
      toUnapplied: 20,
      toCredit: 10,
    }),
    entriesOf({ ...dispute, kind: "dispute_opened", amount: 70 }),
    entriesOf({ kind: "fee_charged", of: "pay_1", provider: "stripe", currency: "EUR", amount: 3 }),
  ];
  const rows: BookedRows = {
    invoices: [{ id: "inv_1", currency: "EUR", status: "open", amountDue: 60 }],
    credits: [{ customerId: "cus_1", currency: "EUR", remaining: 10 }],
    payments: [{ provider: "stripe", currency: "EUR", amountReceived: 70, unapplied: 20, fee: 3 }],
    refunds: [{ provider: "stripe", currency: "EUR", amount: 5, status: "failed" }],
    disputes: [{ provider: "stripe", currency: "EUR", amount: 70, status: "open", isWithdrawn: true }],
    payouts: [],
  };
  const codes = (changes: Partial<BookedRows>) => whatIsWrong(groups, { ...rows, ...changes }).map(({ code }) => code);

  test("finds nothing where books and rows agree", () => {
    expect(whatIsWrong(groups, rows)).toEqual([]);
    expect(whatIsWrong([], { invoices: [], credits: [], payments: [], refunds: [], disputes: [], payouts: [] })).toEqual([]);
  });

  test("finds each row that says something else", () => {
    expect(codes({ invoices: [{ id: "inv_1", currency: "EUR", status: "open", amountDue: 59 }] })).toEqual([
      "receivable_differs",
    ]);
    expect(codes({ invoices: [{ id: "inv_1", currency: "EUR", status: "paid", amountDue: 60 }] })).toEqual([
      "receivable_differs",
    ]);
    expect(codes({ credits: [] })).toEqual(["customer_credit_differs"]);
    expect(codes({ payments: [] })).toEqual(["unapplied_differs", "cash_differs"]);
    expect(codes({ disputes: [] })).toEqual(["disputes_differ", "cash_differs"]);
    expect(codes({ refunds: [{ provider: "stripe", currency: "EUR", amount: 5, status: "pending" }] })).toEqual(["cash_differs"]);
  });

  test("finds a group that does not sum to zero, and a sign that may not be", () => {
    const [first] = groups;
    const broken = {
      key: "inv_1/finalized",
      entries: first!.entries.map((entry) => ({ ...entry, amount: Math.abs(entry.amount) })),
    };
    expect(whatIsWrong([broken, ...groups.slice(1)], rows).map(({ code }) => code)).toEqual(["group_unbalanced"]);
    const negative = { ...rows, credits: [{ customerId: "cus_1", currency: "EUR", remaining: -10 }] };
    const taken = entriesOf({ ...credit, kind: "credit_expired", amount: 20, expiredOn: "2026-03-01" });
    expect(whatIsWrong([...groups, taken], negative)).toMatchObject([{ code: "negative", of: "cus_1 EUR", books: 10 }]);
  });

  test("does not mistake one currency, customer or provider for another", () => {
    expect(codes({ credits: [{ customerId: "cus_2", currency: "EUR", remaining: 10 }] })).toHaveLength(2);
    expect(codes({ credits: [{ customerId: "cus_1", currency: "USD", remaining: 10 }] })).toHaveLength(2);
    expect(codes({ disputes: [{ ...rows.disputes[0]!, provider: "paypal" }] })).toEqual(["cash_differs", "cash_differs"]);
  });
});
