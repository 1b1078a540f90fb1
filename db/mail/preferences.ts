import { and, eq } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { NoticeKind } from "#rules/mail/kinds";
import { mailBounces, mailPreferences } from "./tables.ts";

export type BounceRow = typeof mailBounces.$inferSelect;

type Change = { recipientId: string; unsubscribed: NoticeKind[]; version: number; lift: string | null };

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
      return { unsubscribed: preferences?.unsubscribed ?? [], version: preferences?.version ?? 0, bounce: bounce ?? null };
    },

    /**
     * Writes what a recipient wants no more over the version it was read as; undefined when somebody else was faster. `lift`: an address that may
     * be mailed again.
     */
    put: ({ recipientId, unsubscribed, version, lift }: Change, told: Told) => {
      const row = { tenantId, recipientId, unsubscribed, createdAt: now, updatedAt: now, version: version + 1 };
      const write = db
        .insert(mailPreferences)
        .values(row)
        .onConflictDoUpdate({
          target: [mailPreferences.tenantId, mailPreferences.recipientId],
          set: { unsubscribed, updatedAt: now, version: version + 1 },
          setWhere: eq(mailPreferences.version, version),
        });
      const lifted = lift === null ? [] : [bound(d1, db.delete(mailBounces).where(bounceOf(lift)))];
      return commit(asking, [bound(d1, write), guard(d1), ...lifted], told);
    },
  };
}
