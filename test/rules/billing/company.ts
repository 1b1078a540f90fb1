import { type CreditedInvoice, planCreditNote, useOfCreditNote, type CreditNotePlan } from "#rules/billing/credit-notes";
import { clawBack, type CreditSource, type CreditState, endOfRestored, expired, spend } from "#rules/billing/credits";
import { type DocumentLine, taxOfLines, totalsOf } from "#rules/billing/documents";
import { amountDueOf, INVOICE_MOVES, type InvoiceMove, type InvoiceStatus, whyNotMoveInvoice } from "#rules/billing/invoices";
import {
  type BookedRows,
  type DeferredLine,
  deferredLeftOf,
  type EntryGroup,
  entriesOf,
  fromDeferredOf,
  isDeferred,
  type MoneyFact,
} from "#rules/billing/ledger";
import {
  allocate,
  beyondUnapplied,
  type DisputeStatus,
  lostOfUnapplied,
  type MoneyTarget,
  moveDispute,
  movePayment,
  moveRefund,
  type OwnPayment,
  refundableOf,
  type RefundStatus,
  usableUnapplied,
  whyNotRefund,
} from "#rules/billing/payments";

const PROVIDER = "stripe";
const CURRENCY = "EUR";

type Invoice = CreditedInvoice & {
  customerId: string;
  status: InvoiceStatus;
  amountPaid: number;
  amountCredited: number;
  creditApplied: number;
  finalizedAt: string;
  notes: (CreditNotePlan & { at: string })[];
};
type Credit = CreditState & { customerId: string; spent: { invoiceId: string; amount: number }[]; invoiceId: string | null };
type Payment = {
  id: string;
  customerId: string;
  currency: string;
  status: "succeeded";
  amountReceived: number;
  amountAllocated: number;
  unapplied: number;
  amountDisputed: number;
  fee: number;
  paidFor: string[];
};
type Refund = {
  id: string;
  payment: Payment;
  amount: number;
  status: RefundStatus;
  takenFrom: "invoice" | "unapplied" | "credit";
  back: string | null;
};
type Dispute = {
  id: string;
  payment: Payment;
  amount: number;
  status: DisputeStatus;
  clawed: { creditId: string; amount: number }[];
};

/** A company's money in memory: rows, and the books beside them, moved by the rules alone. A command that the rules refuse does nothing. */
export class Company {
  now = Date.parse("2026-01-10T08:00:00Z");
  readonly invoices: Invoice[] = [];
  readonly credits: Credit[] = [];
  readonly payments: Payment[] = [];
  readonly refunds: Refund[] = [];
  readonly disputes: Dispute[] = [];
  readonly groups: EntryGroup[] = [];
  readonly #keys = new Set<string>();
  #last = 0;

