import { isAmount, roundedQuotient, type Provider } from "../money.ts";

/**
 * The accounts; the list is closed. Debit is positive, so what we own or lose is positive and what we owe or earned is negative.
 *
 * - `receivable`: what open invoices are still due
 * - `cash`: what a provider took in for us and did not pay back, less its fees
 * - `revenue`, `deferred`: earned, and billed for a time that is yet to come
 * - `tax`: owed to tax offices
 * - `customer_credit`: what customers may spend on invoices
 * - `unapplied`: settled money that belongs to no invoice (yet)
 * - `refunds`: refunds promised by credit notes (credit) and sent (debit): zero when each was, positive where one was sent out of goodwill
 * - `disputes`: taken back by banks, and not decided
 * - `bad_debt`: given up, or lost to disputes; less what was recovered or clawed back
 * - `rounding`: between an inclusive price and any net with its tax
 */
export const ACCOUNTS = [
  "receivable",
  "cash",
  "revenue",
  "deferred",
  "tax",
  "customer_credit",
  "unapplied",
  "refunds",
  "disputes",
  "fees",
  "bad_debt",
  "rounding",
] as const;
export type Account = (typeof ACCOUNTS)[number];

/** One line of the books: `amount` in minor units, debit positive. `provider` is of cash only. */
export type Entry = {
  account: Account;
  provider: Provider | null;
  currency: string;
  amount: number;
  invoiceId: string | null;
  customerId: string | null;
};

/** What one fact posts, under its business name (`inv_…/finalized`): the same fact twice has the same name, and is refused the second time. */
export type EntryGroup = { key: string; entries: Entry[] };

/** What the books need of a line: its amount without tax, and until when it is earned. */
export type BookedLine = { taxable: number; periodEndAt: string | null };

/** Whose invoice, and in which currency. */
type OfInvoice = { invoiceId: string; customerId: string; currency: string };
type OfCredit = { creditId: string; customerId: string; currency: string; amount: number };
type OfDispute = { disputeId: string; provider: Provider; customerId: string | null; currency: string; amount: number };
type OfRefund = {
  refundId: string;
  provider: Provider;
  customerId: string | null;
  currency: string;
  amount: number;
  /** what the money was before: paid for an invoice, not applied to any, or the customer's credit */
  takenFrom: "invoice" | "unapplied" | "credit";
};

