import { isAmount, roundedQuotient } from "../money.ts";
import { ratio, ZERO } from "../rational.ts";
import {
  canonicalRate,
  type DocumentLine,
  type DocumentTotals,
  roundToSum,
  type TaxBehavior,
  type TaxedLine,
  type TaxGroup,
  taxOfLines,
  totalsOf,
} from "./documents.ts";
import type { InvoiceStatus } from "./invoices.ts";

/** What of a final invoice its credit notes depend on. */
export type CreditedInvoice = {
  id: string;
  currency: string;
  behavior: TaxBehavior;
  lines: readonly DocumentLine[];
  totals: DocumentTotals;
};

/** A credit note that was issued for the invoice before: its lines say which of the invoice's they give back. */
export type EarlierNote = { lines: readonly Pick<DocumentLine, "net" | "creditsLine">[]; totals: DocumentTotals };

/**
 * What is to be given back: all that is left, an amount the customer gets (with its tax) in proportion over all lines, or certain lines: whole,
 * by quantity, or by amount in the behavior of the invoice's prices.
 */
export type CreditWish =
  | { kind: "full" }
  | { kind: "amount"; amount: number }
  | { kind: "lines"; lines: readonly { lineId: string; quantity?: number; amount?: number }[] };

/** Why it cannot be credited. `lineId` where one line is the cause. */
export type CreditNoteRefused = {
  code:
    | "nothing_left"
    | "invalid_amount"
    | "invalid_quantity"
    | "unknown_line"
    | "line_twice"
    | "line_gives_back"
    | "exceeds_line"
    | "exceeds_rate"
    | "exceeds_invoice";
  lineId: string | null;
  detail: string;
};

/** A credit note: its lines and sums are positive, as its kind says that they are given back. */
export type CreditNotePlan = {
  lines: DocumentLine[];
  totals: DocumentTotals;
  /** by how much each line of the invoice is lowered without tax, for the books; sums to the totals' `taxable` */
  taxableOfLines: { lineId: string; taxable: number }[];
  /** nothing of the invoice is left */
  closes: boolean;
};

/**
 * Plans the next credit note of an invoice, behind `earlier` ones.
 *
 * Its tax is not reckoned by itself: all that is credited by now is taxed at the invoice's own rates as one document, and a note is the
 * difference to the notes before it. So many small notes are taxed as one large note, no line and no rate is credited beyond what it was, and the
 * note that takes the last of it brings net, tax and rounding to zero, each exactly. A note's own tax may be one unit off its own net × rate.
 */
export function planCreditNote(
  invoice: CreditedInvoice,
  earlier: readonly EarlierNote[],
  wish: CreditWish,
): { ok: true; note: CreditNotePlan } | ({ ok: false } & CreditNoteRefused) {
  const before = creditedNets(invoice, earlier);
  const left = invoice.lines.map((line, index) => line.net - at(before, index));
  const totalBefore = sumOf(earlier.map((note) => note.totals.total));
  const totalLeft = invoice.totals.total - totalBefore;
  if (left.every((net) => net === 0) && totalLeft === 0) return no("nothing_left", "All of the invoice is credited already.");

  const nets = netsOf(invoice, { before, left, totalBefore, totalLeft }, wish);
  if (!Array.isArray(nets)) return nets;
  if (nets.every((net) => net === 0)) return no("invalid_amount", "The amount is less than any net with its tax.");
  const closes = nets.every((net, index) => net === at(left, index));
  const after = before.map((net, index) => net + at(nets, index));
  const beyond = whyBeyondRates(invoice, after);
  if (beyond) return beyond;

  const sums = [totalsAt(invoice, before), totalsAt(invoice, after)] as const;
  const asked = wish.kind === "amount" ? wish.amount : sums[1].total - sums[0].total;
  // what earlier amounts gave beyond their net is not given twice
  const given = Math.max(totalBefore - sums[0].total, 0);
  const total = closes || (asked > totalLeft && asked - given <= totalLeft) ? totalLeft : asked;
  if (total > totalLeft || total < 0)
    return no("exceeds_invoice", `Only ${totalLeft} of the invoice are left, and these lines are ${total}.`);
  const lines = linesOf(invoice, nets, left);
  const totals = lessEarlier(sums[1], earlier, total, lines);
  return { ok: true, note: { lines, totals, taxableOfLines: taxablesOf(invoice, before, after), closes } };
}

