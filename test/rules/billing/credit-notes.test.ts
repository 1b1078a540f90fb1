import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  type CreditedInvoice,
  type CreditNotePlan,
  type CreditWish,
  planCreditNote,
  useOfCreditNote,
} from "#rules/billing/credit-notes";
import { type DocumentLine, type LineTax, type TaxBehavior, taxOfLines, totalsOf } from "#rules/billing/documents";
import { INVOICE_STATUSES } from "#rules/billing/invoices";
import { percentOf } from "#rules/money";

const taxed = (rate: string): LineTax => ({ category: rate === "0" ? "Z" : "S", rate, taxRateId: null, reason: null });
const line = (id: string, amount: number, rate = "19", changes: Partial<DocumentLine> = {}): DocumentLine => ({
  id,
  description: `Line ${id}`,
  quantity: 1,
  unitAmount: String(amount),
  amount,
  discount: 0,
  net: amount - (changes.discount ?? 0),
  tax: taxed(rate),
  priceId: null,
  priceRev: null,
  productId: null,
  subscriptionItemId: null,
  periodStartAt: null,
  periodEndAt: null,
  derivation: { kind: "manual" },
  creditsLine: null,
  ...changes,
});
const invoiceOf = (lines: DocumentLine[], behavior: TaxBehavior = "exclusive"): CreditedInvoice => ({
  id: "inv_1",
  currency: "EUR",
  behavior,
  lines,
  totals: totalsOf(lines, behavior, "EUR"),
});
const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);

const rates = fc.constantFrom("19", "19", "7", "5.5", "0");
const lines = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.nat(100), rates, fc.integer({ min: 1, max: 7 }), fc.boolean()), {
    minLength: 1,
    maxLength: 5,
  })
  .map((list) =>
    list.map(([amount, off, rate, quantity, isCharge], index) => {
      const discount = Math.floor((amount * off) / 200);
      // a line that gives back stands beside a larger charge, as a change of plans makes it
      return isCharge || index === 0
        ? line(String(index + 1), amount, rate, { discount, quantity })
        : line(String(index + 1), -Math.ceil(amount / 20), rate, { quantity });
    }),
  );
const invoices = fc
  .tuple(lines, fc.constantFrom<TaxBehavior>("exclusive", "inclusive"))
  .map(([list, behavior]) => invoiceOf(list, behavior))
  .filter(({ totals }) => totals.total > 0);
/** In thousandths of what is left, so that a wish fits whatever is there. */
const wishes = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("amount" as const), part: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ kind: fc.constant("line" as const), line: fc.nat(4), part: fc.integer({ min: 1, max: 1000 }) }),
    fc.record({ kind: fc.constant("quantity" as const), line: fc.nat(4), quantity: fc.integer({ min: 1, max: 3 }) }),
  ),
  { maxLength: 12 },
);
type Wish = typeof wishes extends fc.Arbitrary<(infer T)[]> ? T : never;

function wishOf(invoice: CreditedInvoice, notes: readonly CreditNotePlan[], wish: Wish): CreditWish {
  if (wish.kind === "amount") {
    const left = invoice.totals.total - sum(notes.map((note) => note.totals.total));
    return { kind: "amount", amount: Math.max(1, Math.floor((left * wish.part) / 1000)) };
  }
  const { id, net } = invoice.lines[wish.line % invoice.lines.length]!;
  if (wish.kind === "quantity") return { kind: "lines", lines: [{ lineId: id, quantity: wish.quantity }] };
  return { kind: "lines", lines: [{ lineId: id, amount: Math.max(1, Math.floor((net * wish.part) / 1000)) }] };
}

/** Credits as wished, as far as it is allowed, and then all that is left. */
function credited(invoice: CreditedInvoice, list: readonly Wish[]): { notes: CreditNotePlan[]; asked: CreditWish[] } {
  const notes: CreditNotePlan[] = [];
  const asked: CreditWish[] = [];
  for (const wish of [...list.map((each) => () => wishOf(invoice, notes, each)), () => ({ kind: "full" }) as const]) {
    const really = wish();
    const result = planCreditNote(invoice, notes, really);
    if (!result.ok) continue;
    notes.push(result.note);
    asked.push(really);
  }
  return { notes, asked };
}