/** Something that happened to money; the list is closed. Amounts in minor units, never negative where not said. */
export type MoneyFact =
  /** Lines whose period ends after `finalizedAt` are earned with time. */
  | (OfInvoice & {
      kind: "invoice_finalized";
      finalizedAt: string;
      lines: readonly BookedLine[];
      taxTotal: number;
      /** BT-114, may be negative */
      rounding: number;
      total: number;
    })
  /** Takes back the whole invoice, of which nothing was settled. `deferredLeft`: what of it was not earned yet. */
  | (OfInvoice & {
      kind: "invoice_voided";
      taxable: number;
      deferredLeft: number;
      taxTotal: number;
      rounding: number;
      total: number;
      /** it was uncollectible before */
      writtenOff: boolean;
    })
  | (OfInvoice & { kind: "invoice_uncollectible"; amountDue: number })
  /** Money came for an invoice that was given up; its payment is posted beside it. */
  | (OfInvoice & { kind: "invoice_recovered"; paymentId: string; amount: number })
  /** All of it is used: put to invoices, held until there is one, or given to the customer as credit. */
  | {
      kind: "payment_settled";
      paymentId: string;
      provider: Provider;
      customerId: string | null;
      currency: string;
      amount: number;
      toInvoices: readonly { invoiceId: string; amount: number }[];
      toUnapplied: number;
      toCredit: number;
    }
  /** Held money is put to an invoice, or becomes the customer's credit. */
  | (OfInvoice & { kind: "unapplied_applied"; paymentId: string; toInvoice: number; toCredit: number })
  | (OfInvoice & {
      kind: "credit_note_issued";
      creditNoteId: string;
      taxable: number;
      /** what of the taxable was not earned yet */
      fromDeferred: number;
      taxTotal: number;
      rounding: number;
      total: number;
      toDue: number;
      toCredit: number;
      toRefund: number;
      /** the invoice is uncollectible: what was due of it stands in bad debt */
      writtenOff: boolean;
    })
  | (OfRefund & { kind: "refund_sent" })
  | (OfRefund & { kind: "refund_failed" })
  /** Given for nothing: it lowers what was earned, at once and not when it is spent, so that what we owe is never hidden. */
  | (OfCredit & { kind: "credit_granted"; source: "manual" | "promotion" })
  /**
   * `nth`: 2 and up where a credit is spent on the same invoice again, by parts or because it came back. `writtenOff`: the invoice is uncollectible,
   * and what was due of it stands in bad debt.
   */
  | (OfCredit & { kind: "credit_applied"; invoiceId: string; nth?: number; writtenOff?: boolean })
  /** What nobody spent in time is earned. `expiredOn`: a credit that came back has another end. */
  | (OfCredit & { kind: "credit_expired"; expiredOn: string })
  /** The money that a credit came from is disputed: what is left of the credit makes good a part of the loss. */
  | (OfCredit & { kind: "credit_clawed_back"; disputeId: string })
  /** The dispute was won, and the credit is the customer's again. */
  | (OfCredit & { kind: "credit_restored"; disputeId: string })
  /** The bank took the money. An inquiry takes none, and is no fact. */
  | (OfDispute & { kind: "dispute_opened" })
  | (OfDispute & { kind: "dispute_won" })
  /** `fromUnapplied`: what of the money had not been applied to any invoice, and is owed to nobody any more. */
  | (OfDispute & { kind: "dispute_lost"; fromUnapplied: number })
  /** `amount` is negative where the provider gives a fee back. `of` is what it was taken for: a payment, dispute or payout. */
  | { kind: "fee_charged"; of: string; provider: Provider; currency: string; amount: number }
  /** What became earned up to a day; negative where a line that gives back comes into its time. */
  | (OfInvoice & { kind: "revenue_recognized"; throughOn: string; amount: number })
  | {
      kind: "payout_sent" | "payout_returned";
      payoutId: string;
      provider: Provider;
      purpose: "refund" | "affiliate" | "other";
      currency: string;
      amount: number;
    };

/**
 * What a fact posts: a group that sums to zero in each currency. Entries of zero are left out, and a fact that moves nothing has none.
 * Throws RangeError on amounts that are none, and on a fact whose parts do not make its whole: such a fact must not be written.
 */
export function entriesOf(fact: MoneyFact): EntryGroup {
  const customerId = "customerId" in fact ? fact.customerId : null;
  const invoiceId = "invoiceId" in fact ? fact.invoiceId : null;
  const entries = postingsOf(fact).flatMap(([account, amount, apart]): Entry[] => {
    if (!isAmount(amount)) throw new RangeError(`Not an amount of ${fact.kind}: ${amount}`);
    const entry = { account, provider: null, currency: fact.currency, amount, invoiceId, customerId, ...apart };
    return amount === 0 ? [] : [entry];
  });
  if (entries.some((entry) => entry.account === "customer_credit" && entry.customerId === null))
    throw new RangeError(`${keyOf(fact)} gives credit to nobody`);
  const sum = entries.reduce((total, { amount }) => total + BigInt(amount), 0n);
  if (sum !== 0n) throw new RangeError(`${keyOf(fact)} does not sum to zero, but to ${sum}`);
  return { key: keyOf(fact), entries };
}

