import { and, asc, eq, sql } from "drizzle-orm";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { events } from "../events/tables.ts";
import { licenses } from "../licensing/tables.ts";
import { products } from "../catalog/tables.ts";
import { tenants } from "../tenants/tables.ts";
import type { NoticeState, SuppressedReason } from "#rules/mail/states";
import { mailBounces, mailPreferences, mailTemplates, noticeAttempts, notices } from "./tables.ts";

// What the mail pump of a shard asks of its database, across tenants: the worker host's signed calls come here, and no tenant's request does.

export type NoticeRef = { tenantId: string; id: string };

/**
 * How many notices of one tenant may be under way: one that mails a thousand people holds up itself. Twice what a host sends side by side, so that what a
 * host had claimed that died holds up nothing else while its leases last.
 */
const UNDER_WAY_PER_TENANT = 50;

/** Every tenant with pending notices, found by leaping through the queue's index from one to the next; none when nothing is due. */
const QUEUES = `queues (tenant_id) as (
  select tenant_id from (
    select tenant_id from notices indexed by notices_queue where state = 'pending' order by tenant_id
    limit (select count(*) from (select 1 from notices where state = 'pending' and next_at <= ?1 limit 1))
  )
  union all
  select n.tenant_id from queues q join notices n on n.rowid = (
    select m.rowid from notices m indexed by notices_queue where m.state = 'pending' and m.tenant_id > q.tenant_id order by m.tenant_id limit 1
  )
)`;

/** The head of each queue: its due notices, the longest due first, whether they are under way or not. */
const HEADS = `heads as (
  select n.rowid as id, n.tenant_id, n.next_at, coalesce(n.lease_until > ?1, 0) as under_way
  from queues q
  join tenants t on t.id = q.tenant_id and t.closed_at is null
  join notices n on n.rowid in (
    select h.rowid from notices h indexed by notices_queue
    where h.tenant_id = q.tenant_id and h.state = 'pending' and h.next_at <= ?1 order by h.next_at limit ${UNDER_WAY_PER_TENANT}
  )
)`;

/**
 * Leases due notices: every tenant's first before anybody's second. Of several that claim at once no two get the same one. `nextAt` is when the
 * next one that waits is due.
 */
export async function leaseNotices(
  d1: D1Database,
  { now, limit, leaseMs }: { now: Date; limit: number; leaseMs: number },
): Promise<{ leased: NoticeRef[]; nextAt: Date | null }> {
  const lease = d1
    .prepare(
      `with recursive ${QUEUES}, ${HEADS},
       turns as (
         select id, next_at, under_way, row_number() over (partition by tenant_id order by under_way desc, next_at, id) as turn from heads
       )
       update notices set lease_until = ?2
       where rowid in (select id from turns where not under_way order by turn, next_at limit ?3)
       returning tenant_id as tenantId, id`,
    )
    .bind(now.getTime(), now.getTime() + leaseMs, limit);
  const next = d1
    .prepare(`select min(next_at) as nextAt from notices where state = 'pending' and next_at > ?`)
    .bind(now.getTime());
  const [leased, waiting] = await d1.batch(limit > 0 ? [lease, next] : [d1.prepare("select 1 where false"), next]);
  const { nextAt } = (waiting?.results[0] ?? { nextAt: null }) as { nextAt: number | null };
  return { leased: (leased?.results ?? []) as NoticeRef[], nextAt: nextAt === null ? null : new Date(nextAt) };
}

/** Since when the mail is due that the pump should have taken first; null when there is none, or all that is due is under way. */
export async function longestDueNotice(d1: D1Database, now: Date): Promise<Date | null> {
  const row = await d1
    .prepare(
      `with recursive ${QUEUES}, ${HEADS}
       select min(next_at) as at from (select *, sum(under_way) over (partition by tenant_id) as of_tenant from heads)
       where not under_way and of_tenant < ${UNDER_WAY_PER_TENANT}`,
    )
    .bind(now.getTime())
    .first<{ at: number | null }>();
  return row?.at == null ? null : new Date(row.at);
}

export type LeasedNotice = Awaited<ReturnType<typeof readLeasedNotices>>[number];

const namedBy = (refs: readonly NoticeRef[]) =>
  sql`(${notices.tenantId}, ${notices.id}) in (select value ->> 'tenantId', value ->> 'id' from json_each(${JSON.stringify(refs)}))`;

