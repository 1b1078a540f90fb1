import type { Fact, Statement } from "#db/commit";
import type { SecurityReportRow } from "#db/security/reports";
import type { TenantEnv } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { newOwned } from "#kernel/present";
import { presentSecurityReport } from "./presenters.ts";

type Vars = Pick<TenantEnv["Variables"], "repo" | "now" | "realNow" | "ip">;

/** Something that looks wrong, as it was seen. The device is named by its digest alone. */
export type Seen = Pick<
  SecurityReportRow,
  "kind" | "source" | "licenseId" | "activationId" | "deviceHash" | "description" | "evidence"
>;

/** What is to stand in the batch of whoever saw it, and the report as it will be. */
export type Noted = { row: SecurityReportRow; isNew: boolean; statements: Statement[]; facts: Fact[] };

/**
 * Notes what was seen: in a new report, or by counting it in the one that is open for the same kind, source and device. Nothing is written
 * here. The statements and facts belong into the batch of the change that goes with them; where somebody else was faster they abort it, so
 * that it is to be tried again (`changing`).
 */
export async function noted({ repo, now, realNow, ip }: Vars, seen: Seen, own: Owned = {}): Promise<Noted> {
  const open = isAlone(seen) ? undefined : await repo.securityReports.openOf(seen);
  if (open) {
    const row = { ...open, times: open.times + 1, lastSeenAt: now, updatedAt: now };
    return { row, isNew: false, statements: repo.securityReports.seenAgain(row), facts: [] };
  }
  const row: SecurityReportRow = {
    ...seen,
    tenantId: repo.tenantId,
    id: newId("security_report", repo.shard, realNow),
    ip,
    times: 1,
    lastSeenAt: now,
    closedAt: null,
    outcome: null,
    closedReason: null,
    ...newOwned(own, now),
  };
  const facts = [fact("security_report.created", presentSecurityReport(row))];
  return { row, isNew: true, statements: repo.securityReports.added(row), facts };
}

type Owned = Parameters<typeof newOwned>[0];

/** What a tenant reports of no device stands for itself: two such reports need not mean the same. */
const isAlone = ({ source, activationId }: Seen) => source === "tenant" && activationId === null;