/** The name of a fact in the books, made of the ids of its business: the same however often it is told. */
export function keyOf(fact: MoneyFact): string {
  switch (fact.kind) {
    case "invoice_finalized":
      return `${fact.invoiceId}/finalized`;
    case "invoice_voided":
      return `${fact.invoiceId}/voided`;
    case "invoice_uncollectible":
      return `${fact.invoiceId}/uncollectible`;
    case "invoice_recovered":
      return `${fact.invoiceId}/recovered/${fact.paymentId}`;
    case "revenue_recognized":
      return `${fact.invoiceId}/recognized/${fact.throughOn}`;
    case "payment_settled":
      return `${fact.paymentId}/settled`;
    case "unapplied_applied":
      return `${fact.paymentId}/applied/${fact.invoiceId}`;
    case "credit_note_issued":
      return `${fact.creditNoteId}/issued`;
    case "refund_sent":
      return `${fact.refundId}/sent`;
    case "refund_failed":
      return `${fact.refundId}/failed`;
    case "credit_granted":
      return `${fact.creditId}/granted`;
    case "credit_applied":
      return `${fact.creditId}/applied/${fact.invoiceId}${(fact.nth ?? 1) > 1 ? `/${fact.nth}` : ""}`;
    case "credit_expired":
      return `${fact.creditId}/expired/${fact.expiredOn}`;
    case "credit_clawed_back":
      return `${fact.creditId}/clawed_back/${fact.disputeId}`;
    case "credit_restored":
      return `${fact.creditId}/restored/${fact.disputeId}`;
    case "dispute_opened":
      return `${fact.disputeId}/opened`;
    case "dispute_won":
      return `${fact.disputeId}/won`;
    case "dispute_lost":
      return `${fact.disputeId}/lost`;
    case "fee_charged":
      return `${fact.of}/fee`;
    case "payout_sent":
      return `${fact.payoutId}/sent`;
    case "payout_returned":
      return `${fact.payoutId}/returned`;
  }
}

/** An account, its amount (debit positive), and what of the entry differs from the fact's own ids. */
type Posting = readonly [Account, number, Partial<Entry>?];

function postingsOf(fact: MoneyFact): readonly Posting[] {
  switch (fact.kind) {
    case "invoice_finalized":
    case "invoice_voided":
    case "invoice_uncollectible":
    case "invoice_recovered":
    case "revenue_recognized":
    case "credit_note_issued":
      return postingsOfDocument(fact);
    case "credit_granted":
    case "credit_applied":
    case "credit_expired":
    case "credit_clawed_back":
    case "credit_restored":
      return postingsOfCredit(fact);
    case "payment_settled":
      return [
        ["cash", fact.amount, { provider: fact.provider }],
        ...fact.toInvoices.map(({ invoiceId, amount }): Posting => ["receivable", -amount, { invoiceId }]),
        ["unapplied", -fact.toUnapplied],
        ["customer_credit", -fact.toCredit],
      ];
    case "unapplied_applied":
      return [
        ["unapplied", fact.toInvoice + fact.toCredit],
        ["receivable", -fact.toInvoice],
        ["customer_credit", -fact.toCredit],
      ];
    case "refund_sent":
    case "refund_failed":
      return moved(FROM[fact.takenFrom], fact.kind === "refund_sent" ? fact.amount : -fact.amount, fact.provider);
    case "dispute_opened":
      return moved("disputes", fact.amount, fact.provider);
    case "dispute_won":
      return moved("disputes", -fact.amount, fact.provider);
    case "dispute_lost":
      return [
        ["unapplied", fact.fromUnapplied],
        ["bad_debt", fact.amount - fact.fromUnapplied],
        ["disputes", -fact.amount],
      ];
    case "fee_charged":
      return moved("fees", fact.amount, fact.provider);
    case "payout_sent":
    case "payout_returned": {
      const amount = fact.kind === "payout_sent" ? fact.amount : -fact.amount;
      return moved(fact.purpose === "refund" ? "refunds" : "fees", amount, fact.provider);
    }
  }
}

type DocumentFact = Extract<
  MoneyFact,
  {
    kind:
      | "invoice_finalized"
      | "invoice_voided"
      | "invoice_uncollectible"
      | "invoice_recovered"
      | "revenue_recognized"
      | "credit_note_issued";
  }
>;

