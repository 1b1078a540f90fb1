import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { instant, json } from "../columns.ts";
import type { Audience, MailLocale, NoticeKind } from "#rules/mail/kinds";
import type { NoticeState, SuppressedReason } from "#rules/mail/states";

/** One mail to one address about one fact, until it was taken or given up. What it says is made when it is sent: no secret stands here. */
export const notices = sqliteTable(
  "notices",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    kind: text().$type<NoticeKind>().notNull(),
    audience: text().$type<Audience>().notNull(),
    customerId: text(), // null: it goes to the tenant's owner
    recipient: text().notNull(),
    locale: text(), // as the recipient was known to wish then
    subjectType: text().notNull(),
    subjectId: text().notNull(),
    eventId: text().notNull(), // the fact it tells of; the notice itself where it tells of none
    params: json<{ kind?: NoticeKind; locale?: MailLocale }>().notNull(), // of a test: which mail it shows
    state: text().$type<NoticeState>().notNull(),
    attempts: integer().notNull(), // how many were made
    resentAfter: integer().notNull().default(0), // how many of them before somebody sent it again: the schedule counts from there
    reachedAt: instant().notNull(), // real time: when a server first took the call in the present round of attempts
    nextAt: instant().notNull(), // real time, as the other side lives in it
    leaseUntil: instant(), // the worker host has it, until then
    messageId: text(), // of the last attempt; the same on every retry
    reason: text().$type<SuppressedReason>(), // why it was not sent
    lastError: text(),
    sentAt: instant(),
    deliveredAt: instant(), // when the recipient's server took it, where the transport tells
    endedAt: instant(),
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("notices_once").on(t.tenantId, t.eventId, t.kind, t.recipient),
    index("notices_id").on(t.id), // a transport tells of mails by this alone
    index("notices_due")
      .on(t.nextAt)
      .where(sql`${t.state} = 'pending'`),
    index("notices_queue")
      .on(t.tenantId, t.nextAt)
      .where(sql`${t.state} = 'pending'`),
    index("notices_customer")
      .on(t.tenantId, t.customerId, t.id)
      .where(sql`${t.customerId} is not null`),
    index("notices_age")
      .on(t.endedAt)
      .where(sql`${t.endedAt} is not null`),
  ],
);

/** One try of a notice, as it went. */
export const noticeAttempts = sqliteTable(
  "notice_attempts",
  {
    tenantId: text().notNull(),
    noticeId: text().notNull(),
    number: integer().notNull(), // 1, 2, 3 …
    id: text().notNull(),
    at: instant().notNull(), // real time
    durationMs: integer().notNull(),
    outcome: text().$type<"accepted" | "deferred" | "refused" | "unreached">().notNull(),
    status: integer(), // what the server answered; null: nothing
    detail: text(), // the same in its words
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.noticeId, t.number] }),
    foreignKey({ columns: [t.tenantId, t.noticeId], foreignColumns: [notices.tenantId, notices.id] }).onDelete("cascade"),
  ],
);

/** What somebody does not want to be mailed: a customer, or under the tenant's own id its owner. No row: they get everything. */
export const mailPreferences = sqliteTable(
  "mail_preferences",
  {
    tenantId: text().notNull(),
    recipientId: text().notNull(), // cus_… or ten_…
    unsubscribed: json<NoticeKind[]>().notNull(),
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
    version: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.recipientId] })],
);

/** An address that mail came back from for good. */
export const mailBounces = sqliteTable(
  "mail_bounces",
  {
    tenantId: text().notNull(),
    address: text().notNull(), // in lower case
    noticeId: text().notNull(),
    detail: text(),
    createdAt: instant().notNull(), // real time
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.address] }), index("mail_bounces_age").on(t.tenantId, t.createdAt)],
);

/** What a tenant says in its own words. */
export const mailTemplates = sqliteTable(
  "mail_templates",
  {
    tenantId: text().notNull(),
    kind: text().$type<NoticeKind>().notNull(),
    locale: text().$type<MailLocale>().notNull(),
    subject: text().notNull(),
    body: text().notNull(),
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.kind, t.locale] })],
);

/** How the worker host sends mail, as it told last. One row a shard. */
export const mailTransport = sqliteTable("mail_transport", {
  id: integer().primaryKey(), // 1
  transport: text().$type<"smtp" | "mailchannels">(), // null: none is configured
  problem: text(), // why nothing goes out
  toldAt: instant().notNull(), // real time
});