/** Where the value of a credit note goes. */
export type CreditUse = { toDue: number; toCredit: number; toRefund: number };

/**
 * Where the value of a credit note goes: first it lowers what is still due, for that money was never here; the rest goes back as the customer's
 * credit, or as a refund as far as `refundable` reaches: money of this invoice that a provider can still send back. What was paid by credit comes
 * back as credit. Throws RangeError on sums that are none.
 */
export function useOfCreditNote(
  total: number,
  invoice: { status: InvoiceStatus; amountDue: number; refundable: number },
  wish: "credit" | "refund",
): CreditUse {
  const { status, amountDue, refundable } = invoice;
  if (![total, amountDue, refundable].every((amount) => isAmount(amount) && amount >= 0)) throw new RangeError("Not an amount");
  const isDue = status === "open" || status === "uncollectible";
  const toDue = isDue ? Math.min(total, amountDue) : 0;
  const toRefund = wish === "refund" ? Math.min(total - toDue, refundable) : 0;
  return { toDue, toCredit: total - toDue - toRefund, toRefund };
}

/** What each line of the invoice was credited by, in its order, in the behavior of its prices. Throws RangeError on a line of no invoice. */
function creditedNets(invoice: CreditedInvoice, earlier: readonly EarlierNote[]): number[] {
  const nets = new Map(invoice.lines.map(({ id }) => [id, 0]));
  for (const { net, creditsLine } of earlier.flatMap(({ lines }) => lines)) {
    const known = creditsLine?.invoiceId === invoice.id ? nets.get(creditsLine.lineId) : undefined;
    if (known === undefined || !creditsLine) throw new RangeError("A credit note of another invoice");
    nets.set(creditsLine.lineId, known + net);
  }
  return [...nets.values()];
}

type Standing = { before: readonly number[]; left: readonly number[]; totalBefore: number; totalLeft: number };

/** What of each line is to be credited now. */
function netsOf(invoice: CreditedInvoice, standing: Standing, wish: CreditWish): number[] | ({ ok: false } & CreditNoteRefused) {
  switch (wish.kind) {
    case "full":
      return [...standing.left];
    case "amount":
      return netsOfAmount(invoice, standing, wish.amount);
    case "lines":
      return netsOfLines(invoice, standing.left, wish.lines);
  }
}

function netsOfLines(
  invoice: CreditedInvoice,
  left: readonly number[],
  wished: readonly { lineId: string; quantity?: number; amount?: number }[],
): number[] | ({ ok: false } & CreditNoteRefused) {
  const nets = left.map(() => 0);
  const seen = new Set<string>();
  for (const { lineId, quantity, amount } of wished) {
    const index = invoice.lines.findIndex(({ id }) => id === lineId);
    const line = invoice.lines[index];
    if (!line) return no("unknown_line", `The invoice has no line ${lineId}.`, lineId);
    if (seen.has(lineId)) return no("line_twice", `Line ${lineId} is named twice.`, lineId);
    seen.add(lineId);
    const most = at(left, index);
    if (most === 0) return no("nothing_left", `All of line ${lineId} is credited already.`, lineId);
    if (most < 0)
      return no("line_gives_back", `Line ${lineId} gives back already; it is credited with the whole invoice.`, lineId);
    if (quantity !== undefined && !(Number.isSafeInteger(quantity) && quantity >= 1 && quantity <= line.quantity))
      return no("invalid_quantity", `The quantity of line ${lineId} is from 1 to ${line.quantity}.`, lineId);
    const net = amount ?? (quantity === undefined ? most : netOfQuantity(line, most, quantity));
    if (!isAmount(net) || net < 1) return no("invalid_amount", `Nothing would be credited of line ${lineId}.`, lineId);
    if (net > most) return no("exceeds_line", `Only ${most} of line ${lineId} are left.`, lineId);
    nets[index] = net;
  }
  if (seen.size === 0) return no("invalid_amount", "Name at least one line.");
  return nets;
}

