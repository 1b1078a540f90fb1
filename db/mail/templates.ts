import { and, eq } from "drizzle-orm";
import { bound, commit, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { MailLocale, NoticeKind } from "#rules/mail/kinds";
import { mailTemplates } from "./tables.ts";

export type MailTemplateRow = typeof mailTemplates.$inferSelect;

export function mailTemplatesOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (kind: NoticeKind, locale: MailLocale) =>
    and(eq(mailTemplates.tenantId, tenantId), eq(mailTemplates.kind, kind), eq(mailTemplates.locale, locale));

  return {
    all: () => db.select().from(mailTemplates).where(eq(mailTemplates.tenantId, tenantId)),

    byName: (kind: NoticeKind, locale: MailLocale) => db.select().from(mailTemplates).where(mine(kind, locale)).get(),

    /** Writes a tenant's own words over what it said before. */
    put: (row: MailTemplateRow, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .insert(mailTemplates)
              .values(row)
              .onConflictDoUpdate({
                target: [mailTemplates.tenantId, mailTemplates.kind, mailTemplates.locale],
                set: { subject: row.subject, body: row.body, updatedAt: row.updatedAt },
              }),
          ),
        ],
        told,
      ),

    /** Goes back to the words that everybody begins with. */
    delete: (kind: NoticeKind, locale: MailLocale, told: Told) =>
      commit(asking, [bound(d1, db.delete(mailTemplates).where(mine(kind, locale)))], told),
  };
}
