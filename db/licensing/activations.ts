import { and, desc, eq, isNotNull, isNull } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { offlineDevices } from "../offline/tables.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { STAMP_EVERY_MS } from "./licenses.ts";
import type { ActivationRow } from "./rows.ts";
import { seatsOf } from "./seats.ts";
import { standingOf } from "./standing.ts";
import { activations } from "./tables.ts";

export type { ActivationRow } from "./rows.ts";

export type ActivationFilter = {
  licenseId?: string | undefined;
  status?: "active" | "released" | undefined;
  externalId?: string | undefined;
};

/** What a heartbeat leaves behind. */
export type Beat = Pick<ActivationRow, "id" | "version" | "heartbeatAt" | "lastSeenAt" | "leaseExpiresAt" | "metrics">;

export function activationsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(activations.tenantId, tenantId), eq(activations.id, id));
  const asRead = ({ id, version }: { id: string; version: number }) =>
    and(mine(id), eq(activations.version, version), isNull(activations.releasedAt));

  return {
    ...seatsOf(asking),
    ...standingOf(asking),

    byId: (id: string) => db.select().from(activations).where(mine(id)).get(),

    list: async (page: Page, { licenseId, status, externalId }: ActivationFilter) =>
      pageOf(
        await db
          .select()
          .from(activations)
          .where(
            and(
              eq(activations.tenantId, tenantId),
              licenseId === undefined ? undefined : eq(activations.licenseId, licenseId),
              status === undefined
                ? undefined
                : status === "active"
                  ? isNull(activations.releasedAt)
                  : isNotNull(activations.releasedAt),
              externalId === undefined ? undefined : eq(activations.externalId, externalId),
              olderThan(activations.id, page),
            ),
          )
          .orderBy(desc(activations.id))
          .limit(page.limit + 1),
        page,
      ),

    /** Keeps a heartbeat of a seat that is held; false when the activation changed since it was read. Tells no event: beats are many. */
    recordBeat: async ({ id, version, ...beat }: Beat): Promise<boolean> => {
      const kept = await db
        .update(activations)
        .set({ ...beat, version: version + 1 })
        .where(asRead({ id, version }))
        .returning({ id: activations.id });
      return kept.length === 1;
    },

    /** Notes that a device was here, at most once a minute, and without its version, which is for those who change it. */
    stampSeen: async (id: string): Promise<void> => {
      await d1
        .prepare(
          `update activations set last_seen_at = ?1 where tenant_id = ?2 and id = ?3 and last_seen_at <= ?1 - ${STAMP_EVERY_MS}`,
        )
        .bind(now.getTime(), tenantId, id)
        .run();
    },

    /** When the newest license file of an offline activation ends; undefined where it has none. */
    fileEndOf: async (id: string): Promise<Date | undefined> => {
      const file = await db
        .select({ expiresAt: offlineDevices.expiresAt })
        .from(offlineDevices)
        .where(and(eq(offlineDevices.tenantId, tenantId), eq(offlineDevices.activationId, id)))
        .get();
      return file?.expiresAt;
    },

    /** The statements that write how an activation ended, over the version it was read as; they abort their batch where it changed. */
    ending: ({ id, version, endsAt, releasedAt, releasedReason, updatedAt }: ActivationRow): Statement[] => {
      const columns = { endsAt, releasedAt, releasedReason, updatedAt, version: version + 1 };
      return [bound(d1, db.update(activations).set(columns).where(asRead({ id, version }))), guard(d1)];
    },

    /** Commits them by themselves. */
    end(row: ActivationRow, told: Told) {
      return commit(asking, this.ending(row), told);
    },
  };
}
