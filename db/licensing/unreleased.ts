import { and, eq, sql, type SQL } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { ActivationRow } from "./rows.ts";
import { activations } from "./tables.ts";

/** The activations of a license that are not released; `narrowed` goes on behind the condition, in which the activation is `h`. */
export function unreleased({ d1, tenantId }: Asking, licenseId: string, narrowed: SQL): Promise<ActivationRow[]> {
  return dbOf(d1)
    .select()
    .from(activations)
    .where(
      and(
        eq(activations.tenantId, tenantId),
        sql`${activations.id} in (select h.id from activations h indexed by activations_one_seat_per_device
          where h.tenant_id = ${tenantId} and h.license_id = ${licenseId} and h.released_at is null ${narrowed})`,
      ),
    );
}