function postingsOfDocument(fact: DocumentFact): readonly Posting[] {
  switch (fact.kind) {
    case "invoice_finalized": {
      const { deferred, revenue } = splitLines(fact.lines, fact.finalizedAt);
      return [
        ["receivable", fact.total],
        ["revenue", -revenue],
        ["deferred", -deferred],
        ["tax", -fact.taxTotal],
        ["rounding", -fact.rounding],
      ];
    }
    case "invoice_voided":
      return [
        ["revenue", fact.taxable - fact.deferredLeft],
        ["deferred", fact.deferredLeft],
        ["tax", fact.taxTotal],
        ["rounding", fact.rounding],
        [fact.writtenOff ? "bad_debt" : "receivable", -fact.total],
      ];
    case "invoice_uncollectible":
      return [
        ["bad_debt", fact.amountDue],
        ["receivable", -fact.amountDue],
      ];
    case "invoice_recovered":
      return [
        ["receivable", fact.amount],
        ["bad_debt", -fact.amount],
      ];
    case "revenue_recognized":
      return [
        ["deferred", fact.amount],
        ["revenue", -fact.amount],
      ];
    case "credit_note_issued":
      if (fact.toDue + fact.toCredit + fact.toRefund !== fact.total)
        throw new RangeError(`${fact.creditNoteId} goes to more or less than its total`);
      return [
        ["revenue", fact.taxable - fact.fromDeferred],
        ["deferred", fact.fromDeferred],
        ["tax", fact.taxTotal],
        ["rounding", fact.rounding],
        [fact.writtenOff ? "bad_debt" : "receivable", -fact.toDue],
        ["customer_credit", -fact.toCredit],
        ["refunds", -fact.toRefund],
      ];
  }
}

type CreditFact = Extract<
  MoneyFact,
  { kind: "credit_granted" | "credit_applied" | "credit_expired" | "credit_clawed_back" | "credit_restored" }
>;

function postingsOfCredit(fact: CreditFact): readonly Posting[] {
  const { amount } = fact;
  switch (fact.kind) {
    case "credit_granted":
      return [
        ["revenue", amount],
        ["customer_credit", -amount],
      ];
    case "credit_applied":
      return [
        ["customer_credit", amount],
        [fact.writtenOff === true ? "bad_debt" : "receivable", -amount],
      ];
    case "credit_expired":
      return [
        ["customer_credit", amount],
        ["revenue", -amount],
      ];
    case "credit_clawed_back":
      return [
        ["customer_credit", amount],
        ["bad_debt", -amount],
      ];
    case "credit_restored":
      return [
        ["bad_debt", amount],
        ["customer_credit", -amount],
      ];
  }
}

/** What a refund lowers besides cash. */
const FROM = { invoice: "refunds", unapplied: "unapplied", credit: "customer_credit" } as const satisfies Record<
  OfRefund["takenFrom"],
  Account
>;

/** Cash of a provider that became something else. */
function moved(account: Account, amount: number, provider: Provider): readonly Posting[] {
  return [
    [account, amount],
    ["cash", -amount, { provider }],
  ];
}

function splitLines(lines: readonly BookedLine[], finalizedAt: string): { deferred: number; revenue: number } {
  let [deferred, revenue] = [0, 0];
  for (const line of lines) {
    if (isDeferred(line, finalizedAt)) deferred += line.taxable;
    else revenue += line.taxable;
  }
  return { deferred, revenue };
}

/** Whether a line is earned with time: its period ends after the invoice was finalized. */
export function isDeferred({ periodEndAt }: Pick<BookedLine, "periodEndAt">, finalizedAt: string): boolean {
  return periodEndAt !== null && Date.parse(periodEndAt) > Date.parse(finalizedAt);
}

/** A line that is earned with time, and what credit notes took of it so far, in the order in which they were issued. Amounts without tax. */
export type DeferredLine = {
  taxable: number;
  periodStartAt: string;
  periodEndAt: string;
  credited: readonly { at: string; taxable: number }[];
};

/**
 * What of a line is not earned at an instant. It is earned by whole days (24 hours from the start of its period; the last may be shorter), and
 * all of it by the end. A credit takes first what is not earned yet, and what remains is earned over the days that are left.
 */
export function deferredLeftOf(line: DeferredLine, at: string): number {
  let from = 0;
  let left = line.taxable;
  for (const credit of line.credited) {
    if (Date.parse(credit.at) > Date.parse(at)) break;
    left = leftAt(line, { from, left }, credit.at);
    from = Math.max(from, elapsedDays(line, credit.at));
    left -= toward(left, credit.taxable);
  }
  return leftAt(line, { from, left }, at);
}