describe("credit notes", () => {
  test.prop([invoices, wishes], { numRuns: 120 })(
    "whatever they were, the last one closes every sum to zero",
    (invoice, list) => {
      const { notes } = credited(invoice, list);
      const { totals } = invoice;
      const of = (pick: (note: CreditNotePlan) => number) => sum(notes.map(pick));
      expect(of((note) => note.totals.total)).toBe(totals.total);
      expect(of((note) => note.totals.taxable)).toBe(totals.taxable);
      expect(of((note) => note.totals.taxTotal)).toBe(totals.taxTotal);
      expect(of((note) => note.totals.rounding)).toBe(totals.rounding);
      for (const whole of totals.groups) {
        const same = notes.flatMap((note) => note.totals.groups.filter(({ rate }) => rate === whole.rate));
        expect([sum(same.map(({ taxable }) => taxable)), sum(same.map(({ tax }) => tax))]).toEqual([whole.taxable, whole.tax]);
      }
      for (const { id, net } of invoice.lines)
        expect(sum(notes.flatMap((note) => note.lines.filter((l) => l.creditsLine?.lineId === id).map((l) => l.net)))).toBe(net);
      expect(notes.map(({ closes }) => closes)).toEqual(notes.map((_, index) => index === notes.length - 1));
      expect(planCreditNote(invoice, notes, { kind: "full" })).toMatchObject({ ok: false, code: "nothing_left" });
    },
  );

  test.prop([invoices, wishes], { numRuns: 120 })(
    "sum at any time to at most the invoice, in all, per line and per rate",
    (invoice, list) => {
      const { notes } = credited(invoice, list);
      for (let count = 1; count <= notes.length; count++) {
        const some = notes.slice(0, count);
        expect(sum(some.map((note) => note.totals.total))).toBeLessThanOrEqual(invoice.totals.total);
        for (const { id, net } of invoice.lines.filter((each) => each.net > 0)) {
          const of = some.flatMap((note) => note.lines.filter((each) => each.creditsLine?.lineId === id));
          expect(sum(of.map((each) => each.net))).toBeLessThanOrEqual(net);
        }
        for (const whole of invoice.totals.groups.filter(({ taxable }) => taxable > 0)) {
          const of = some.flatMap((note) => note.totals.groups.filter(({ rate }) => rate === whole.rate));
          expect(sum(of.map(({ taxable }) => taxable))).toBeLessThanOrEqual(whole.taxable);
        }
      }
    },
  );

  test.prop([invoices, wishes], { numRuns: 120 })(
    "give exactly the amount that was asked for, in sums that hold, at the original rate to a unit",
    (invoice, list) => {
      const { notes, asked } = credited(invoice, list);
      for (const [index, { totals, lines: noted, taxableOfLines }] of notes.entries()) {
        const wish = asked[index]!;
        if (wish.kind === "amount") expect(totals.total).toBe(wish.amount);
        expect(totals.total).toBeGreaterThanOrEqual(0);
        expect(totals.taxable + totals.taxTotal + totals.rounding).toBe(totals.total);
        expect(sum(totals.groups.map(({ taxable }) => taxable))).toBe(totals.taxable);
        expect(sum(totals.groups.map(({ tax }) => tax))).toBe(totals.taxTotal);
        expect(sum(noted.map(({ net }) => net))).toBe(totals.subtotal);
        expect(sum(taxableOfLines.map(({ taxable }) => taxable))).toBe(totals.taxable);
        for (const { rate, taxable, tax } of totals.groups)
          expect(Math.abs(tax - Math.sign(taxable) * percentOf(Math.abs(taxable), rate))).toBeLessThanOrEqual(1);
        // what writes the document splits its tax over its lines
        const shares = taxOfLines(noted, totals, invoice.behavior);
        expect(sum(shares.map(({ taxable }) => taxable))).toBe(totals.taxable);
        expect(Math.abs(totals.rounding)).toBeLessThanOrEqual(2 * invoice.totals.groups.length + 2);
      }
    },
  );

  test("thirds of a line are taxed as the line is, not thrice by itself", () => {
    // 19 % of 10.03 is 1.91; of a third 0.64, which thrice would be 1.92
    const invoice = invoiceOf([line("1", 1003, "19", { quantity: 3 })]);
    const notes: CreditNotePlan[] = [];
    for (let piece = 0; piece < 3; piece++) {
      const result = planCreditNote(invoice, notes, { kind: "lines", lines: [{ lineId: "1", quantity: 1 }] });
      if (result.ok) notes.push(result.note);
    }
    expect(notes.map(({ totals }) => [totals.taxable, totals.taxTotal, totals.total])).toEqual([
      [334, 63, 397],
      [335, 64, 399],
      [334, 64, 398],
    ]);
    expect(notes.at(-1)?.closes).toBe(true);
  });

  test("an amount that no net with its tax makes is made by the rounding, and given back by the last note", () => {
    // at 100 % each sum is even
    const invoice = invoiceOf([line("1", 10, "100")]);
    const first = planCreditNote(invoice, [], { kind: "amount", amount: 5 });
    expect(first.ok && first.note.totals).toMatchObject({ taxable: 2, taxTotal: 2, rounding: 1, total: 5 });
    const rest = first.ok && planCreditNote(invoice, [first.note], { kind: "full" });
    expect(rest && rest.ok && rest.note.totals).toMatchObject({ taxable: 8, taxTotal: 8, rounding: -1, total: 15 });
    expect(planCreditNote(invoice, [], { kind: "amount", amount: 1 })).toMatchObject({ ok: false, code: "invalid_amount" });
  });

  test("a cent that is neither net nor tax is rounding, and still names the rate of its line", () => {
    const invoice = invoiceOf([line("1", 100)], "inclusive");
    const notes: CreditNotePlan[] = [];
    for (let cent = 0; cent < 3; cent++) {
      const result = planCreditNote(invoice, notes, { kind: "amount", amount: 1 });
      if (result.ok) notes.push(result.note);
    }
    // 3 gross are 2 net and no tax, as nothing with its tax is nearer
    const last = notes[2]!;
    expect(last.totals).toMatchObject({ taxable: 0, taxTotal: 0, rounding: 1, total: 1 });
    expect(taxOfLines(last.lines, last.totals, "inclusive")).toEqual([{ taxable: 0, tax: 0, rounding: 1, total: 1 }]);
  });

  test("a line that is credited whole looks as it did; its tax is the original's", () => {
    const invoice = invoiceOf([line("1", 3000, "16", { quantity: 3, unitAmount: "1000" }), line("2", 500)]);
    const result = planCreditNote(invoice, [], { kind: "lines", lines: [{ lineId: "1" }] });
    expect(result.ok && result.note.lines).toEqual([
      { ...invoice.lines[0], id: "1", creditsLine: { invoiceId: "inv_1", lineId: "1" } },
    ]);
    expect(result.ok && result.note.totals.groups).toEqual([
      { category: "S", rate: "16", reason: null, taxable: 3000, tax: 480 },
    ]);
  });

  test.each<[string, CreditWish, string]>([
    ["an unknown line", { kind: "lines", lines: [{ lineId: "9" }] }, "unknown_line"],
    ["a line twice", { kind: "lines", lines: [{ lineId: "1" }, { lineId: "1" }] }, "line_twice"],
    ["no line", { kind: "lines", lines: [] }, "invalid_amount"],
    ["more than a line", { kind: "lines", lines: [{ lineId: "1", amount: 1001 }] }, "exceeds_line"],
    ["nothing of a line", { kind: "lines", lines: [{ lineId: "1", amount: 0 }] }, "invalid_amount"],
    ["less than nothing", { kind: "lines", lines: [{ lineId: "1", amount: -5 }] }, "invalid_amount"],
    ["more pieces than there are", { kind: "lines", lines: [{ lineId: "1", quantity: 2 }] }, "invalid_quantity"],
    ["a line that gives back", { kind: "lines", lines: [{ lineId: "2" }] }, "line_gives_back"],
    ["more than its rate has", { kind: "lines", lines: [{ lineId: "1" }] }, "exceeds_rate"],
    ["more than the invoice", { kind: "amount", amount: 834 }, "exceeds_invoice"],
    ["no whole amount", { kind: "amount", amount: 1.5 }, "invalid_amount"],
  ])("%s is refused", (_, wish, code) => {
    const invoice = invoiceOf([line("1", 1000), line("2", -300)]);
    expect(planCreditNote(invoice, [], wish)).toMatchObject({ ok: false, code });
  });

  test("a note of another invoice is not counted in", () => {
    const invoice = invoiceOf([line("1", 1000)]);
    const other = planCreditNote({ ...invoice, id: "inv_2" }, [], { kind: "full" });
    expect(() => other.ok && planCreditNote(invoice, [other.note], { kind: "full" })).toThrow(RangeError);
  });
});

