import { type DecisionCode, type Reason, type ReasonCode, inOrder, placeOf, reason } from "./reasons.ts";
import { type LicenseLife, hasExpired, isInGrace } from "./states.ts";
import { type TemplateTerms, freesDeadSeats, leaseLengthS, seatLimits } from "./terms.ts";

export { type DecisionCode, type Reason, type ReasonCode, REASON_ORDER, type Severity } from "./reasons.ts";

/** The activation of the device that asks, released or not. */
export type AskingActivation = {
  id: string;
  type: "online" | "offline" | "emergency";
  user: string | null;
  activatedAt: Date;
  lastHeartbeatAt: Date | null;
  /** exclusive: the seat is held strictly before; null = no lease was stored */
  leaseExpiresAt: Date | null;
  releasedAt: Date | null;
};

/** Everything about a license that a decision needs, read at one instant. */
export type Snapshot = {
  license: LicenseLife & {
    /** exclusive: the end of included new versions; null = none */
    maintenanceUntil: Date | null;
  };
  product: { id: string; code: string };
  /** the effective terms: the pinned revision with the license's own overrides */
  terms: TemplateTerms;
  /** of the fingerprint, or of the activation token; null = this device never activated, or was not named */
  activation: AskingActivation | null;
  /** Seats held at `now`: activations that are neither released nor, where dead seats are freed, past their lease. */
  counts: {
    held: number;
    /** those of other devices */
    othersHeld: number;
    /** this device's place (from 1) among the held by `activatedAt`, then id; null = it holds none */
    rankOfThisDevice: number | null;
  };
  /** when the version in question was released; null = unknown, or none was named */
  versionReleasedAt: Date | null;
};

/** What is asked. Absent fields were not sent; the device itself was looked up by whoever made the snapshot. */
export type DecisionRequest = {
  /** by the license key, or by an activation's token, which names the device and can carry nothing else */
  by: "key" | "token";
  fingerprint?: string | undefined;
  user?: string | undefined;
  product?: string | undefined;
  version?: string | undefined;
  domain?: string | undefined;
  /** codes or ids of features that must be licensed */
  features?: readonly string[] | undefined;
};

/** What would help, in the words of the wire. */
export type NextAction = "renew" | "activate" | "free_a_seat" | "upgrade" | "contact_vendor";

/** The answer to "may this be used?": valid unless one of the reasons denies. */
export type Decision = {
  valid: boolean;
  code: DecisionCode;
  reasons: Reason[];
  next: { action: NextAction; url: null } | null;
};

/**
 * Decides whether a license may be used, at `now`. Every check runs and every failing one is listed, in the order of
 * `REASON_ORDER`; a warning never hides a denial. The only place that decides: edge, offline verifier and console all call it.
 * `restricted` is what the license's restrictions say (restrictions.ts), judged beforehand because that takes libraries.
 */
export function decide(snapshot: Snapshot, request: DecisionRequest, now: Date, restricted: readonly Reason[] = []): Decision {
  return decisionFrom(
    [
      ...restricted.filter((each) => !isAskedForAnyway(each, snapshot, request)),
      ...lifeReasons(snapshot, now),
      ...scopeReasons(snapshot, request),
      ...requiredReasons(snapshot.terms, request),
      ...deviceReasons(snapshot, request, now),
      ...heartbeatReasons(snapshot, now),
      ...seatReasons(snapshot),
      ...featureReasons(snapshot.terms, request.features ?? [], now),
    ],
    snapshot,
  );
}

/** The answer for a key that no license of the tenant has: unknown, foreign and malformed keys all get this one. */
export function notFound(): Decision {
  return decisionFrom([reason("NOT_FOUND", "No license has this key.")]);
}

/** The answer for a token that no activation has. */
export function activationNotFound(): Decision {
  return decisionFrom([reason("ACTIVATION_NOT_FOUND", "No activation has this token.")]);
}

