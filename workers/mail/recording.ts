import { recordMails, unrecordedNotices, type RecordedMail } from "#db/mail/pump";
import { openTenant, type Asked } from "#kernel/asking";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { afterMail, type MailOutcome } from "#rules/mail/schedule";
import { reachedAddressOf } from "./addressee.ts";
import { presentNotice } from "./presenters.ts";

/** How one attempt went, as the sender tells. */
export type Result = {
  tenantId: string;
  id: string;
  attempt: number;
  messageId: string | null;
  outcome: MailOutcome & { status: number | null; detail: string | null; durationMs: number };
};

type Waiting = Awaited<ReturnType<typeof unrecordedNotices>>[number];

/**
 * Records how attempts went, and what follows from each: sent, tried again later, or ended. An attempt counts once, by notice and number, however
 * often it is told. A mail that came to a bad end is told as an event, in the same batch.
 */
export async function recordResults(c: Asked, d1: D1Database, shard: string, results: readonly Result[]): Promise<void> {
  if (results.length === 0) return;
  const keyOf = ({ tenantId, id }: { tenantId: string; id: string }) => `${tenantId} ${id}`;
  const waiting = new Map((await unrecordedNotices(d1, results)).map((row) => [keyOf(row), row]));
  const told = new Map(
    results.flatMap((result) => {
      const row = waiting.get(keyOf(result));
      return row?.attempts === result.attempt - 1 ? [[keyOf(result), { row, result }] as const] : [];
    }),
  );
  const rows = [...told.values()].map(({ row, result }) => ({
    ...judged(c, row, result),
    attemptId: newId("attempt", shard, c.var.realNow),
  }));
  const isBad = ({ state }: RecordedMail) => state === "bounced" || state === "failed";
  const untold = [];
  for (const row of rows.filter(isBad)) if (!(await endAndTell(c, row))) untold.push(row);
  await recordMails(d1, [...rows.filter((row) => !isBad(row)), ...untold]);
}

function judged({ env, var: { realNow: now } }: Asked, row: Waiting, result: Result): Omit<RecordedMail, "attemptId"> {
  const { attempt, messageId, outcome } = result;
  // an outage counts for nothing: three days begin when a server is there to say "later"
  const isFirst = attempt - row.resentAfter === 1;
  const reachedAt = isFirst || outcome.kind === "unreached" ? now : row.reachedAt;
  const after = afterMail(outcome, { reachedAt, now, jitter: Math.random() });
  return {
    tenantId: row.tenantId,
    id: row.id,
    attempt,
    outcome: outcome.kind,
    status: outcome.status,
    detail: outcome.detail,
    durationMs: outcome.durationMs,
    at: now.getTime() - outcome.durationMs,
    state: after.state,
    reachedAt: reachedAt.getTime(),
    nextAt: (after.state === "pending" ? after.at : now).getTime(),
    sentAt: after.state === "sent" ? now.getTime() : null,
    endedAt: after.state === "pending" ? null : now.getTime(),
    messageId: messageId ?? "",
    bounced: after.state === "bounced" ? reachedAddressOf(env, { notice: row, tenant: row }) : null,
  };
}

/** False for a tenant that is closed: nobody is told, and it is recorded all the same. */
async function endAndTell(c: Asked, row: RecordedMail): Promise<boolean> {
  const opened = await openTenant(c, row.tenantId, { type: "system", id: null, ip: null });
  const before = await opened?.repo.notices.byId(row.id);
  if (!opened || !before) return false;
  const ended = {
    ...before,
    attempts: row.attempt,
    state: row.state,
    messageId: row.messageId,
    lastError: row.detail,
    endedAt: c.var.realNow,
  };
  const type = row.state === "bounced" ? ("notice.bounced" as const) : ("notice.failed" as const);
  await opened.repo.notices.ended(row, { facts: [fact(type, presentNotice(ended))], answer: [200, null] });
  return true;
}
