import { and, desc, eq } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { creditNotes } from "./tables.ts";

export type CreditNoteRow = typeof creditNotes.$inferSelect;

type Filter = { customerId?: string | undefined; invoiceId?: string | undefined; externalId?: string | undefined };

export function creditNotesOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);

  return {
    byId: (id: string) =>
      db
        .select()
        .from(creditNotes)
        .where(and(eq(creditNotes.tenantId, tenantId), eq(creditNotes.id, id)))
        .get(),

    /** All notes of an invoice in the order in which they were issued. */
    ofInvoice: (invoiceId: string, limit: number) =>
      db
        .select()
        .from(creditNotes)
        .where(and(eq(creditNotes.tenantId, tenantId), eq(creditNotes.invoiceId, invoiceId)))
        .orderBy(creditNotes.id)
        .limit(limit),

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select()
          .from(creditNotes)
          .where(
            and(
              eq(creditNotes.tenantId, tenantId),
              filter.customerId === undefined ? undefined : eq(creditNotes.customerId, filter.customerId),
              filter.invoiceId === undefined ? undefined : eq(creditNotes.invoiceId, filter.invoiceId),
              filter.externalId === undefined ? undefined : eq(creditNotes.externalId, filter.externalId),
              olderThan(creditNotes.id, page),
            ),
          )
          .orderBy(desc(creditNotes.id))
          .limit(page.limit + 1),
        page,
      ),
  };
}