/**
 * What forbids a new activation at `now`: the denials of places 2 to 8, judged without a device. Empty where it may activate.
 * A license that waits for its first activation, or is in grace, may. Seats are not asked here: the claim decides those.
 */
export function mayActivate(snapshot: Pick<Snapshot, "license" | "terms" | "versionReleasedAt">, now: Date): Reason[] {
  return lifeReasons(snapshot, now).filter(({ code, severity }) => severity === "deny" && placeOf(code) <= 8);
}

/** Places 2 to 6: whether the license itself is in force. */
function lifeReasons(
  { license, terms, versionReleasedAt }: Pick<Snapshot, "license" | "terms" | "versionReleasedAt">,
  now: Date,
) {
  const reasons: Reason[] = [];
  const { revokedAt, canceledAt, startsAt, expiresAt, graceUntil, maintenanceUntil, holds } = license;

  if (revokedAt !== null) reasons.push(reason("REVOKED", `Revoked on ${iso(revokedAt)}.`));
  if (canceledAt !== null && canceledAt <= now) reasons.push(reason("CANCELED", `Canceled on ${iso(canceledAt)}.`));
  if (holds.length > 0) {
    const causes = [...new Set(holds.map((hold) => hold.cause))].join(", ");
    reasons.push(reason("SUSPENDED", `Suspended (${causes}).`));
  }
  if (now < startsAt) reasons.push(reason("NOT_YET_EFFECTIVE", `Starts on ${iso(startsAt)}.`));

  if (expiresAt !== null && graceUntil !== null && isInGrace(license, now)) {
    reasons.push(reason("GRACE", `Expired on ${iso(expiresAt)}; in grace until ${iso(graceUntil)}.`));
  } else if (expiresAt !== null && hasExpired(license, now)) {
    const grace = graceUntil === null ? "" : `; grace ended on ${iso(graceUntil)}`;
    const weighs = terms.expirationStrategy === "restrict" ? "deny" : "warn";
    reasons.push(reason("EXPIRED", `Expired on ${iso(expiresAt)}${grace}.`, { weighs }));
  }

  if (maintenanceUntil !== null && maintenanceUntil <= now) {
    const tooNew = versionReleasedAt !== null && versionReleasedAt >= maintenanceUntil;
    const detail = tooNew
      ? `Maintenance ended on ${iso(maintenanceUntil)}, before this version's release on ${iso(versionReleasedAt)}.`
      : `Maintenance ended on ${iso(maintenanceUntil)}; later versions are not included.`;
    const extra = tooNew ? { weighs: "deny" as const, pointer: "/version" } : {};
    reasons.push(reason("MAINTENANCE_EXPIRED", detail, extra));
  }
  return reasons;
}

/** Place 8: whether the license is for what asks. */
function scopeReasons({ product }: Snapshot, request: DecisionRequest): Reason[] {
  if (request.product === undefined || request.product === product.id || request.product === product.code) return [];
  return [reason("PRODUCT_SCOPE_MISMATCH", `The license is for the product ${product.code}.`, { pointer: "/product" })];
}

const REQUIRED_CODES = {
  fingerprint: "FINGERPRINT_SCOPE_REQUIRED",
  product: "PRODUCT_SCOPE_REQUIRED",
  version: "VERSION_SCOPE_REQUIRED",
  domain: "DOMAIN_SCOPE_REQUIRED",
  user: "USER_SCOPE_REQUIRED",
} as const satisfies Record<TemplateTerms["requires"][number], ReasonCode>;

/** Place 11: inputs that the template requires. A token has no room for them, and its device gave them when it activated. */
function requiredReasons(terms: TemplateTerms, request: DecisionRequest): Reason[] {
  if (request.by === "token") return [];
  return [...new Set(terms.requires)]
    .filter((input) => request[input] === undefined)
    .map((input) => reason(REQUIRED_CODES[input], `This license asks for the ${input}.`, { pointer: `/${input}` }));
}

