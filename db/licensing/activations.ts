import { and, desc, eq, isNotNull, isNull, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { archiveOf, type KeptActivation } from "./archive.ts";
import { endingsOf } from "./endings.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { STAMP_EVERY_MS } from "./licenses.ts";
import type { ActivationRow } from "./rows.ts";
import { standingOf } from "./standing.ts";
import { literal, stillHoldsSql } from "./status.ts";
import { activations } from "./tables.ts";

export type { KeptActivation } from "./archive.ts";
export type { ActivationRow } from "./rows.ts";
export type { Known } from "./seats.ts";

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
  const archive = archiveOf(asking);
  const asRead = ({ id, version }: { id: string; version: number }) =>
    and(mine(id), eq(activations.version, version), isNull(activations.releasedAt));

  return {
    ...standingOf(asking),
    ...endingsOf(asking),

    ...archive,

    /** An activation, in the archive too: it answers as it did when it was released. */
    byId: async (id: string): Promise<KeptActivation | undefined> =>
      (await db.select().from(activations).where(mine(id)).get()) ?? archive.archivedById(id),

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

    /**
     * Keeps a heartbeat of a seat that is held; false when the activation changed since it was read, or its lease had ended to somebody who
     * asked for a seat since. Tells no event: beats are many.
     */
    recordBeat: async ({ id, version, ...beat }: Beat): Promise<boolean> => {
      const kept = await db
        .update(activations)
        .set({ ...beat, version: version + 1 })
        .where(
          and(
            asRead({ id, version }),
            sql`exists (select 1 from licenses where licenses.tenant_id = activations.tenant_id and licenses.id = activations.license_id
              and ${sql.raw(stillHoldsSql(literal(now)))})`,
          ),
        )
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
  };
}