/** Everything that mails are made of, as it stands now. */
export async function readLeasedNotices(d1: D1Database, refs: readonly NoticeRef[]) {
  return dbOf(d1)
    .select({
      notice: notices,
      tenant: tenants,
      customerName: customers.name,
      customerZone: customers.timeZone,
      event: { data: events.data },
      license: {
        id: licenses.id,
        keySealed: licenses.keySealed,
        keySealedUntil: licenses.keySealedUntil,
      },
      productName: products.name,
      unsubscribed: mailPreferences.unsubscribed,
      bouncedAt: mailBounces.createdAt,
    })
    .from(notices)
    .innerJoin(tenants, eq(tenants.id, notices.tenantId))
    .leftJoin(customers, and(eq(customers.tenantId, notices.tenantId), eq(customers.id, notices.customerId)))
    .leftJoin(events, and(eq(events.tenantId, notices.tenantId), eq(events.id, notices.eventId)))
    .leftJoin(
      licenses,
      and(eq(licenses.tenantId, notices.tenantId), eq(notices.subjectType, "license"), eq(licenses.id, notices.subjectId)),
    )
    .leftJoin(products, and(eq(products.tenantId, notices.tenantId), eq(products.id, licenses.productId)))
    .leftJoin(
      mailPreferences,
      and(
        eq(mailPreferences.tenantId, notices.tenantId),
        eq(mailPreferences.recipientId, sql`coalesce(${notices.customerId}, ${notices.tenantId})`),
      ),
    )
    .leftJoin(
      mailBounces,
      and(eq(mailBounces.tenantId, notices.tenantId), eq(mailBounces.address, sql`lower(${notices.recipient})`)),
    )
    .where(namedBy(refs));
}

export type OrderedLicense = Awaited<ReturnType<typeof licensesOfOrders>>[number];

/** The licenses of those orders with what a mail names of them, in the order in which they were made. */
export async function licensesOfOrders(d1: D1Database, orders: readonly { tenantId: string; orderId: string }[]) {
  if (orders.length === 0) return [];
  return dbOf(d1)
    .select({
      tenantId: licenses.tenantId,
      orderId: licenses.orderId,
      id: licenses.id,
      keySealed: licenses.keySealed,
      keySealedUntil: licenses.keySealedUntil,
      keyLast4: licenses.keyLast4,
      expiresAt: licenses.expiresAt,
      productName: products.name,
    })
    .from(licenses)
    .innerJoin(products, and(eq(products.tenantId, licenses.tenantId), eq(products.id, licenses.productId)))
    .where(
      sql`(${licenses.tenantId}, ${licenses.orderId}) in (select value ->> 'tenantId', value ->> 'orderId' from json_each(${JSON.stringify(orders)}))`,
    )
    .orderBy(asc(licenses.orderId), asc(licenses.id));
}

export type TemplateRow = typeof mailTemplates.$inferSelect;

/** What those tenants say in their own words in mails of those kinds. */
export async function ownWords(d1: D1Database, wanted: readonly { tenantId: string; kind: string }[]): Promise<TemplateRow[]> {
  return dbOf(d1)
    .select()
    .from(mailTemplates)
    .where(
      sql`(${mailTemplates.tenantId}, ${mailTemplates.kind}) in (select value ->> 'tenantId', value ->> 'kind' from json_each(${JSON.stringify(wanted)}))`,
    );
}

/** Ends notices that are not to be sent, with why. */
export async function suppress(d1: D1Database, rows: readonly (NoticeRef & { reason: SuppressedReason })[], now: Date) {
  if (rows.length === 0) return;
  await d1
    .prepare(
      `update notices set state = 'suppressed', reason = r.reason, lease_until = null, ended_at = ?2
       from (select value ->> 'tenantId' as tenant_id, value ->> 'id' as id, value ->> 'reason' as reason from json_each(?1)) r
       where notices.tenant_id = r.tenant_id and notices.id = r.id and notices.state = 'pending'`,
    )
    .bind(JSON.stringify(rows), now.getTime())
    .run();
}

export type AttemptRef = NoticeRef & { attempt: number };

