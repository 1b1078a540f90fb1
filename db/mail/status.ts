import { and, eq, min, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { mailTransport, notices } from "./tables.ts";

export type TransportRow = typeof mailTransport.$inferSelect;

export function mailStatusOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);
  return {
    /** How mail goes out, and how much of this tenant's waits; counts up to 1,000. */
    read: async () => {
      const [[transport], [waiting], [oldest]] = await db.batch([
        db.select().from(mailTransport).where(eq(mailTransport.id, 1)),
        db.select({ n: sql<number>`count(*)` }).from(
          db
            .select({ one: sql`1`.as("one") })
            .from(notices)
            .where(and(eq(notices.tenantId, tenantId), eq(notices.state, "pending")))
            .limit(1000)
            .as("some"),
        ),
        db
          .select({ at: min(notices.createdAt) })
          .from(notices)
          .where(and(eq(notices.tenantId, tenantId), eq(notices.state, "pending"))),
      ]);
      return { transport: transport ?? null, waiting: waiting?.n ?? 0, oldest: oldest?.at ?? null };
    },
  };
}
