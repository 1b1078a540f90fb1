import type { NoticeRow } from "#db/mail/notices";
import { noticesNamed } from "#db/mail/tracking";
import type { Repo } from "#db/repo";
import { openTenant, type Asked, type OpenedTenant } from "#kernel/asking";
import { changing } from "#kernel/changing";
import { fact } from "#kernel/facts";
import { databaseOf } from "#kernel/shards";
import { shardOf } from "#rules/ids";
import { OPTIONAL_KINDS } from "#rules/mail/kinds";
import { afterReport, isReport, type Report } from "#rules/mail/tracking";
import { reachedAddressOf } from "./addressee.ts";
import { presentNotice } from "./presenters.ts";
import { recordResults } from "./recording.ts";
import { unsubscribe } from "./unsubscribing.ts";

/** What MailChannels tells of one mail. */
export type MailEvent = {
  report: Report;
  /** The notice, and after how many attempts its present round began: what a mail carries as its campaign. */
  noticeId: string;
  resentAfter: number;
  recipients: readonly string[];
  messageId: string | null;
  detail: string | null;
};

/** How many events one request may hold. */
const AT_ONCE = 1_000;
const CAMPAIGN = /^(ntc_[0-9a-hjkmnp-tv-z]{28})(?:\.(\d{1,6}))?$/;

/**
 * The events of a signed body that are about mails of ours. Undefined for what is no such list, and where one is of another account: MailChannels
 * signs for everybody alike, and anybody may have theirs sent here.
 */
export function mailEventsIn(body: Uint8Array, handles: ReadonlySet<string>): MailEvent[] | undefined {
  const listed = parsed(body);
  if (!Array.isArray(listed) || listed.length > AT_ONCE) return undefined;
  const events = listed.filter((each): each is Record<string, unknown> => typeof each === "object" && each !== null);
  const isOurs = (event: Record<string, unknown>) =>
    typeof event["customer_handle"] === "string" && handles.has(event["customer_handle"]);
  if (events.length !== listed.length || !events.every(isOurs)) return undefined;
  return events.flatMap((event) => eventIn(event) ?? []);
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return undefined;
  }
}

function eventIn(event: Record<string, unknown>): MailEvent | undefined {
  const said = (name: string) => (typeof event[name] === "string" ? event[name].replaceAll(/\s+/g, " ").slice(0, 500) : "");
  const report = said("event");
  const [, noticeId, round] = CAMPAIGN.exec(said("campaign_id")) ?? [];
  if (!isReport(report) || noticeId === undefined) return undefined;
  const recipients = Array.isArray(event["recipients"]) ? event["recipients"].filter((each) => typeof each === "string") : [];
  const detail = `${said("status")} ${said("reason")}`.trim();
  return {
    report,
    noticeId,
    resentAfter: Number(round ?? 0),
    recipients: recipients.map((each) => each.toLowerCase()),
    messageId: said("smtp_id") || null,
    detail: detail === "" ? null : detail,
  };
}

/** Records what became of mails, in the order in which it is told. An event that was told before, or comes too late to matter, changes nothing. */
export async function track(c: Asked, events: readonly MailEvent[]): Promise<void> {
  const opened = new Map<string, OpenedTenant | undefined>();
  const [known, owners] = await spokenOf(c, events);
  for (const event of events) {
    const tenantId = owners.get(event.noticeId);
    if (tenantId === undefined) continue;
    if (!opened.has(tenantId)) {
      opened.set(tenantId, await openTenant(c, tenantId, { type: "provider", id: "mailchannels", ip: null }));
    }
    const tenant = opened.get(tenantId);
    const asRead = known.get(event.noticeId);
    known.delete(event.noticeId); // the next event of it finds it changed
    if (tenant) await trackOne(c, tenant, event, asRead);
  }
}

/** The notices that events speak of, read at once, and whose they are. */
async function spokenOf(c: Asked, events: readonly MailEvent[]): Promise<[Map<string, NoticeRow>, Map<string, string>]> {
  const byShard = Map.groupBy(
    events.map(({ noticeId }) => noticeId),
    (id) => shardOf(id) ?? "",
  );
  const found = await Promise.all(
    [...byShard].flatMap(([shard, ids]) => {
      const d1 = databaseOf(c.env, shard);
      return d1 ? [noticesNamed(d1, [...new Set(ids)])] : [];
    }),
  );
  const rows = found.flat();
  return [new Map(rows.map((row) => [row.id, row])), new Map(rows.map(({ id, tenantId }) => [id, tenantId]))];
}

async function trackOne(
  c: Asked,
  { repo, tenant }: OpenedTenant,
  event: MailEvent,
  asRead: NoticeRow | undefined,
): Promise<void> {
  let known = asRead;
  await changing(async () => {
    const before = known ?? (await repo.notices.byId(event.noticeId));
    known = undefined;
    // what is told of an earlier round says nothing of the one that somebody asked for since
    if (!before || before.resentAfter !== event.resentAfter) return true;
    if (before.state === "pending") return accept(c, repo, before, event.messageId);
    const after = afterReport(before.state, event.report);
    if (after === null) return true;
    const reached = reachedAddressOf(c.env, { notice: before, tenant });
    // what a sandbox's owner says of its mail is no wish of the customer's
    if (after === "unsubscribed")
      return reached === null || unsubscribe(repo, before.customerId ?? repo.tenantId, OPTIONAL_KINDS);
    const { lastError } = before;
    if (after === "noted") return repo.notices.reported(before, { state: "sent", lastError: event.detail }, null, quiet);

    const { state } = after;
    const now = c.var.realNow;
    const changed =
      state === "delivered"
        ? { state, lastError, deliveredAt: now, endedAt: now }
        : { state, lastError: event.detail, endedAt: now };
    const address = before.recipient.toLowerCase();
    const isTheirs = event.recipients.length === 0 ? reached !== null : event.recipients.includes(address);
    const bounced = state === "bounced" && isTheirs ? address : null;
    const told = fact(`notice.${state}`, presentNotice({ ...before, ...changed }));
    return repo.notices.reported(before, changed, bounced, { facts: [told], answer: [200, null] });
  });
}

const quiet = { facts: [], answer: [200, null] as const };

/**
 * A mail that is spoken of was taken, whether or not the host came to say so: recorded as its attempt, so that one whose host died is not sent again,
 * and what the host says later is no news. Undefined: to be read anew.
 */
async function accept(c: Asked, repo: Repo, { id, attempts }: NoticeRow, messageId: string | null): Promise<undefined> {
  const d1 = databaseOf(c.env, repo.shard);
  if (!d1) throw new Error("A tenant's shard has no database");
  const outcome = { kind: "accepted" as const, status: null, detail: "MailChannels tells of it.", durationMs: 0 };
  await recordResults(c, d1, repo.shard, [{ tenantId: repo.tenantId, id, attempt: attempts + 1, messageId, outcome }]);
}
