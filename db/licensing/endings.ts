import { and, eq, isNull } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { offlineDevices } from "../offline/tables.ts";
import type { ActivationRow } from "./rows.ts";
import { activations } from "./tables.ts";

/** How activations end. */
export function endingsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const asRead = ({ id, version }: { id: string; version: number }) =>
    and(
      eq(activations.tenantId, tenantId),
      eq(activations.id, id),
      eq(activations.version, version),
      isNull(activations.releasedAt),
    );

  return {
    /** When the last license file of an offline activation ends; undefined where it has none. */
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
      const ended = [bound(d1, db.update(activations).set(columns).where(asRead({ id, version }))), guard(d1)];
      // another may have its seat from here on, so the status list tells of its files
      const files = and(eq(offlineDevices.tenantId, tenantId), eq(offlineDevices.activationId, id));
      const over = db.update(offlineDevices).set({ superseded: true, updatedAt: now }).where(files);
      return releasedAt === null ? ended : [...ended, bound(d1, over)];
    },

    /** Commits them, with what stands or falls with the end. */
    end(row: ActivationRow, told: Told, also: readonly Statement[] = []) {
      return commit(asking, [...also, ...this.ending(row)], told);
    },
  };
}
