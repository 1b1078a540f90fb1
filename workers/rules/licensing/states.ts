import type { ExpirationStrategy, ExpiryBasis } from "./terms.ts";

/** What a license is at an instant. Computed, never stored. */
export const LICENSE_STATUSES = ["pending", "active", "expired", "suspended", "revoked", "canceled"] as const;
export type LicenseStatus = (typeof LICENSE_STATUSES)[number];

/** Why a license is held. Each cause is lifted only by who may lift it: see `LIFTABLE`. */
export const HOLD_CAUSES = ["manual", "abuse", "unpaid", "dispute", "compliance", "lapsed"] as const;
export type HoldCause = (typeof HOLD_CAUSES)[number];

/** One reason for which a license is paused; a license is suspended while it has at least one. */
export type Hold = { cause: HoldCause; reason: string | null; by: string; at: Date };

/** The stored facts of a license from which its status follows at any instant. */
export type LicenseLife = {
  startsAt: Date;
  /** exclusive: the license is valid strictly before; null = never, or not known before its first use */
  expiresAt: Date | null;
  /** exclusive; null = no grace */
  graceUntil: Date | null;
  /** the instant at which a cancellation takes effect, which may lie ahead */
  canceledAt: Date | null;
  revokedAt: Date | null;
  holds: readonly Hold[];
  expiryBasis: ExpiryBasis;
  /** the first activation ever */
  activatedAt: Date | null;
};

/**
 * The status of a license at `now`. The first line that fits decides, here and in the SQL twin:
 *
 * 1. `revoked`    revoked_at is not null (whatever the instant: revocation has no future and no way back)
 * 2. `canceled`   canceled_at <= now
 * 3. `suspended`  at least one hold
 * 4. `pending`    now < starts_at
 * 5. `expired`    expires_at <= now
 * 6. `pending`    expiry_basis is first_activation and activated_at is null
 * 7. `active`     else
 *
 * Grace is no status: a license in grace is `expired`, see `isInGrace`.
 */
export function statusOf(life: LicenseLife, now: Date): LicenseStatus {
  if (life.revokedAt !== null) return "revoked";
  if (life.canceledAt !== null && life.canceledAt <= now) return "canceled";
  if (life.holds.length > 0) return "suspended";
  if (now < life.startsAt) return "pending";
  if (hasExpired(life, now)) return "expired";
  if (awaitsFirstActivation(life)) return "pending";
  return "active";
}

/** Whether `expiresAt` has come, holds or not: expiry runs on during a hold. */
export function hasExpired(life: Pick<LicenseLife, "expiresAt">, now: Date): boolean {
  return life.expiresAt !== null && life.expiresAt <= now;
}

/** Expired, but usable with a warning: `expires_at <= now < grace_until`. */
export function isInGrace(life: Pick<LicenseLife, "expiresAt" | "graceUntil">, now: Date): boolean {
  return hasExpired(life, now) && life.graceUntil !== null && now < life.graceUntil;
}

/**
 * Whether a license runs out after `now` and not later than `until`, so that a renewal is due. One that is revoked, or ends by its
 * cancellation before, has no renewal; a held one has: expiry runs on.
 */
export function endsWithin(
  life: Pick<LicenseLife, "expiresAt" | "canceledAt" | "revokedAt">,
  { now, until }: { now: Date; until: Date },
): boolean {
  const { expiresAt, canceledAt, revokedAt } = life;
  if (expiresAt === null || revokedAt !== null) return false;
  return expiresAt > now && expiresAt <= until && (canceledAt === null || canceledAt > expiresAt);
}

/** Whether the first period has yet to begin with the first activation. Such a license is `pending`, and may activate. */
export function awaitsFirstActivation(life: Pick<LicenseLife, "expiryBasis" | "activatedAt">): boolean {
  return life.expiryBasis === "first_activation" && life.activatedAt === null;
}

/** What may be done to a license. */
export type LicenseMove =
  | "suspend"
  | "reinstate"
  | "revoke"
  | "cancel"
  | "renew"
  | "regenerate_key"
  | "transfer"
  | "change_template"
  | "convert"
  | "activate";

