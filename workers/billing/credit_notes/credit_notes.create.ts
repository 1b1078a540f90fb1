import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { MoneyChange } from "#db/billing/books";
import type { CreditNoteRow } from "#db/billing/credit-notes";
import type { CreditRow, InvoiceRow } from "#db/billing/invoices";
import type { Fact } from "#db/commit";
import { settled } from "#kernel/billing/finalizing";
import { presentInvoice } from "#kernel/billing/invoice";
import { presentCredit } from "#kernel/billing/payment";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope, type TenantEnv } from "#kernel/endpoint";
import { changeFact, fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { invoiceNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { sequenceOf } from "#rules/billing/numbering";
import { dateIn } from "#rules/time";
import { contentOf, issuedEntries, planned, type PlannedNote } from "./planning.ts";
import { presentCreditNote } from "./presenters.ts";
import { creditTooLarge, invoiceNotCreditable } from "./problems.ts";
import { CreditNote, NewCreditNote } from "./schemas.ts";

export const createCreditNote = endpoint({
  route: createRoute({
    operationId: "credit_notes.create",
    method: "post",
    path: "/v1/credit_notes",
    security: scope("credit_notes:write"),
    summary: "Correct an invoice",
    description:
      "Gives back lines, an amount, or all that is left of an invoice, at the tax that it had. It lowers what is still due first; what was paid already becomes the customer's credit.",
    request: { body: jsonBody(NewCreditNote) },
    responses: {
      201: json(CreditNote, "The credit note, final"),
      ...problems(invoiceNotFound, invoiceNotCreditable, creditTooLarge, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const body = c.req.valid("json");
    const resumed = repo.resumes;
    const id = resumed ?? newId("credit_note", repo.shard, c.var.realNow);
    if (resumed === null) await changing(async () => issue(c, id, body));
    const row = await repo.creditNotes.byId(id);
    if (!row) throw changedMeanwhile({});
    const note = presentCreditNote(row);
    await repo.books.keepAnswer([201, note]);
    return c.json(note, 201);
  },
});

async function issue(c: Context<TenantEnv>, id: string, body: z.infer<typeof NewCreditNote>): Promise<true | undefined> {
  const { repo } = c.var;
  const plan = await planned(repo, body);
  const { change, facts } = await written(c, id, plan, body);
  return (await repo.books.write(change, { facts, answer: { later: id } }).catch(asTaken({}))) && true;
}

async function written(
  c: Context<TenantEnv>,
  id: string,
  plan: PlannedNote,
  body: z.infer<typeof NewCreditNote>,
): Promise<{ change: MoneyChange; facts: Fact[] }> {
  const { repo, now } = c.var;
  const { invoice, use } = plan;
  const note: CreditNoteRow = {
    tenantId: repo.tenantId,
    id,
    invoiceId: invoice.id,
    reason: body.reason,
    ...use,
    refundId: null,
    ...(await contentOf(plan, body.notes ?? null)),
    issuedAt: now,
    ...newOwned(body, now),
  };
  const after = settledBy(invoice, use.toDue, now);
  const credits = use.toCredit === 0 ? [] : [creditFrom(c, note)];
  const { seller } = await repo.taxing.ingredients(invoice.customerId, invoice.legalEntityId);
  if (!seller) throw new Error(`The seller of invoice ${invoice.id} is gone, which its foreign key forbids`);
  const series = sequenceOf({ prefix: seller.creditNotePrefix }, dateIn(now, seller.timeZone));
  return {
    change: {
      insert: { creditNotes: [note], credits },
      update: { invoices: [after] },
      number: [{ of: "creditNotes", id, legalEntityId: invoice.legalEntityId, series, width: seller.numberWidth }],
      entries: [issuedEntries(plan, id)],
    },
    facts: [
      { ...fact("credit_note.created", presentCreditNote(note)), numberedBy: "credit_notes" },
      ...(after.status === invoice.status ? [] : [changeFact("invoice.paid", presentInvoice(invoice), presentInvoice(after))]),
      ...credits.map((credit) => fact("credit.created", presentCredit(credit))),
    ],
  };
}

/** The invoice after a part of its due was credited. It is written even where nothing was due, so that of two notes at once one reads again. */
function settledBy(invoice: InvoiceRow, toDue: number, now: Date): InvoiceRow {
  if (toDue === 0) return { ...invoice, updatedAt: now };
  return settled({ ...invoice, amountCredited: invoice.amountCredited + toDue }, now);
}

function creditFrom(c: Context<TenantEnv>, note: CreditNoteRow): CreditRow {
  const { repo, now, realNow } = c.var;
  return {
    tenantId: note.tenantId,
    id: newId("credit", repo.shard, realNow),
    customerId: note.customerId,
    currency: note.currency,
    source: "credit_note",
    sourceId: note.id,
    amount: note.toCredit,
    remaining: note.toCredit,
    reason: null,
    expiresAt: null,
    expiredAt: null,
    ...newOwned({}, now),
  };
}
