/**
 * A notice waits or is tried; was taken by the mail server; was taken by the recipient's (where the transport tells); came back for good; was
 * given up; or was not sent because its recipient wants none, or cannot be reached.
 */
export const NOTICE_STATES = ["pending", "sent", "delivered", "bounced", "failed", "suppressed"] as const;

export type NoticeState = (typeof NOTICE_STATES)[number];

/** Why a notice was not sent. */
export const SUPPRESSED_REASONS = ["unsubscribed", "address_bounced", "kind_disabled", "no_address"] as const;

export type SuppressedReason = (typeof SUPPRESSED_REASONS)[number];