/** From which statuses each move is possible, and the event that tells of it. What is not here is `invalid_transition`. */
export const LICENSE_MOVES = {
  suspend: { from: ["pending", "active", "expired", "suspended"], event: "license.suspended" },
  reinstate: { from: ["suspended"], event: "license.reinstated" },
  revoke: { from: ["pending", "active", "expired", "suspended", "canceled"], event: "license.revoked" },
  cancel: { from: ["pending", "active", "expired", "suspended"], event: "license.canceled" },
  renew: { from: ["active", "expired", "suspended"], event: "license.renewed" },
  regenerate_key: { from: ["pending", "active", "expired", "suspended"], event: "license.key_regenerated" },
  transfer: { from: ["pending", "active", "expired"], event: "license.transferred" },
  change_template: { from: ["pending", "active", "expired", "suspended"], event: "license.template_changed" },
  convert: { from: ["pending", "active", "expired", "suspended"], event: "license.converted" },
  activate: { from: ["pending", "active", "expired"], event: "activation.created" },
} as const satisfies Record<LicenseMove, { from: readonly LicenseStatus[]; event: string }>;

/** Why a move is refused: the code of the cause, the status found, and a sentence for the caller. */
export type MoveRefused = {
  code: "status" | "not_started" | "after_grace" | "never_expires";
  status: LicenseStatus;
  detail: string;
};

/**
 * Null where the table allows the move now, else why not.
 * `activate` also looks at the start and at expiry, as `mayActivate` does; `strategy` is the template's.
 */
export function whyNotMove(
  life: LicenseLife,
  move: LicenseMove,
  now: Date,
  strategy: ExpirationStrategy = "restrict",
): MoveRefused | null {
  const status = statusOf(life, now);
  const from: readonly LicenseStatus[] = LICENSE_MOVES[move].from;
  if (!from.includes(status)) {
    return { code: "status", status, detail: `A license that is ${status} cannot ${VERBS[move]}.` };
  }
  if (move === "renew" && life.expiresAt === null) {
    return { code: "never_expires", status, detail: "This license has no end that could be extended." };
  }
  if (move === "activate" && now < life.startsAt) {
    return { code: "not_started", status, detail: `This license starts at ${life.startsAt.toISOString()}.` };
  }
  if (move === "activate" && status === "expired" && strategy === "restrict" && !isInGrace(life, now)) {
    return { code: "after_grace", status, detail: "This license has expired and its grace period is over." };
  }
  return null;
}

/** Who lifts a hold: a payment that settled what was owed, a renewal, or a key of the tenant by `reinstate`. */
export type Lifter = "payment" | "renewal" | "tenant";

/** What each may lift. Nothing lifts another's: no payment ends a hold for abuse, and no operator's click an unpaid invoice. */
export const LIFTABLE = {
  payment: ["unpaid", "lapsed"],
  renewal: ["lapsed"],
  tenant: ["manual", "abuse", "dispute", "compliance"],
} as const satisfies Record<Lifter, readonly HoldCause[]>;

/** The holds that `lifter` ends and those that stay; with `cause`, at most the holds of that cause. Order is kept. */
export function lift(holds: readonly Hold[], lifter: Lifter, cause?: HoldCause): { lifted: Hold[]; kept: Hold[] } {
  const liftable: readonly HoldCause[] = LIFTABLE[lifter];
  const goes = (hold: Hold) => liftable.includes(hold.cause) && (cause === undefined || cause === hold.cause);
  return { lifted: holds.filter(goes), kept: holds.filter((hold) => !goes(hold)) };
}

/** Causes for which a key of the tenant may suspend: those that it may lift again. */
export const SUSPENDABLE_CAUSES = LIFTABLE.tenant;

const VERBS: Record<LicenseMove, string> = {
  suspend: "be suspended",
  reinstate: "be reinstated",
  revoke: "be revoked",
  cancel: "be canceled",
  renew: "be renewed",
  regenerate_key: "get a new key",
  transfer: "be transferred",
  change_template: "get another template",
  convert: "be converted",
  activate: "be activated",
};
