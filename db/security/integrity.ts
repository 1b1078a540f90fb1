import { and, desc, eq, isNull } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Fact, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { ActivationRow } from "../licensing/rows.ts";
import { activations } from "../licensing/tables.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { integrityChecks } from "./tables.ts";

export type IntegrityCheckRow = typeof integrityChecks.$inferSelect;

export type IntegrityCheckFilter = {
  licenseId?: string | undefined;
  activationId?: string | undefined;
  passed?: boolean | undefined;
};

export function integrityChecksOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);

  return {
    byId: (id: string) =>
      db
        .select()
        .from(integrityChecks)
        .where(and(eq(integrityChecks.tenantId, tenantId), eq(integrityChecks.id, id)))
        .get(),

    list: async (page: Page, { licenseId, activationId, passed }: IntegrityCheckFilter) =>
      pageOf(
        await db
          .select()
          .from(integrityChecks)
          .where(
            and(
              eq(integrityChecks.tenantId, tenantId),
              licenseId === undefined ? undefined : eq(integrityChecks.licenseId, licenseId),
              activationId === undefined ? undefined : eq(integrityChecks.activationId, activationId),
              passed === undefined ? undefined : eq(integrityChecks.passed, passed),
              olderThan(integrityChecks.id, page),
            ),
          )
          .orderBy(desc(integrityChecks.id))
          .limit(page.limit + 1),
        page,
      ),

    /** Keeps a check, with what follows from it; undefined when one of `consequences` aborted. */
    insert: (row: IntegrityCheckRow, consequences: readonly Statement[], told: Told) =>
      commit(asking, [bound(d1, db.insert(integrityChecks).values(row)), ...consequences], told),
  };
}

/** What is suspected of the devices that hold seats: marks on activations. */
export function suspicionsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const marked = ({ id, version, cloneSuspectedAt, integrityFailedAt, updatedAt }: ActivationRow): Statement[] => {
    const asRead = and(
      eq(activations.tenantId, tenantId),
      eq(activations.id, id),
      eq(activations.version, version),
      isNull(activations.releasedAt),
    );
    const columns = { cloneSuspectedAt, integrityFailedAt, updatedAt, version: version + 1 };
    return [bound(d1, db.update(activations).set(columns).where(asRead)), guard(d1)];
  };

  return {
    /** Statements that write the marks of an activation; they abort the batch when it changed since it was read, or was released. */
    marked,

    /** Commits them by themselves. */
    mark: (row: ActivationRow, told: Told) => commit(asking, marked(row), told),

    /** Commits what was seen of a request that is refused: it is no part of what the caller wanted. Undefined when one of them aborted. */
    note: (statements: readonly Statement[], facts: readonly Fact[]) =>
      commit({ ...asking, intent: null }, statements, { facts, answer: [200, null] }),

    /** The activation of a license that a device holds, by one of the digests that it may be stored as. */
    ofDevice: (licenseId: string, devices: readonly string[]) =>
      d1
        .prepare(
          `select id from activations where tenant_id = ? and license_id = ? and released_at is null
             and device_hash in (select value from json_each(?))`,
        )
        .bind(tenantId, licenseId, JSON.stringify(devices))
        .first<{ id: string }>(),
  };
}
