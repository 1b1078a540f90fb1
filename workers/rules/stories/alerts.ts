import type { DisabledReason } from "../webhooks/states.ts";

/** What may be wrong for a tenant at a moment; the list is closed. */
export const ALERT_CODES = [
  "webhook_endpoint_disabled",
  "webhook_endpoint_recovering",
  "webhook_endpoint_failing",
  "mail_not_sent",
  "mail_bounced",
  "story_stuck",
  "story_failed",
  "quota_used_up",
  "quota_nearly_used_up",
  "tenant_limit_used_up",
  "tenant_limit_nearly_used_up",
] as const;

export type AlertCode = (typeof ALERT_CODES)[number];

/** What helps against it, in a sentence; a story says so itself. */
export const ALERT_FIXES: Record<Exclude<AlertCode, "story_stuck" | "story_failed">, string> = {
  webhook_endpoint_disabled: "Mend the endpoint, then enable it: what waited in its queue is sent, for thirty days.",
  webhook_endpoint_recovering: "Bring the endpoint back: it is tried by itself, and gets what waited.",
  webhook_endpoint_failing:
    "Look at its deliveries: they say what it answers. After ten failures in a row it is left alone and tried by itself.",
  mail_not_sent: "Nothing is lost: mail is sent when whoever runs the installation has mended what the mail status says.",
  mail_bounced: "Correct the addresses, or ask these people for others: nothing is sent there any more.",
  quota_used_up: "Raise the limit of the license, or tell its customer when the period begins anew.",
  quota_nearly_used_up: "Nothing yet: it will be used up before the period ends if this goes on.",
  tenant_limit_used_up: "Ask for a higher tier, or wait for the next period.",
  tenant_limit_nearly_used_up: "Look at what calls most often, or ask for a higher tier before it is used up.",
};

/** Why an endpoint is disabled that nobody paused, in a sentence. */
export const DISABLED_BECAUSE: Record<Exclude<DisabledReason, "paused">, string> = {
  gone: "It answered 410 Gone.",
  failing: "Nothing arrived there for days.",
};

/** An endpoint with so many failures in a row is worth telling of; one or two are usual. */
export const FAILURES_TOLD = 3;
