import { and, eq } from "drizzle-orm";
import { bound, commit, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { NoticeKind } from "#rules/mail/kinds";
import { mailBounces, mailPreferences } from "./tables.ts";

export type BounceRow = typeof mailBounces.$inferSelect;

export function mailPreferencesOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const bounceOf = (address: string) => and(eq(mailBounces.tenantId, tenantId), eq(mailBounces.address, address.toLowerCase()));

  return {
    /** What a recipient wants no more, and whether mail to their address came back for good. */
    of: async (recipientId: string, address: string) => {
      const [[preferences], [bounce]] = await db.batch([
        db
          .select()
          .from(mailPreferences)
          .where(and(eq(mailPreferences.tenantId, tenantId), eq(mailPreferences.recipientId, recipientId))),
        db.select().from(mailBounces).where(bounceOf(address)),
      ]);
      return { unsubscribed: preferences?.unsubscribed ?? [], bounce: bounce ?? null };
    },

    /** Writes what a recipient wants no more; `lift`: their address may be mailed again. */
    put: (recipientId: string, unsubscribed: NoticeKind[], lift: string | null, told: Told) => {
      const row = { tenantId, recipientId, unsubscribed, createdAt: now, updatedAt: now, version: 1 };
      return commit(
        asking,
        [
          bound(
            d1,
            db
              .insert(mailPreferences)
              .values(row)
              .onConflictDoUpdate({
                target: [mailPreferences.tenantId, mailPreferences.recipientId],
                set: { unsubscribed, updatedAt: now },
              }),
          ),
          ...(lift === null ? [] : [bound(d1, db.delete(mailBounces).where(bounceOf(lift)))]),
        ],
        told,
      );
    },
  };
}