/** What of a credit over a line comes out of what is not earned yet; the rest takes back what was. */
export function fromDeferredOf(line: DeferredLine, credit: { at: string; taxable: number }): number {
  return toward(deferredLeftOf(line, credit.at), credit.taxable);
}

function leftAt(line: DeferredLine, { from, left }: { from: number; left: number }, at: string): number {
  const length = wholeDays(line.periodStartAt, line.periodEndAt, Math.ceil);
  const elapsed = Math.max(elapsedDays(line, at), from);
  if (elapsed >= length) return 0;
  return roundedQuotient(BigInt(left) * BigInt(length - elapsed), BigInt(length - from));
}

function elapsedDays(line: DeferredLine, at: string): number {
  if (Date.parse(at) >= Date.parse(line.periodEndAt)) return wholeDays(line.periodStartAt, line.periodEndAt, Math.ceil);
  return Math.max(0, wholeDays(line.periodStartAt, at, Math.floor));
}

function wholeDays(from: string, to: string, round: (days: number) => number): number {
  return round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

/** As much of `amount` as `left` has: both of one sign, or nothing. */
function toward(left: number, amount: number): number {
  if (left > 0) return Math.min(left, Math.max(amount, 0));
  return left < 0 ? Math.max(left, Math.min(amount, 0)) : 0;
}

/** What an account stands at in a currency, and for cash at a provider. */
export type Balance = { account: Account; provider: Provider | null; currency: string; amount: number };

/** The balances of all accounts that any entry is of, sorted. Throws RangeError beyond 2^53. */
export function balancesOf(entries: Iterable<Entry>): Balance[] {
  const sums = sumBy(entries, ({ account, provider, currency }) => [account, provider ?? "", currency]);
  return [...sums.values()]
    .map(({ of: { account, provider, currency }, amount }) => ({ account, provider, currency, amount }))
    .toSorted((x, y) => (rankOf(x) < rankOf(y) ? -1 : 1));
}

/** The rows that the books must agree with: all of a tenant. */
export type BookedRows = {
  invoices: readonly { id: string; currency: string; status: string; amountDue: number }[];
  credits: readonly { customerId: string; currency: string; remaining: number }[];
  /** received ones */
  payments: readonly { provider: Provider; currency: string; amountReceived: number; unapplied: number; fee: number }[];
  refunds: readonly { provider: Provider; currency: string; amount: number; status: string }[];
  disputes: readonly { provider: Provider; currency: string; amount: number; status: string; isWithdrawn: boolean }[];
  payouts: readonly { provider: Provider; currency: string; amount: number; fee: number; status: string }[];
};

/** Something that does not hold. `of` is what it is about: a group, an invoice, a customer, a provider and currency. */
export type BookFault = {
  code:
    | "group_unbalanced"
    | "receivable_differs"
    | "customer_credit_differs"
    | "unapplied_differs"
    | "disputes_differ"
    | "cash_differs"
    | "negative";
  of: string;
  books: number;
  rows: number;
  detail: string;
};

/**
 * What is wrong with the books; empty when all holds: each group sums to zero per currency; `receivable` of each invoice is what is due of it
 * while it is open, and nothing otherwise; `customer_credit`, `unapplied`, `disputes` and `cash` are what the rows say; and nothing is
 * negative that may not be. All groups of a tenant are to be given, for half of them is wrong by itself.
 */
export function whatIsWrong(groups: readonly EntryGroup[], rows: BookedRows): BookFault[] {
  const entries = groups.flatMap((group) => group.entries);
  const of = (account: Account) => entries.filter((entry) => entry.account === account);
  const invoices = rows.invoices
    .filter(({ status }) => status === "open")
    .map(({ id, currency, amountDue }) => ({ invoiceId: id, currency, amount: amountDue }));
  const credits = rows.credits.map(({ customerId, currency, remaining }) => ({ customerId, currency, amount: -remaining }));
  const unapplied = rows.payments.map(({ currency, unapplied: amount }) => ({ currency, amount: -amount }));
  const disputes = rows.disputes.filter(({ status, isWithdrawn }) => status === "open" && isWithdrawn);

  return [
    ...groups.flatMap(unbalanced),
    ...compared<InCurrency & { invoiceId: string | null }>(
      "receivable_differs",
      of("receivable"),
      invoices,
      ({ invoiceId, currency }) => [invoiceId ?? "", currency],
      1,
    ),
    ...compared("customer_credit_differs", of("customer_credit"), credits, ofCustomer, -1),
    ...compared("unapplied_differs", of("unapplied"), unapplied, ofCurrency, -1),
    ...compared("disputes_differ", of("disputes"), disputes, ofCurrency, 1),
    ...compared<InCurrency & { provider: Provider | null }>(
      "cash_differs",
      of("cash"),
      cashOf(rows),
      ({ provider, currency }) => [provider ?? "", currency],
      null,
    ),
  ];
}

type Sized = { amount: number };
type InCurrency = Sized & { currency: string };

function ofCurrency({ currency }: InCurrency): string[] {
  return [currency];
}

function ofCustomer({ customerId, currency }: InCurrency & { customerId: string | null }): string[] {
  return [customerId ?? "", currency];
}

function unbalanced({ key, entries }: EntryGroup): BookFault[] {
  return [...sumBy(entries, ofCurrency)].flatMap(([currency, { amount }]) =>
    amount === 0
      ? []
      : [{ code: "group_unbalanced", of: `${key} ${currency}`, books: amount, rows: 0, detail: `${key} sums to ${amount}.` }],
  );
}

/** Where the books and the rows differ, and where either has a sign that the account may not have; `sign` null: it may have both. */
function compared<T extends Sized>(
  code: BookFault["code"],
  books: readonly T[],
  rows: readonly T[],
  keyOf: (item: T) => string[],
  sign: 1 | -1 | null,
): BookFault[] {
  const inBooks = sumBy(books, keyOf);
  const inRows = sumBy(rows, keyOf);
  return [...new Set([...inBooks.keys(), ...inRows.keys()])].flatMap((of): BookFault[] => {
    const found = { of, books: inBooks.get(of)?.amount ?? 0, rows: inRows.get(of)?.amount ?? 0 };
    if (found.books !== found.rows) return [{ code, ...found, detail: `The books say ${found.books}, the rows ${found.rows}.` }];
    if (sign !== null && found.books * sign < 0)
      return [{ code: "negative", ...found, detail: `${found.books} has the wrong sign.` }];
    return [];
  });
}

/** What providers hold for us by the rows: received, less refunds, what banks took, fees and payouts. */
function cashOf({ payments, refunds, disputes, payouts }: BookedRows): (InCurrency & { provider: Provider })[] {
  const isOut = ({ status }: { status: string }) => status === "pending" || status === "succeeded" || status === "unclaimed";
  return [
    ...payments.map(({ provider, currency, amountReceived, fee }) => ({ provider, currency, amount: amountReceived - fee })),
    ...refunds.filter(isOut).map(({ provider, currency, amount }) => ({ provider, currency, amount: -amount })),
    ...disputes
      .filter(({ isWithdrawn }) => isWithdrawn)
      .map(({ provider, currency, amount }) => ({ provider, currency, amount: -amount })),
    ...payouts.filter(isOut).map(({ provider, currency, amount, fee }) => ({ provider, currency, amount: -amount - fee })),
  ];
}

/** Sums by key, with the first item of each. Throws RangeError beyond 2^53. */
function sumBy<T extends Sized>(items: Iterable<T>, keyOf: (item: T) => string[]): Map<string, { of: T; amount: number }> {
  const sums = new Map<string, { of: T; amount: number }>();
  for (const item of items) {
    const key = keyOf(item).join(" ");
    const sum = sums.get(key) ?? { of: item, amount: 0 };
    sum.amount += item.amount;
    if (!isAmount(sum.amount)) throw new RangeError(`The sum of ${key} is beyond 2^53`);
    sums.set(key, sum);
  }
  return sums;
}

function rankOf({ account, currency, provider }: Balance): string {
  return [String(ACCOUNTS.indexOf(account)).padStart(2, "0"), currency, provider ?? ""].join(" ");
}