/** Those of the named attempts that are news: made, and not recorded yet. */
export async function unrecordedNotices(d1: D1Database, refs: readonly AttemptRef[]) {
  const named = sql`(select value ->> 'tenantId', value ->> 'id', value ->> 'attempt' - 1 from json_each(${JSON.stringify(refs)}))`;
  return dbOf(d1)
    .select({
      tenantId: notices.tenantId,
      id: notices.id,
      recipient: notices.recipient,
      attempts: notices.attempts,
      resentAfter: notices.resentAfter,
      reachedAt: notices.reachedAt,
      livemode: tenants.livemode,
      ownerEmail: tenants.ownerEmail,
    })
    .from(notices)
    .innerJoin(tenants, eq(tenants.id, notices.tenantId))
    .where(and(sql`(${notices.tenantId}, ${notices.id}, ${notices.attempts}) in ${named}`, eq(notices.state, "pending")));
}

type AttemptRow = typeof noticeAttempts.$inferSelect;

/** An attempt as it went, and what it makes of its notice. Instants in milliseconds: the row travels as JSON. */
export type RecordedMail = AttemptRef &
  Pick<AttemptRow, "outcome" | "status" | "detail" | "durationMs"> & {
    attemptId: string;
    at: number;
    state: NoticeState;
    /** When a server first took the call in this round of attempts, or the last time that none was there. */
    reachedAt: number;
    nextAt: number;
    sentAt: number | null;
    endedAt: number | null;
    messageId: string;
    /** The address, in lower case, where it is the one that cannot be reached. */
    bounced: string | null;
  };

/** Records attempts and what follows from them, all or nothing; one that was recorded before changes nothing. */
export async function recordMails(d1: D1Database, rows: readonly RecordedMail[]): Promise<void> {
  if (rows.length > 0) await d1.batch(recordingOf(d1, rows));
}

/** The statements of that; the last one changes no row where nothing was news. */
export function recordingOf(d1: D1Database, rows: readonly RecordedMail[]): D1PreparedStatement[] {
  const news = `json_each(?1) r
     cross join notices n on n.tenant_id = r.value ->> 'tenantId' and n.id = r.value ->> 'id'
     where n.state = 'pending' and n.attempts = (r.value ->> 'attempt') - 1`;
  const statements = [
    `insert into notice_attempts (tenant_id, notice_id, number, id, at, duration_ms, outcome, status, detail)
     select n.tenant_id, n.id, r.value ->> 'attempt', r.value ->> 'attemptId', r.value ->> 'at', r.value ->> 'durationMs',
       r.value ->> 'outcome', r.value ->> 'status', r.value ->> 'detail'
     from ${news}`,
    `insert into mail_bounces (tenant_id, address, notice_id, detail, created_at)
     select n.tenant_id, r.value ->> 'bounced', n.id, r.value ->> 'detail', r.value ->> 'endedAt'
     from ${news} and r.value ->> 'bounced' is not null
     on conflict do nothing`,
    `update notices set attempts = r.attempt, state = r.state, reached_at = r.reached_at, next_at = r.next_at, lease_until = null,
       message_id = r.message_id, last_error = r.detail, sent_at = coalesce(r.sent_at, notices.sent_at), ended_at = r.ended_at
     from (
       select value ->> 'tenantId' as tenant_id, value ->> 'id' as id, value ->> 'attempt' as attempt, value ->> 'state' as state,
         value ->> 'reachedAt' as reached_at, value ->> 'nextAt' as next_at, value ->> 'messageId' as message_id,
         case when value ->> 'outcome' <> 'accepted' then value ->> 'detail' end as detail,
         value ->> 'sentAt' as sent_at, value ->> 'endedAt' as ended_at
       from json_each(?1)
     ) r
     where notices.tenant_id = r.tenant_id and notices.id = r.id and notices.state = 'pending' and notices.attempts = r.attempt - 1`,
  ];
  return statements.map((statement) => d1.prepare(statement).bind(JSON.stringify(rows)));
}

/** Notes how the worker host sends mail; written only when it is news, or a minute old. */
export async function noteTransport(
  d1: D1Database,
  { transport, problem, now }: { transport: string | null; problem: string | null; now: Date },
): Promise<void> {
  await d1
    .prepare(
      `insert into mail_transport (id, transport, problem, told_at) values (1, ?1, ?2, ?3)
       on conflict (id) do update set transport = excluded.transport, problem = excluded.problem, told_at = excluded.told_at
       where transport is not excluded.transport or problem is not excluded.problem or told_at < excluded.told_at - 60000`,
    )
    .bind(transport, problem, now.getTime())
    .run();
}
