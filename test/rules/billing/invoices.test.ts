import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  amountDueOf,
  correctionOf,
  dueAtOf,
  fateOfDraft,
  INVOICE_MOVES,
  INVOICE_STATUSES,
  type InvoiceMove,
  type InvoiceState,
  type InvoiceStatus,
  isOverdue,
  minimumCharge,
  whyNotChangeInvoice,
  whyNotMoveInvoice,
} from "#rules/billing/invoices";

const MOVES: InvoiceMove[] = ["finalize", "pay", "void", "mark_uncollectible", "recover"];
const part = fc.oneof(fc.constant(0), fc.nat(100));
const sums = fc.tuple(fc.nat(100), part, part, part).map(([due, amountPaid, amountCredited, creditApplied]) => ({
  total: due + amountPaid + amountCredited + creditApplied,
  amountPaid,
  amountCredited,
  creditApplied,
}));
const invoices: fc.Arbitrary<InvoiceState> = fc
  .tuple(sums, fc.constantFrom(...INVOICE_STATUSES), fc.nat(3), fc.boolean())
  .map(([amounts, status, lineCount, paymentUnderWay]) => ({ ...amounts, status, lineCount, paymentUnderWay }));
const invoice = (status: InvoiceStatus, changes: Partial<InvoiceState> = {}): InvoiceState => ({
  status,
  total: 1000,
  amountPaid: 0,
  amountCredited: 0,
  creditApplied: 0,
  lineCount: 1,
  paymentUnderWay: false,
  ...changes,
});
const why = (move: InvoiceMove, status: InvoiceStatus, changes: Partial<InvoiceState> = {}) =>
  whyNotMoveInvoice(invoice(status, changes), move)?.code ?? null;

describe("an invoice's moves", () => {
  test.prop([invoices, fc.constantFrom(...MOVES)])("start only where the table says", (state, move) => {
    if (whyNotMoveInvoice(state, move) === null) expect(INVOICE_MOVES[move].from).toContain(state.status);
  });

  test.prop([invoices, fc.constantFrom(...MOVES)])("nothing leaves paid or void", (state, move) => {
    fc.pre(state.status === "paid" || state.status === "void");
    expect(whyNotMoveInvoice(state, move)).not.toBeNull();
  });

  test.prop([invoices])("it is paid only when nothing is due", (state) => {
    for (const move of ["pay", "recover"] as const)
      if (whyNotMoveInvoice(state, move) === null) expect(amountDueOf(state)).toBe(0);
  });

  const asTheyAre = fc.constantFrom<InvoiceStatus>("open", "uncollectible");
  test.prop([invoices, asTheyAre])("a void takes back no value that anybody gave", (any, status) => {
    const state = { ...any, status };
    fc.pre(whyNotMoveInvoice(state, "void") === null);
    expect(amountDueOf(state)).toBe(state.total);
    expect(state.paymentUnderWay).toBe(false);
  });

  test("a draft becomes a document with lines and no negative total", () => {
    expect(why("finalize", "draft")).toBeNull();
    expect(why("finalize", "draft", { total: 0 })).toBeNull();
    expect(why("finalize", "draft", { lineCount: 0 })).toBe("no_lines");
    expect(why("finalize", "draft", { total: -1 })).toBe("negative_total");
    for (const status of ["open", "paid", "uncollectible"] as const) expect(why("finalize", status)).toBe("already_done");
    expect(why("finalize", "void")).toBe("invoice_void");
  });

  test("each refusal says what stands against it", () => {
    expect(why("pay", "open", { amountPaid: 600, creditApplied: 400 })).toBeNull();
    expect(why("pay", "open", { amountPaid: 600 })).toBe("amount_due");
    expect(why("pay", "draft")).toBe("invoice_draft");
    expect(why("pay", "paid")).toBe("already_done");
    expect(why("pay", "void")).toBe("invoice_void");
    expect(why("pay", "uncollectible")).toBe("invoice_not_draft");
    expect(why("recover", "uncollectible", { amountPaid: 1000 })).toBeNull();
    expect(why("recover", "uncollectible", { amountPaid: 999 })).toBe("amount_due");
    expect(why("recover", "open")).toBe("invoice_not_given_up");
    expect(why("void", "open")).toBeNull();
    expect(why("void", "uncollectible")).toBeNull();
    expect(why("void", "open", { amountCredited: 1 })).toBe("partly_settled");
    expect(why("void", "open", { paymentUnderWay: true })).toBe("payment_under_way");
    expect(why("void", "paid")).toBe("invoice_paid");
    expect(why("void", "void")).toBe("already_done");
    expect(why("mark_uncollectible", "open", { amountPaid: 1 })).toBeNull();
    expect(why("mark_uncollectible", "open", { paymentUnderWay: true })).toBe("payment_under_way");
    expect(why("mark_uncollectible", "uncollectible")).toBe("already_done");
  });

  test("an error is edited, voided or credited, by what has happened to the invoice", () => {
    const of = (status: InvoiceStatus, changes: Partial<InvoiceState> = {}) => correctionOf(invoice(status, changes));
    expect([of("draft"), of("open"), of("open", { amountPaid: 1 }), of("paid", { amountPaid: 1000 }), of("void")]).toEqual([
      "edit",
      "void",
      "credit_note",
      "credit_note",
      null,
    ]);
  });
});