/**
 * What the next `quantity` of a line are worth: as many as were credited before count from the start, so that all of its pieces make the line.
 * What was credited by amount counts as the pieces that it began.
 */
function netOfQuantity({ net, quantity: all }: DocumentLine, left: number, quantity: number): number {
  const credited = BigInt(net - left);
  const [whole, size] = [BigInt(all), BigInt(net)];
  // the first piece up to which the line rounds to at least what was credited
  const from = credited === 0n ? 0n : ((2n * credited - 1n) * whole + 2n * size - 1n) / (2n * size);
  const to = from + BigInt(quantity);
  return roundedQuotient(size * to, whole) - Number(credited);
}

/**
 * An amount with its tax, in proportion over what is left: the largest nets whose sum does not exceed it. Lines that give back take no part, but
 * lower what the others of their rate may be credited.
 */
function netsOfAmount(
  invoice: CreditedInvoice,
  { before, left, totalBefore, totalLeft }: Standing,
  amount: number,
): number[] | ({ ok: false } & CreditNoteRefused) {
  if (!isAmount(amount) || amount < 1) return no("invalid_amount", "The amount is a whole number of minor units from 1.");
  if (amount > totalLeft) return no("exceeds_invoice", `Only ${totalLeft} of the invoice are left.`);
  if (amount === totalLeft) return [...left];

  const weights = weightsOf(invoice, left);
  const whole = weights.reduce((sum, { most }) => sum + most, 0);
  const share = (net: number) => {
    const parts = left.map((most, index) => {
      const weight = weights.find(({ lines }) => lines.has(index));
      if (!weight || most <= 0) return ZERO;
      return ratio(BigInt(most) * BigInt(weight.most) * BigInt(net), BigInt(weight.sum) * BigInt(whole));
    });
    return roundToSum(net, parts);
  };
  const sumAt = (nets: readonly number[]) =>
    totalsAt(
      invoice,
      before.map((credited, index) => credited + at(nets, index)),
    ).total;
  const most = whole === 0 ? 0 : sumAt(share(whole)) - totalBefore;
  if (most < 1) return no("invalid_amount", "What is left of this invoice is credited by line, or as a whole.");

  // a step of net moves the sum by one or two, so what is wanted lies within a few steps of the exact part
  const estimate = roundedQuotient(BigInt(whole) * BigInt(amount), BigInt(most));
  for (let net = Math.min(estimate + invoice.totals.groups.length + 2, whole); net > 0; net--) {
    const nets = share(net);
    if (sumAt(nets) <= totalBefore + amount) return nets;
  }
  return share(0);
}

/** The rates of which something is left: which lines have one, what may be credited of it, and what those of its lines are that may be. */
function weightsOf({ lines }: CreditedInvoice, left: readonly number[]): { lines: Set<number>; most: number; sum: number }[] {
  const groups = new Map<string, { lines: Set<number>; most: number; sum: number }>();
  for (const [index, { tax }] of lines.entries()) {
    const group = groups.get(groupKey(tax)) ?? { lines: new Set(), most: 0, sum: 0 };
    group.lines.add(index);
    group.most += at(left, index);
    group.sum += Math.max(at(left, index), 0);
    groups.set(groupKey(tax), group);
  }
  return [...groups.values()].filter(({ most }) => most > 0);
}

/** The sums of the invoice if its lines were of these nets. */
function totalsAt({ lines, behavior, currency }: CreditedInvoice, nets: readonly number[]): DocumentTotals {
  return totalsOf(asLines(lines, nets), behavior, currency);
}

