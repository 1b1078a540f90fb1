import type { TransportRow } from "#db/mail/status";
import type { ReachedMark, Trouble, TroubledEndpoint, TroubledStory } from "#db/stories/alerts";
import type { z } from "#kernel/wire";
import { ALERT_FIXES, DISABLED_BECAUSE, type AlertCode } from "#rules/stories/alerts";
import { helpOf } from "#rules/stories/help";
import type { Alert } from "./schemas.ts";

type Told = z.infer<typeof Alert>;

/** Alerts of each kind, the worst kinds first. */
export function alertsOf(
  { endpoints, stories, marks, bounces }: Trouble,
  mail: { problem: string | null; oldest: Date | null },
  tenantId: string,
): Told[][] {
  const unsent = mail.problem === null || mail.oldest === null ? [] : [mailAlert(mail.problem, mail.oldest, tenantId)];
  const bounced = bounces.count === 0 ? [] : [bounceAlert(bounces, tenantId)];
  return [stories.map(storyAlert), endpoints.map(endpointAlert), unsent, bounced, marks.map((mark) => markAlert(mark, tenantId))];
}

/** Why no mail goes out, if that is so: what the worker host said, or that it says nothing. */
export function whyNoMail(transport: TransportRow | null, realNow: Date, silentAfterMs: number): string | null {
  if (transport === null || realNow.getTime() - transport.toldAt.getTime() > silentAfterMs)
    return "No worker host has said for minutes that it sends mail.";
  return transport.problem;
}

const alert = (code: AlertCode, since: number, subject: Told["subject"], detail: string, fix: string): Told => ({
  object: "alert",
  code,
  since: new Date(since).toISOString(),
  subject,
  detail,
  fix,
});

function storyAlert(story: TroubledStory): Told {
  const code = story.state === "failed" ? "story_failed" : "story_stuck";
  const detail = story.error === null ? `${story.summary}.` : `${story.summary}: ${story.error}`;
  return alert(code, story.since, { type: "story", id: story.id }, detail.slice(0, 1000), helpOf(story));
}

function endpointAlert(row: TroubledEndpoint): Told {
  const { id, url, disabledReason, disabledAt, recoveringSince, failingSince, failures } = row;
  const subject = { type: "webhook_endpoint", id };
  if (disabledAt !== null && disabledReason !== null && disabledReason !== "paused") {
    const detail = `Nothing is sent to ${url} any more. ${DISABLED_BECAUSE[disabledReason]}`;
    return alert("webhook_endpoint_disabled", disabledAt, subject, detail, ALERT_FIXES.webhook_endpoint_disabled);
  }
  const code = recoveringSince === null ? "webhook_endpoint_failing" : "webhook_endpoint_recovering";
  const detail = `${failures} attempts in a row failed to bring a webhook to ${url}.`;
  return alert(code, failingSince ?? recoveringSince ?? 0, subject, detail, ALERT_FIXES[code]);
}

const mailAlert = (problem: string, oldest: Date, tenantId: string): Told =>
  alert("mail_not_sent", oldest.getTime(), { type: "tenant", id: tenantId }, `Mail waits. ${problem}`, ALERT_FIXES.mail_not_sent);

function bounceAlert({ count, since, noticeId }: Trouble["bounces"], tenantId: string): Told {
  const many = count === 1 ? "One address was" : `${count >= 1000 ? "A thousand addresses and more" : `${count} addresses`} were`;
  const subject = noticeId === null ? { type: "tenant", id: tenantId } : { type: "notice", id: noticeId };
  return alert("mail_bounced", since ?? 0, subject, `${many} refused for good within a day.`, ALERT_FIXES.mail_bounced);
}

function markAlert({ licenseId, feature, percent, used, limitValue, at }: ReachedMark, tenantId: string): Told {
  const end = percent >= 100 ? ("used_up" as const) : ("nearly_used_up" as const);
  const code = licenseId === null ? (`tenant_limit_${end}` as const) : (`quota_${end}` as const);
  const subject = licenseId === null ? { type: "tenant", id: tenantId } : { type: "license", id: licenseId };
  const detail = `${percent} percent of ${feature} were used in this period: ${used} of ${limitValue} when that was noticed.`;
  return alert(code, at, subject, detail, ALERT_FIXES[code]);
}