  /** An invoice is finalized; one of nothing is paid in the same moment. */
  finalize(customerId: string, lines: DocumentLine[], behavior: "exclusive" | "inclusive"): void {
    const totals = totalsOf(lines, behavior, CURRENCY);
    const id = this.#id("inv");
    const sums = { total: totals.total, amountPaid: 0, amountCredited: 0, creditApplied: 0 };
    if (whyNotMoveInvoice({ ...sums, status: "draft", lineCount: lines.length, paymentUnderWay: false }, "finalize")) return;
    const invoice: Invoice = {
      ...sums,
      id,
      customerId,
      currency: CURRENCY,
      behavior,
      lines,
      totals,
      status: "open",
      finalizedAt: this.#iso(),
      notes: [],
    };
    this.invoices.push(invoice);
    const shares = taxOfLines(lines, totals, behavior);
    this.#post({
      kind: "invoice_finalized",
      ...this.#of(invoice),
      finalizedAt: invoice.finalizedAt,
      lines: lines.map(({ periodEndAt }, index) => ({ periodEndAt, taxable: shares[index]!.taxable })),
      taxTotal: totals.taxTotal,
      rounding: totals.rounding,
      total: totals.total,
    });
    this.#settle(invoice);
  }

  /** Money comes for an invoice, an order or nothing, as the provider tells it: twice, and out of order. */
  pay(customerId: string, amount: number, target: MoneyTarget & { invoice?: Invoice }, currency: string, fee: number): void {
    const told = { amountReceived: amount, amountRefunded: 0, currency, livemode: true };
    const ours: OwnPayment = { status: "requires_method", amountReceived: 0, currency, livemode: true };
    for (const status of ["succeeded", "processing", "succeeded"] as const) {
      const moved = movePayment(ours, { ...told, status });
      if (moved.kind !== "settled") continue;
      ours.status = "succeeded";
      this.#settled(customerId, moved.amountReceived, target, currency, fee);
    }
  }

  #settled(customerId: string, amount: number, target: MoneyTarget & { invoice?: Invoice }, currency: string, fee: number): void {
    const to = allocate({ amount, currency, hasCustomer: true }, target, "refund");
    const id = this.#id("pay");
    const { invoice } = target;
    const payment: Payment = {
      id,
      customerId,
      currency,
      status: "succeeded",
      amountReceived: amount,
      amountAllocated: to.toInvoice,
      unapplied: to.toUnapplied,
      amountDisputed: 0,
      fee,
      paidFor: invoice && to.toInvoice > 0 ? [invoice.id] : [],
    };
    this.payments.push(payment);
    this.#post({
      kind: "payment_settled",
      paymentId: id,
      provider: PROVIDER,
      customerId,
      currency,
      amount,
      toInvoices: invoice ? [{ invoiceId: invoice.id, amount: to.toInvoice }] : [],
      toUnapplied: to.toUnapplied,
      toCredit: to.toCredit,
    });
    this.#post({ kind: "fee_charged", of: id, provider: PROVIDER, currency, amount: fee });
    if (to.toCredit > 0) this.#grant(customerId, to.toCredit, "overpayment", id, null, null);
    if (invoice && to.toInvoice > 0) {
      if (to.recovers) this.#post({ kind: "invoice_recovered", ...this.#of(invoice), paymentId: id, amount: to.toInvoice });
      invoice.amountPaid += to.toInvoice;
      this.#settle(invoice);
    }
    if (to.toRefund > 0) this.refund(payment, to.toRefund, "unapplied");
  }

  /** An order gets its invoice: the money that waited for it is put there, the rest becomes credit. */
  applyUnapplied(payment: Payment, invoice: Invoice): void {
    const usable = usableUnapplied(payment);
    if (usable === 0 || invoice.status !== "open" || invoice.customerId !== payment.customerId) return;
    if (payment.currency !== CURRENCY || payment.paidFor.includes(invoice.id)) return;
    const toInvoice = Math.min(usable, amountDueOf(this.#sums(invoice)));
    this.#post({ kind: "unapplied_applied", ...this.#of(invoice), paymentId: payment.id, toInvoice, toCredit: 0 });
    payment.unapplied -= toInvoice;
    payment.amountAllocated += toInvoice;
    payment.paidFor.push(invoice.id);
    invoice.amountPaid += toInvoice;
    this.#settle(invoice);
  }

  spendCredit(invoice: Invoice): void {
    if (invoice.status !== "open") return;
    const due = { amount: amountDueOf(this.#sums(invoice)), currency: CURRENCY };
    const own = this.credits.filter(({ customerId }) => customerId === invoice.customerId);
    for (const { creditId, amount } of spend(own, due, new Date(this.now))) {
      const credit = this.#credit(creditId);
      credit.remaining -= amount;
      credit.spent.push({ invoiceId: invoice.id, amount });
      invoice.creditApplied += amount;
      const nth = credit.spent.filter(({ invoiceId }) => invoiceId === invoice.id).length;
      this.#post({ kind: "credit_applied", ...this.#ofCredit(credit, amount), invoiceId: invoice.id, nth });
    }
    this.#settle(invoice);
  }

  creditNote(invoice: Invoice, wish: Parameters<typeof planCreditNote>[2], goesTo: "credit" | "refund"): void {
    if (invoice.status === "void") return;
    const plan = planCreditNote(invoice, invoice.notes, wish);
    if (!plan.ok) return;
    const { note } = plan;
    const paidBy = this.payments.filter(({ paidFor }) => paidFor.length === 1 && paidFor[0] === invoice.id);
    const refundable = paidBy.map((payment) => this.#refundable(payment).invoice);
    const most = Math.min(
      refundable.reduce((sum, amount) => sum + amount, 0),
      invoice.amountPaid,
    );
    const status = invoice.status;
    const amountDue = status === "paid" ? 0 : amountDueOf(this.#sums(invoice));
    const use = useOfCreditNote(note.totals.total, { status, amountDue, refundable: most }, goesTo);
    const id = this.#id("cn");
    const at = this.#iso();
    let fromDeferred = 0;
    for (const { lineId, taxable } of note.taxableOfLines) {
      const line = this.#deferredLine(invoice, lineId);
      if (line) fromDeferred += fromDeferredOf(line, { at, taxable });
    }
    this.#post({
      kind: "credit_note_issued",
      ...this.#of(invoice),
      creditNoteId: id,
      ...note.totals,
      ...use,
      fromDeferred,
      writtenOff: status === "uncollectible",
    });
    invoice.notes.push({ ...note, at });
    invoice.amountCredited += use.toDue;
    if (use.toCredit > 0) this.#grant(invoice.customerId, use.toCredit, "credit_note", id, null, invoice.id);
    this.#settle(invoice);
    let left = use.toRefund;
    for (const [index, payment] of paidBy.entries()) {
      const part = Math.min(left, refundable[index] ?? 0);
      if (part > 0) this.refund(payment, part, "invoice");
      left -= part;
    }
  }

  move(invoice: Invoice, move: Extract<InvoiceMove, "void" | "mark_uncollectible">): void {
    const sums = this.#sums(invoice);
    const { status, lines } = invoice;
    if (whyNotMoveInvoice({ ...sums, status, lineCount: lines.length, paymentUnderWay: false }, move)) return;
    const amountDue = amountDueOf(sums);
    invoice.status = INVOICE_MOVES[move].to;
    if (move === "mark_uncollectible") {
      this.#post({ kind: "invoice_uncollectible", ...this.#of(invoice), amountDue });
      return;
    }
    this.#post({
      kind: "invoice_voided",
      ...this.#of(invoice),
      ...invoice.totals,
      deferredLeft: -this.deferredOf(invoice.id),
      writtenOff: status === "uncollectible",
    });
  }

  refund(payment: Payment, amount: number, takenFrom: Refund["takenFrom"]): void {
    if (whyNotRefund(this.#refundablePayment(payment), amount, takenFrom)) return;
    const refund: Refund = { id: this.#id("ref"), payment, amount, status: "pending", takenFrom, back: null };
    this.refunds.push(refund);
    if (takenFrom === "unapplied") payment.unapplied -= amount;
    if (takenFrom === "credit") {
      const credit = this.#creditOf(payment);
      if (credit) credit.remaining -= amount;
      refund.back = credit?.id ?? null;
    }
    this.#post({ kind: "refund_sent", ...this.#ofRefund(refund) });
  }

  endRefund(refund: Refund, told: RefundStatus): void {
    const moved = moveRefund(refund.status, told);
    if (!moved) return;
    refund.status = moved.status;
    if (!moved.comesBack) return;
    if (refund.takenFrom === "unapplied") refund.payment.unapplied += refund.amount;
    if (refund.back !== null) this.#comeBack(this.#credit(refund.back), refund.amount);
    this.#post({ kind: "refund_failed", ...this.#ofRefund(refund) });
  }

  dispute(payment: Payment, amount: number, status: DisputeStatus): void {
    const most = this.#refundable(payment).total;
    if (amount > most || amount < 1) return;
    const dispute: Dispute = { id: this.#id("dsp"), payment, amount, status: "inquiry", clawed: [] };
    this.disputes.push(dispute);
    this.decide(dispute, status);
  }

  decide(dispute: Dispute, told: DisputeStatus): void {
    const { payment, amount } = dispute;
    const wasOpen = dispute.status === "open";
    if (!wasOpen && told !== "won" && amount > this.#refundable(payment).total) return;
    const moved = moveDispute(dispute.status, told);
    if (!moved) return;
    dispute.status = moved.status;
    const of = {
      disputeId: dispute.id,
      provider: PROVIDER,
      customerId: payment.customerId,
      currency: payment.currency,
      amount,
    } as const;
    for (const fact of moved.facts) {
      if (fact === "dispute_lost") {
        const clawedBack = dispute.clawed.reduce((sum, part) => sum + part.amount, 0);
        const fromUnapplied = lostOfUnapplied(payment, amount, clawedBack);
        payment.unapplied -= fromUnapplied;
        this.#post({ kind: fact, ...of, fromUnapplied });
      } else this.#post({ kind: fact, ...of });
      if (fact === "dispute_opened") this.#clawBack(dispute);
      if (fact === "dispute_won") {
        payment.amountDisputed -= amount;
        for (const part of dispute.clawed) {
          this.#comeBack(this.#credit(part.creditId), part.amount);
          const credit = this.#credit(part.creditId);
          this.#post({ kind: "credit_restored", ...this.#ofCredit(credit, part.amount), disputeId: dispute.id });
        }
      }
    }
  }

  #clawBack(dispute: Dispute): void {
    const { payment, amount } = dispute;
    const theirs = this.credits.filter(
      ({ source, sourceId, invoiceId }) =>
        (source === "overpayment" && sourceId === payment.id) || (invoiceId !== null && payment.paidFor.includes(invoiceId)),
    );
    const spent = theirs.flatMap((credit) => credit.spent.map((part) => ({ creditId: credit.id, ...part })));
    dispute.clawed = clawBack(theirs, spent, beyondUnapplied(payment, amount)).taken;
    payment.amountDisputed += amount;
    for (const part of dispute.clawed) {
      const credit = this.#credit(part.creditId);
      credit.remaining -= part.amount;
      this.#post({ kind: "credit_clawed_back", ...this.#ofCredit(credit, part.amount), disputeId: dispute.id });
    }
  }

  /** A credit for nothing. */
  give(customerId: string, amount: number, expiresInMs: number | null): void {
    const credit = this.#grant(customerId, amount, "promotion", null, expiresInMs, null);
    this.#post({ kind: "credit_granted", ...this.#ofCredit(credit, amount), source: "promotion" });
  }

  /** Time passes: credits end, and what became earned is recognized. */
  pass(ms: number): void {
    this.now += ms;
    for (const { creditId, amount } of expired(this.credits, new Date(this.now))) {
      const credit = this.#credit(creditId);
      credit.remaining = 0;
      this.#post({ kind: "credit_expired", ...this.#ofCredit(credit, amount), expiredOn: credit.expiresAt?.toISOString() ?? "" });
    }
    for (const invoice of this.invoices.filter(({ status }) => status !== "void")) {
      const amount = -this.deferredOf(invoice.id) - this.shouldBeDeferred(invoice);
      this.#post({ kind: "revenue_recognized", ...this.#of(invoice), throughOn: this.#iso(), amount });
    }
  }

  /** What the books have as not earned of an invoice. */
  deferredOf(invoiceId: string): number {
    const entries = this.groups.flatMap((group) => group.entries);
    return entries
      .filter((entry) => entry.account === "deferred" && entry.invoiceId === invoiceId)
      .reduce((sum, { amount }) => sum + amount, 0);
  }

  shouldBeDeferred(invoice: Invoice): number {
    const lines = invoice.lines.map(({ id }) => this.#deferredLine(invoice, id)).filter((line) => line !== null);
    return lines.reduce((sum, line) => sum + deferredLeftOf(line, this.#iso()), 0);
  }

  rows(): BookedRows {
    return {
      invoices: this.invoices.map((invoice) => ({
        id: invoice.id,
        currency: CURRENCY,
        status: invoice.status,
        amountDue: invoice.status === "void" ? 0 : amountDueOf(this.#sums(invoice)),
      })),
      credits: this.credits,
      payments: this.payments.map((payment) => ({ ...payment, provider: PROVIDER })),
      refunds: this.refunds.map(({ payment, amount, status }) => ({
        provider: PROVIDER,
        currency: payment.currency,
        amount,
        status,
      })),
      disputes: this.disputes.map(({ payment, amount, status }) => ({
        provider: PROVIDER,
        currency: payment.currency,
        amount,
        status,
        isWithdrawn: status === "open" || status === "lost",
      })),
      payouts: [],
    };
  }

  #post(fact: MoneyFact): void {
    const group = entriesOf(fact);
    if (group.entries.length === 0) return;
    if (this.#keys.has(group.key)) throw new Error(`Posted twice: ${group.key}`);
    this.#keys.add(group.key);
    this.groups.push(group);
  }

  #settle(invoice: Invoice): void {
    const move = invoice.status === "uncollectible" ? "recover" : "pay";
    const state = { ...this.#sums(invoice), status: invoice.status, lineCount: invoice.lines.length, paymentUnderWay: false };
    if (whyNotMoveInvoice(state, move) === null) invoice.status = INVOICE_MOVES[move].to;
  }

  #grant(
    customerId: string,
    amount: number,
    source: CreditSource,
    sourceId: string | null,
    expiresInMs: number | null,
    invoiceId: string | null,
  ): Credit {
    const credit: Credit = {
      id: this.#id("crd"),
      customerId,
      currency: CURRENCY,
      source,
      sourceId,
      amount,
      remaining: amount,
      createdAt: new Date(this.now),
      expiresAt: expiresInMs === null ? null : new Date(this.now + expiresInMs),
      spent: [],
      invoiceId,
    };
    this.credits.push(credit);
    return credit;
  }

  #comeBack(credit: Credit, amount: number): void {
    credit.remaining += amount;
    credit.expiresAt = endOfRestored(credit.expiresAt, new Date(this.now));
  }

  #deferredLine(invoice: Invoice, lineId: string): DeferredLine | null {
    const index = invoice.lines.findIndex(({ id }) => id === lineId);
    const { periodStartAt, periodEndAt } = invoice.lines[index]!;
    if (periodStartAt === null || periodEndAt === null || !isDeferred({ periodEndAt }, invoice.finalizedAt)) return null;
    const { taxable } = taxOfLines(invoice.lines, invoice.totals, invoice.behavior)[index]!;
    const credited = invoice.notes.flatMap(({ at, taxableOfLines }) =>
      taxableOfLines.filter((part) => part.lineId === lineId).map((part) => ({ at, taxable: part.taxable })),
    );
    return { taxable, periodStartAt, periodEndAt, credited };
  }

  #refundablePayment(payment: Payment) {
    const refunds = this.refunds.filter((refund) => refund.payment === payment);
    return { ...payment, refunds, creditLeft: this.#creditOf(payment)?.remaining ?? 0 };
  }

  #refundable(payment: Payment) {
    return refundableOf(this.#refundablePayment(payment));
  }

  #creditOf(payment: Payment): Credit | undefined {
    return this.credits.find(({ source, sourceId }) => source === "overpayment" && sourceId === payment.id);
  }

  #credit(id: string): Credit {
    return this.credits.find((credit) => credit.id === id)!;
  }

  #sums({ totals, amountPaid, amountCredited, creditApplied }: Invoice) {
    return { total: totals.total, amountPaid, amountCredited, creditApplied };
  }

  #of({ id, customerId }: Invoice) {
    return { invoiceId: id, customerId, currency: CURRENCY };
  }

  #ofCredit({ id, customerId }: Credit, amount: number) {
    return { creditId: id, customerId, currency: CURRENCY, amount };
  }

  #ofRefund({ id, payment, amount, takenFrom }: Refund) {
    const { customerId, currency } = payment;
    return { refundId: id, provider: PROVIDER, customerId, currency, amount, takenFrom } as const;
  }

  #iso(): string {
    return new Date(this.now).toISOString();
  }

  #id(prefix: string): string {
    return `${prefix}_${++this.#last}`;
  }
}