/** Whether a restriction asks for an input that the template requires too: it is told once. */
function isAskedForAnyway({ code }: Reason, { terms }: Snapshot, request: DecisionRequest): boolean {
  return requiredReasons(terms, request).some((required) => required.code === code);
}

/** Place 11: whether the device that asks holds a seat. Activations of site and enterprise licenses are asked for like any other. */
function deviceReasons(snapshot: Snapshot, request: DecisionRequest, now: Date): Reason[] {
  const { activation, counts, terms } = snapshot;
  if (request.by === "token") {
    if (activation === null) return activationNotFound().reasons;
    if (activation.releasedAt === null) return [];
    return [reason("ACTIVATION_RELEASED", `This activation was released on ${iso(activation.releasedAt)}.`)];
  }
  if (request.fingerprint === undefined) return [];

  if (activation !== null && holdsSeat(activation, terms, now)) {
    if (request.user === undefined || activation.user === null || request.user === activation.user) return [];
    return [reason("USER_SCOPE_MISMATCH", "This device's seat belongs to another user.", { pointer: "/user" })];
  }
  const pointer = "/fingerprint";
  if (counts.othersHeld > 0)
    return [reason("FINGERPRINT_SCOPE_MISMATCH", "This device holds no seat; other devices do.", { pointer })];
  const code = terms.maxActivations === 1 ? "NO_MACHINE" : "NO_MACHINES";
  return [reason(code, "No device holds a seat of this license: activate this one.", { pointer })];
}

/** Place 12: whether the device has kept up its heartbeat. Offline and emergency seats have none. */
function heartbeatReasons({ activation, terms }: Snapshot, now: Date): Reason[] {
  if (activation === null || activation.releasedAt !== null) return [];
  const end = leaseEndOf(activation, terms);
  if (end === null || now < end) return [];
  if (activation.lastHeartbeatAt === null) return [reason("HEARTBEAT_NOT_STARTED", `No heartbeat came before ${iso(end)}.`)];
  return [
    reason("HEARTBEAT_DEAD", `The last heartbeat came on ${iso(activation.lastHeartbeatAt)}; the lease ended on ${iso(end)}.`),
  ];
}

/** Place 13: a limit below what is held denies only the devices beyond it, the latest ones, and warns the others. */
function seatReasons({ counts, terms }: Snapshot): Reason[] {
  const { limit, ceiling } = seatLimits(terms);
  if (limit === null || counts.held <= limit) return [];
  const rank = counts.rankOfThisDevice;
  const beyond = rank !== null && ceiling !== null && rank > ceiling;
  const detail = `${counts.held} devices hold seats; the license has ${limit}.`;
  return [reason("TOO_MANY_MACHINES", detail, { weighs: beyond ? "deny" : "warn" })];
}

/** Place 14: whether each feature asked for is licensed; one reason a feature, pointing at it. */
function featureReasons(terms: TemplateTerms, features: readonly string[], now: Date): Reason[] {
  return features.flatMap((feature, index) => {
    const pointer = `/features/${index}`;
    const entitlement = terms.entitlements.find((right) => right.feature === feature || right.featureId === feature);
    if (!entitlement || !entitlement.enabled || entitlement.limitValue === 0)
      return [reason("ENTITLEMENTS_MISSING", `The feature ${feature} is not licensed.`, { pointer })];
    if (entitlement.expiresAt !== null && new Date(entitlement.expiresAt) <= now)
      return [reason("ENTITLEMENT_EXPIRED", `The right to ${feature} ended on ${entitlement.expiresAt}.`, { pointer })];
    return [];
  });
}

/** When the seat's lease ends (exclusive); null where none runs. An activation counts as the first beat. */
export function leaseEndOf(
  activation: Pick<AskingActivation, "type" | "activatedAt" | "lastHeartbeatAt" | "leaseExpiresAt">,
  terms: Pick<TemplateTerms, "type" | "heartbeat" | "leaseS">,
): Date | null {
  const lengthS = leaseLengthS(terms);
  if (lengthS === null || activation.type !== "online") return null;
  const lastSign = activation.lastHeartbeatAt ?? activation.activatedAt;
  return activation.leaseExpiresAt ?? new Date(lastSign.getTime() + lengthS * 1000);
}