function asLines(lines: readonly DocumentLine[], nets: readonly number[]): TaxedLine[] {
  return lines.map(({ tax }, index) => ({ amount: at(nets, index), discount: 0, net: at(nets, index), tax }));
}

/** No rate may be credited beyond what it was, which lines that give back could bring about. */
function whyBeyondRates(invoice: CreditedInvoice, after: readonly number[]): ({ ok: false } & CreditNoteRefused) | null {
  const groups = totalsAt(invoice, after).groups;
  const beyond = groups.find((group, index) => {
    const whole = at(invoice.totals.groups, index);
    return whole.taxable >= 0 ? group.taxable > whole.taxable : group.taxable < whole.taxable;
  });
  if (!beyond) return null;
  return no("exceeds_rate", `The lines at ${beyond.rate} % would be credited beyond what the invoice has at that rate.`);
}

/** What is credited by now, less the notes before. What does not fit into net and tax is the note's rounding. */
function lessEarlier(
  now: DocumentTotals,
  earlier: readonly EarlierNote[],
  total: number,
  lines: readonly DocumentLine[],
): DocumentTotals {
  const named = new Set(lines.map(({ tax }) => groupKey(tax)));
  const known = earlier.flatMap((note) => note.totals.groups);
  const groups = now.groups.map((group): TaxGroup => {
    const same = known.filter((candidate) => groupKey(candidate) === groupKey(group));
    return {
      ...group,
      taxable: group.taxable - sumOf(same.map(({ taxable }) => taxable)),
      tax: group.tax - sumOf(same.map(({ tax }) => tax)),
    };
  });
  const taxable = sumOf(groups.map((group) => group.taxable));
  const taxTotal = sumOf(groups.map((group) => group.tax));
  return {
    subtotal: sumOf(lines.map(({ net }) => net)),
    discountTotal: 0,
    taxable,
    taxTotal,
    rounding: total - taxable - taxTotal,
    total,
    groups: groups.filter((group) => named.has(groupKey(group)) || group.taxable !== 0 || group.tax !== 0),
  };
}

function groupKey({ category, rate, reason }: Pick<TaxGroup, "category" | "rate" | "reason">): string {
  return JSON.stringify([category, canonicalRate(rate), reason]);
}

/** The lines of the note; one that is credited whole looks as it did on the invoice, less its discount. */
function linesOf(invoice: CreditedInvoice, nets: readonly number[], left: readonly number[]): DocumentLine[] {
  return invoice.lines
    .map((line, index) => ({ line, net: at(nets, index), isWhole: at(nets, index) === line.net && at(left, index) === line.net }))
    .filter(({ net }) => net !== 0)
    .map(({ line, net, isWhole }, index): DocumentLine => {
      const isPriced = isWhole && line.discount === 0;
      return {
        ...line,
        id: String(index + 1),
        quantity: isPriced ? line.quantity : 1,
        unitAmount: isPriced ? line.unitAmount : String(net),
        amount: net,
        discount: 0,
        net,
        derivation: isPriced ? line.derivation : { kind: "manual" },
        creditsLine: { invoiceId: invoice.id, lineId: line.id },
      };
    });
}

/** By how much each line of the invoice is lowered without tax. */
function taxablesOf(invoice: CreditedInvoice, before: readonly number[], after: readonly number[]) {
  const shares = (nets: readonly number[]) => taxOfLines(asLines(invoice.lines, nets), totalsAt(invoice, nets), invoice.behavior);
  const [old, now] = [shares(before), shares(after)];
  return invoice.lines
    .map(({ id }, index) => ({ lineId: id, taxable: at(now, index).taxable - at(old, index).taxable }))
    .filter(({ taxable }) => taxable !== 0);
}

function sumOf(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`Nothing at ${index}`);
  return value;
}

function no(code: CreditNoteRefused["code"], detail: string, lineId: string | null = null): { ok: false } & CreditNoteRefused {
  return { ok: false, code, lineId, detail };
}
