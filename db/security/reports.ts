import { and, desc, eq, isNotNull, isNull, sql } from "drizzle-orm";
import type { ReportKind } from "#rules/licensing/security";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { securityReports } from "./tables.ts";

export type SecurityReportRow = typeof securityReports.$inferSelect;

export type SecurityReportFilter = {
  status?: "open" | "closed" | undefined;
  kind?: ReportKind | undefined;
  licenseId?: string | undefined;
  source?: SecurityReportRow["source"] | undefined;
  externalId?: string | undefined;
};

/** What makes two reports the same as long as one of them is open. */
export type Sighting = Pick<SecurityReportRow, "kind" | "source" | "licenseId" | "activationId">;

export function securityReportsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(securityReports.tenantId, tenantId), eq(securityReports.id, id));
  const same = ({ kind, source, licenseId, activationId }: Sighting) =>
    and(
      eq(securityReports.tenantId, tenantId),
      eq(securityReports.kind, kind),
      eq(securityReports.source, source),
      sql`${securityReports.licenseId} is ${licenseId}`,
      sql`${securityReports.activationId} is ${activationId}`,
      isNull(securityReports.closedAt),
    );

  return {
    byId: (id: string) => db.select().from(securityReports).where(mine(id)).get(),

    /** The open report of the same thing. */
    openOf: (seen: Sighting) => db.select().from(securityReports).where(same(seen)).get(),

    list: async (page: Page, { status, kind, licenseId, source, externalId }: SecurityReportFilter) => {
      const { closedAt } = securityReports;
      return pageOf(
        await db
          .select()
          .from(securityReports)
          .where(
            and(
              eq(securityReports.tenantId, tenantId),
              status === undefined ? undefined : status === "open" ? isNull(closedAt) : isNotNull(closedAt),
              kind === undefined ? undefined : eq(securityReports.kind, kind),
              licenseId === undefined ? undefined : eq(securityReports.licenseId, licenseId),
              source === undefined ? undefined : eq(securityReports.source, source),
              externalId === undefined ? undefined : eq(securityReports.externalId, externalId),
              olderThan(securityReports.id, page),
            ),
          )
          .orderBy(desc(securityReports.id))
          .limit(page.limit + 1),
        page,
      );
    },

    /** Statements that add a report, for the batch of whoever saw it; they abort the batch when there is an open one of the same thing. */
    added: (row: SecurityReportRow): Statement[] => [unlessOpen(asking, row), bound(d1, db.insert(securityReports).values(row))],

    /** Statements that count a thing seen again; they abort the batch when the report was closed meanwhile. */
    seenAgain: ({ id, lastSeenAt, updatedAt }: SecurityReportRow): Statement[] => {
      const columns = {
        lastSeenAt,
        updatedAt,
        times: sql`${securityReports.times} + 1`,
        version: sql`${securityReports.version} + 1`,
      };
      return [
        bound(
          d1,
          db
            .update(securityReports)
            .set(columns)
            .where(and(mine(id), isNull(securityReports.closedAt))),
        ),
        guard(d1),
      ];
    },

    /** Commits such statements by themselves; undefined when they aborted. */
    note: (statements: readonly Statement[], told: Told) => commit(asking, statements, told),

    /** Writes a changed row over the version it was read as; undefined when somebody else was faster. */
    update: (row: SecurityReportRow, told: Told) => {
      const asRead = and(mine(row.id), eq(securityReports.version, row.version));
      const changed = db
        .update(securityReports)
        .set({ ...row, version: row.version + 1 })
        .where(asRead);
      return commit(asking, [bound(d1, changed), guard(d1)], told);
    },
  };
}

/** Aborts the batch when there is an open report of the same thing. What a tenant reports of no device is never the same. */
function unlessOpen({ d1, tenantId }: Asking, { kind, source, licenseId, activationId }: SecurityReportRow): Statement {
  return d1
    .prepare(
      `select case when exists (select 1 from security_reports where tenant_id = ?1 and kind = ?2 and source = ?3 and license_id is ?4
         and activation_id is ?5 and closed_at is null and not (?3 = 'tenant' and ?5 is null)) then json('guard:it is open already') end`,
    )
    .bind(tenantId, kind, source, licenseId, activationId);
}
