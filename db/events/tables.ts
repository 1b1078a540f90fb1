import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { instant, json } from "../columns.ts";
import type { Actor, EventType } from "#rules/events";

/** A fact, written in the same batch as the change it tells of. Never changed, and numbered without gaps within its tenant. */
export const events = sqliteTable(
  "events",
  {
    tenantId: text().notNull(),
    seq: integer().notNull(),
    id: text().notNull(),
    type: text().$type<EventType>().notNull(),
    subjectType: text().notNull(),
    subjectId: text().notNull(),
    licenseId: text(), // the license that the subject is or belongs to: its log holds what happened to its devices, files and transfers too
    actorType: text().$type<Actor["type"]>().notNull(),
    actorId: text(),
    actorIp: text(),
    data: json<{ object: Record<string, unknown>; previous: Record<string, unknown> | null }>().notNull(),
    requestId: text(),
    at: instant().notNull(), // business time
    leaseUntil: instant(), // the relay has it, until then
    dispatchedAt: instant(), // the relay has carried it on
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.seq] }),
    uniqueIndex("events_id").on(t.tenantId, t.id),
    index("events_type").on(t.tenantId, t.type, t.seq),
    index("events_subject").on(t.tenantId, t.subjectId, t.seq),
    index("events_license")
      .on(t.tenantId, t.licenseId, t.seq)
      .where(sql`${t.licenseId} is not null`),
    index("events_waiting")
      .on(t.leaseUntil)
      .where(sql`${t.dispatchedAt} is null`),
  ],
);
