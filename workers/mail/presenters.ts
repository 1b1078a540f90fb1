import type { NoticeAttemptRow, NoticeRow } from "#db/mail/notices";
import type { BounceRow } from "#db/mail/preferences";
import type { MailTemplateRow } from "#db/mail/templates";
import type { z } from "#kernel/wire";
import { KINDS, mailLocale, NOTICE_KINDS, type MailLocale, type NoticeKind } from "#rules/mail/kinds";
import type { Settings } from "#rules/tenants/settings";
import type { MailPreferences, MailTemplate, Notice, NoticeWithAttempts } from "./schemas.ts";
import { MAILS } from "./written.ts";

export const presentNotice = (row: NoticeRow): z.infer<typeof Notice> => ({
  object: "notice",
  id: row.id,
  kind: row.kind,
  audience: row.audience,
  customer_id: row.customerId,
  recipient: row.recipient,
  locale: mailLocale(row.params.locale, row.locale),
  subject: { type: row.subjectType, id: row.subjectId },
  event_id: row.eventId === row.id ? null : row.eventId,
  state: row.state,
  reason: row.reason,
  attempts_count: row.attempts,
  next_attempt_at: row.state === "pending" ? row.nextAt.toISOString() : null,
  message_id: row.messageId,
  last_error: row.lastError,
  created_at: row.createdAt.toISOString(),
  sent_at: row.sentAt?.toISOString() ?? null,
  delivered_at: row.deliveredAt?.toISOString() ?? null,
  ended_at: row.endedAt?.toISOString() ?? null,
});

export const presentNoticeWithAttempts = (
  row: NoticeRow,
  attempts: readonly NoticeAttemptRow[],
): z.infer<typeof NoticeWithAttempts> => ({
  ...presentNotice(row),
  attempts: attempts.map((attempt) => ({
    object: "attempt",
    id: attempt.id,
    number: attempt.number,
    created_at: attempt.at.toISOString(),
    duration_ms: attempt.durationMs,
    outcome: attempt.outcome,
    status: attempt.status,
    detail: attempt.detail,
  })),
});

const ALWAYS_SENT = NOTICE_KINDS.filter((kind) => KINDS[kind].isLegal);

export const presentPreferences = (
  id: string,
  unsubscribed: readonly NoticeKind[],
  bounce: BounceRow | null,
): z.infer<typeof MailPreferences> => ({
  object: "mail_preferences",
  id,
  unsubscribed: unsubscribed.filter((kind) => !KINDS[kind].isLegal),
  always_sent: ALWAYS_SENT,
  bounced_at: bounce?.createdAt.toISOString() ?? null,
  bounced_detail: bounce?.detail ?? null,
});

export const presentTemplate = (
  kind: NoticeKind,
  locale: MailLocale,
  own: Pick<MailTemplateRow, "subject" | "body" | "updatedAt"> | undefined,
  { disabled_kinds }: Settings["mail"],
): z.infer<typeof MailTemplate> => ({
  object: "mail_template",
  id: `${kind}.${locale}`,
  kind,
  locale,
  always_sent: KINDS[kind].isLegal,
  enabled: !disabled_kinds.includes(kind),
  customized: own !== undefined,
  subject: own?.subject ?? MAILS[kind][locale].subject,
  body: own?.body ?? MAILS[kind][locale].text.trimEnd(),
  placeholders: [...KINDS[kind].placeholders],
  required: [...KINDS[kind].required],
  updated_at: own?.updatedAt.toISOString() ?? null,
});
