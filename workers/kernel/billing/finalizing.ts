import type { MoneyChange } from "#db/billing/books";
import type { CreditRow, InvoiceRow } from "#db/billing/invoices";
import type { Fact } from "#db/commit";
import type { Repo } from "#db/repo";
import { spend } from "#rules/billing/credits";
import { taxOfLines, totalsOf, type Party } from "#rules/billing/documents";
import { amountDueOf, dueAtOf } from "#rules/billing/invoices";
import { entriesOf, type BookedLine, type EntryGroup } from "#rules/billing/ledger";
import { sequenceOf } from "#rules/billing/numbering";
import { dateIn } from "#rules/time";
import { sha256Hex } from "../crypto.ts";
import { changeFact } from "../facts.ts";
import { presentInvoice } from "./invoice.ts";
import { taxed, taxPointOf, type Sale } from "./selling.ts";

/** A draft that becomes final, with everything that is written then. The number is given by the database in that batch. */
export type Finalization = { row: InvoiceRow; change: MoneyChange; facts: Fact[] };

/**
 * Makes a draft final: taxed as of its tax point, with seller and buyer as they are now, due by its terms; what the customer has to spend is
 * spent on it. What owes nothing is paid in the same moment. Throws `sale_not_taxable`.
 */
export async function finalized(repo: Repo, draft: InvoiceRow, sale: Sale, now: Date): Promise<Finalization> {
  const { seller } = sale;
  const { content } = taxed(draft.lines, draft, sale, { now, taxPointOn: taxPointOf(repo, draft.lines, seller, now) });
  const spent = content.total > 0 ? await spendOn(repo, draft, content.total, now) : [];
  const creditApplied = spent.reduce((sum, { amount }) => sum + amount, 0);
  const open: InvoiceRow = {
    ...draft,
    ...content,
    status: "open",
    seller: sellerParty(sale),
    buyer: buyerParty(sale),
    creditApplied,
    amountDue: content.total - creditApplied,
    issuedAt: now,
    dueAt: dueAtOf(now, draft.netTermsDays, seller.timeZone),
    updatedAt: now,
  };
  const final = { ...open, contentHash: await hashOf(open) };
  const row: InvoiceRow = final.amountDue === 0 ? { ...final, status: "paid", paidAt: now } : final;
  return {
    row,
    change: {
      update: { invoices: [row], credits: spent.map(({ credit }) => credit) },
      number: [numberingOf(row, sale, now)],
      entries: [entriesOf(finalizedFact(row)), ...spent.map(({ entries }) => entries)],
    },
    facts: finalFacts(draft, final, row),
  };
}

function finalFacts(draft: InvoiceRow, final: InvoiceRow, row: InvoiceRow): Fact[] {
  const numbered = (fact: Fact): Fact => ({ ...fact, numberedBy: "invoices" });
  const finalizedFact = numbered(changeFact("invoice.finalized", presentInvoice(draft), presentInvoice(final)));
  return row === final
    ? [finalizedFact]
    : [finalizedFact, numbered(changeFact("invoice.paid", presentInvoice(final), presentInvoice(row)))];
}

function numberingOf({ id }: InvoiceRow, { seller }: Sale, now: Date) {
  const series = sequenceOf({ prefix: seller.invoicePrefix }, dateIn(now, seller.timeZone));
  return { of: "invoices" as const, id, legalEntityId: seller.id, series, width: seller.numberWidth };
}

type Spent = { credit: CreditRow; amount: number; entries: EntryGroup };

/** What of the customer's balance goes to an invoice: what ends soonest first. `before`: the names under which credit was spent on it already. */
async function spendOn(
  repo: Repo,
  { id: invoiceId, customerId, currency, status }: InvoiceRow,
  due: number,
  now: Date,
  before: readonly string[] = [],
): Promise<Spent[]> {
  const held = await repo.invoices.spendable(customerId, currency);
  const writtenOff = status === "uncollectible";
  return spend(held, { amount: due, currency }, now).flatMap(({ creditId, amount }) => {
    const credit = held.find(({ id }) => id === creditId);
    if (!credit) return [];
    const nth = before.filter((key) => key.startsWith(`${creditId}/`)).length + 1;
    const entries = entriesOf({ kind: "credit_applied", creditId, customerId, currency, amount, invoiceId, nth, writtenOff });
    return [{ credit: { ...credit, remaining: credit.remaining - amount, updatedAt: now }, amount, entries }];
  });
}

/** Spends what a customer has on an invoice that waits for money: its row afterwards, and what is written with it. */
export async function spending(repo: Repo, invoice: InvoiceRow, atMost: number, now: Date) {
  const before = invoice.creditApplied === 0 ? [] : await repo.ledger.creditSpentOn(invoice.id);
  const spent = await spendOn(repo, invoice, Math.min(atMost, amountDueOf(invoice)), now, before);
  const amount = spent.reduce((sum, part) => sum + part.amount, 0);
  const row = settled({ ...invoice, creditApplied: invoice.creditApplied + amount }, now);
  return { amount, row, credits: spent.map(({ credit }) => credit), entries: spent.map(({ entries }) => entries) };
}

/** An invoice after something was put to it: what is due by its sums, and paid where that is nothing. */
export function settled(invoice: InvoiceRow, now: Date): InvoiceRow {
  const amountDue = amountDueOf(invoice);
  const row = { ...invoice, amountDue, updatedAt: now };
  return amountDue === 0 ? { ...row, status: "paid", paidAt: now, nextAttemptAt: null } : row;
}

/** What the books say of an invoice that became final. */
function finalizedFact(row: InvoiceRow) {
  return {
    kind: "invoice_finalized" as const,
    invoiceId: row.id,
    customerId: row.customerId,
    currency: row.currency,
    finalizedAt: (row.issuedAt ?? row.updatedAt).toISOString(),
    lines: bookedLines(row),
    taxTotal: row.taxTotal,
    rounding: row.rounding,
    total: row.total,
  };
}

/** What each line earns, without its tax. */
export function bookedLines({
  lines,
  taxBehavior,
  currency,
}: Pick<InvoiceRow, "lines" | "taxBehavior" | "currency">): BookedLine[] {
  const shares = taxOfLines(lines, totalsOf(lines, taxBehavior, currency), taxBehavior);
  return lines.map(({ periodEndAt }, index) => ({ taxable: shares[index]?.taxable ?? 0, periodEndAt }));
}

/** What the document states, hashed: everything but its number, which the database gives as it becomes final. */
function hashOf({ id, issuedAt, dueAt, seller, buyer, lines, taxGroups, ...row }: InvoiceRow): Promise<string> {
  const { subtotal, discountTotal, taxable, taxTotal, rounding, total, currency, taxBehavior, taxPointOn, notes } = row;
  const sums = { subtotal, discountTotal, taxable, taxTotal, rounding, total };
  const said = { id, issuedAt, dueAt, seller, buyer, lines, taxGroups, ...sums, currency, taxBehavior, taxPointOn, notes };
  return sha256Hex(JSON.stringify(said));
}

function sellerParty({ seller }: Sale): Party {
  const { name, email, address, country, vatId, registration } = seller;
  return { name, email, address: { ...NOWHERE, ...address, country }, country, vatId, registration };
}

function buyerParty({ buyer }: Sale): Party {
  const { name, company, email, billingEmail, address, country, vatId } = buyer;
  return {
    name: company ?? name,
    email: billingEmail ?? email,
    address: { ...NOWHERE, ...address, country },
    country,
    vatId,
    registration: null,
  };
}

const NOWHERE = { line1: null, line2: null, city: null, postal_code: null, state: null };