describe("what is due", () => {
  test.prop([sums])("is what neither money, credit notes nor credit have settled", (amounts) => {
    const { total, amountPaid, amountCredited, creditApplied } = amounts;
    expect(amountDueOf(amounts) + amountPaid + amountCredited + creditApplied).toBe(total);
  });

  test("is never negative, and never of sums that are", () => {
    expect(() => amountDueOf({ total: 10, amountPaid: 11, amountCredited: 0, creditApplied: 0 })).toThrow(RangeError);
    expect(() => amountDueOf({ total: 10, amountPaid: -1, amountCredited: 0, creditApplied: 0 })).toThrow(RangeError);
    expect(() => amountDueOf({ total: 10.5, amountPaid: 0, amountCredited: 0, creditApplied: 0 })).toThrow(RangeError);
  });

  test("is due at the end of the day, by the calendar of the zone", () => {
    const at = (instant: string, days: number, zone: string) => dueAtOf(new Date(instant), days, zone).toISOString();
    expect(at("2026-03-01T12:00:00Z", 0, "UTC")).toBe("2026-03-02T00:00:00.000Z");
    expect(at("2026-03-01T12:00:00Z", 14, "UTC")).toBe("2026-03-16T00:00:00.000Z");
    // it is 2 March in Berlin already, and its summer has come by the end
    expect(at("2026-03-01T23:30:00Z", 30, "Europe/Berlin")).toBe("2026-04-01T22:00:00.000Z");
    expect(at("2026-03-01T23:30:00Z", 30, "America/New_York")).toBe("2026-04-01T04:00:00.000Z");
    expect(() => at("2026-03-01T12:00:00Z", -1, "UTC")).toThrow(RangeError);
    expect(() => at("2026-03-01T12:00:00Z", 1.5, "UTC")).toThrow(RangeError);
  });

  test("is overdue from the very instant on, while something is open", () => {
    const dueAt = new Date("2026-03-02T00:00:00Z");
    const overdue = (changes: Partial<InvoiceState>, ms: number) =>
      isOverdue({ ...invoice("open", changes), dueAt }, new Date(dueAt.getTime() + ms));
    expect([overdue({}, -1), overdue({}, 0), overdue({ amountPaid: 1000 }, 0), overdue({ status: "void" }, 0)]).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });
});

describe("a draft", () => {
  test("may be changed in what the document says, and only in whose it is not", () => {
    expect(whyNotChangeInvoice("draft", ["lines", "notes", "metadata"])).toBeNull();
    expect(whyNotChangeInvoice("draft", ["notes", "currency"])).toMatchObject({ code: "never_changes", field: "currency" });
    for (const status of ["open", "paid", "void", "uncollectible"] as const) {
      expect(whyNotChangeInvoice(status, ["metadata"])).toBeNull();
      expect(whyNotChangeInvoice(status, ["metadata", "notes"])).toMatchObject({ code: "invoice_final", field: "notes" });
    }
  });

  test("of nothing is paid at once; of less than is charged, its lines move to the next one", () => {
    const draft = { due: 49, currency: "EUR", collector: "stripe", hasNext: true } as const;
    expect(fateOfDraft(draft)).toBe("carry_over");
    expect(fateOfDraft({ ...draft, due: 50 })).toBe("finalize");
    expect(fateOfDraft({ ...draft, due: 0 })).toBe("settle");
    expect(fateOfDraft({ ...draft, due: 0, hasNext: false })).toBe("settle");
    expect(fateOfDraft({ ...draft, hasNext: false })).toBe("finalize");
    expect(fateOfDraft({ ...draft, collector: null })).toBe("finalize");
    expect(fateOfDraft({ ...draft, collector: "paypal" })).toBe("finalize");
    expect([minimumCharge("stripe", "CZK"), minimumCharge("stripe", "KWD"), minimumCharge("manual", "EUR")]).toEqual([
      1500, 1, 1,
    ]);
  });
});