/** Whether an activation holds its seat at `now`: not released and, where dead seats are freed, inside its lease. */
export function holdsSeat(
  activation: Omit<AskingActivation, "id" | "user">,
  terms: Pick<TemplateTerms, "type" | "heartbeat" | "leaseS">,
  now: Date,
): boolean {
  if (activation.releasedAt !== null) return false;
  const end = leaseEndOf(activation, terms);
  return end === null || now < end || !freesDeadSeats(terms);
}

/** Puts reasons in order and draws the conclusion from them. */
function decisionFrom(unordered: Reason[], snapshot?: Snapshot): Decision {
  const reasons = inOrder(unordered);
  const denial = reasons.find(({ severity }) => severity === "deny");
  const first = denial ?? reasons[0];
  const action = first ? helpFor(first.code, snapshot) : null;
  return {
    valid: denial === undefined,
    code: first?.code ?? "VALID",
    reasons,
    next: action === null ? null : { action, url: null },
  };
}

/** What usually turns a reason; null where only time or a corrected question would. */
const HELP: Record<ReasonCode, NextAction | null> = {
  NOT_FOUND: "contact_vendor",
  REVOKED: "contact_vendor",
  CANCELED: "contact_vendor",
  SUSPENDED: "contact_vendor",
  NOT_YET_EFFECTIVE: null,
  EXPIRED: "renew",
  GRACE: "renew",
  MAINTENANCE_EXPIRED: "renew",
  TRIAL_ALREADY_USED: "upgrade",
  PRODUCT_SCOPE_MISMATCH: null,
  VERSION_NOT_ALLOWED: "upgrade",
  GEO_NOT_ALLOWED: "contact_vendor",
  IP_NOT_ALLOWED: "contact_vendor",
  DOMAIN_NOT_ALLOWED: "contact_vendor",
  DEVICE_BLACKLISTED: "contact_vendor",
  ACTIVATION_NOT_FOUND: "activate",
  ACTIVATION_RELEASED: "activate",
  FINGERPRINT_SCOPE_REQUIRED: "activate",
  PRODUCT_SCOPE_REQUIRED: null,
  VERSION_SCOPE_REQUIRED: null,
  DOMAIN_SCOPE_REQUIRED: null,
  USER_SCOPE_REQUIRED: null,
  NO_MACHINE: "activate",
  NO_MACHINES: "activate",
  FINGERPRINT_SCOPE_MISMATCH: "activate",
  USER_SCOPE_MISMATCH: "contact_vendor",
  HEARTBEAT_NOT_STARTED: "activate",
  HEARTBEAT_DEAD: "activate",
  TOO_MANY_MACHINES: "free_a_seat",
  TOO_MANY_CORES: "free_a_seat",
  TOO_MANY_USERS: "free_a_seat",
  ENTITLEMENTS_MISSING: "upgrade",
  ENTITLEMENT_EXPIRED: "renew",
  QUOTA_EXCEEDED: "upgrade",
  CLONE_SUSPECTED: "contact_vendor",
  INTEGRITY_FAILED: "contact_vendor",
};

/** What would help here: two reasons have another remedy than usual when the license says so. */
function helpFor(code: ReasonCode, snapshot: Snapshot | undefined): NextAction | null {
  if (code === "SUSPENDED" && snapshot?.license.holds.every((hold) => hold.cause === "lapsed")) return "renew";
  if (code === "FINGERPRINT_SCOPE_MISMATCH" && snapshot && !hasFreeSeat(snapshot)) return "free_a_seat";
  return HELP[code];
}

function hasFreeSeat({ counts, terms }: Snapshot): boolean {
  const { ceiling } = seatLimits(terms);
  return ceiling === null || counts.held < ceiling;
}

const iso = (at: Date) => at.toISOString();
