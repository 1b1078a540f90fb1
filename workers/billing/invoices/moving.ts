import type { Context } from "hono";
import type { MoneyChange } from "#db/billing/books";
import type { InvoiceRow } from "#db/billing/invoices";
import type { Fact } from "#db/commit";
import { presentInvoice } from "#kernel/billing/invoice";
import { changing } from "#kernel/changing";
import type { TenantEnv } from "#kernel/endpoint";
import { invoiceNotFound } from "#kernel/not-found";
import { amountDueOf, whyNotMoveInvoice, type InvoiceMove } from "#rules/billing/invoices";
import { invoiceMoveProblem } from "./problems.ts";

/** What a move writes: the invoice as it is then, what changes with it, and what is told. */
export type Moved = { change: MoneyChange; facts: readonly Fact[] };

/**
 * Moves an invoice, and answers it as it is afterwards. What was moved before is answered like the first time. The row is read again behind
 * the write, since the database may have given it a number.
 */
export async function moveInvoice(
  c: Context<TenantEnv>,
  id: string,
  move: InvoiceMove,
  moved: (before: InvoiceRow) => Promise<Moved>,
) {
  const { repo } = c.var;
  await changing(async () => {
    const before = await repo.invoices.byId(id);
    if (!before) throw invoiceNotFound({});
    const refused = whyNotMoveInvoice(stateOf(before, await repo.payments.isUnderWay(id)), move);
    if (refused?.code === "already_done") return true;
    if (refused) throw invoiceMoveProblem(refused);
    const { change, facts } = await moved(before);
    return (await repo.books.write(change, { facts, answer: { later: id } })) && true;
  });
  const row = await repo.invoices.byId(id);
  if (!row) throw invoiceNotFound({});
  const invoice = presentInvoice(row);
  await repo.books.keepAnswer([200, invoice]);
  return invoice;
}

/** What of an invoice the rules ask for. */
export const stateOf = (row: InvoiceRow, paymentUnderWay: boolean) => ({
  status: row.status,
  total: row.total,
  amountPaid: row.amountPaid,
  amountCredited: row.amountCredited,
  creditApplied: row.creditApplied,
  lineCount: row.lines.length,
  paymentUnderWay,
});

/** What is due of an invoice that waits for money, and nothing of any other. */
export const dueOf = (row: InvoiceRow): number =>
  row.status === "open" || row.status === "uncollectible" ? amountDueOf(row) : 0;