describe("the value of a credit note", () => {
  const part = fc.nat(1000);
  test.prop([part, fc.constantFrom(...INVOICE_STATUSES), part, part, fc.constantFrom("credit" as const, "refund" as const)])(
    "goes somewhere, all of it: to what is due first, and back no further than money reaches",
    (total, status, amountDue, refundable, wish) => {
      const use = useOfCreditNote(total, { status, amountDue, refundable }, wish);
      expect(use.toDue + use.toCredit + use.toRefund).toBe(total);
      expect(Math.min(use.toDue, use.toCredit, use.toRefund)).toBeGreaterThanOrEqual(0);
      expect(use.toDue).toBe(status === "open" || status === "uncollectible" ? Math.min(total, amountDue) : 0);
      expect(use.toRefund).toBeLessThanOrEqual(wish === "refund" ? refundable : 0);
    },
  );

  test("what was paid by credit comes back as credit", () => {
    const invoice = { status: "paid", amountDue: 0, refundable: 600 } as const;
    expect(useOfCreditNote(1000, invoice, "refund")).toEqual({ toDue: 0, toCredit: 400, toRefund: 600 });
    expect(useOfCreditNote(1000, invoice, "credit")).toEqual({ toDue: 0, toCredit: 1000, toRefund: 0 });
    const open = { status: "open", amountDue: 700, refundable: 300 } as const;
    expect(useOfCreditNote(1000, open, "refund")).toEqual({ toDue: 700, toCredit: 0, toRefund: 300 });
  });
});
