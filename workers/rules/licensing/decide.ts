import { type DecisionCode, type Reason, type ReasonCode, inOrder, placeOf, reason } from "./reasons.ts";
import { type LicenseLife, hasExpired, isInGrace } from "./states.ts";
import type { BlacklistKind } from "./security.ts";
import {
  type Limits,
  type TemplateTerms,
  coreLimits,
  entitlementFor,
  freesDeadSeats,
  isTrial,
  leaseLengthS,
  seatLimits,
  userLimits,
} from "./terms.ts";

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
  /** exclusive: the activation ends by itself; null = only by its lease or by being released */
  endsAt: Date | null;
  releasedAt: Date | null;
  /** since when it looks as if two devices were this one; null = it does not */
  cloneSuspectedAt: Date | null;
  /** since when its files are not those that the vendor registered; null = they are, or nobody looked */
  integrityFailedAt: Date | null;
};

/** How much of a limit is used, and how much of it up to the one who asks, in the order in which they came; null = it uses none. */
export type Use = { used: number; upToThis: number | null };

/** Everything about a license that a decision needs, read at one instant. */
export type Snapshot = {
  license: LicenseLife & {
    /** exclusive: the end of included new versions; null = none */
    maintenanceUntil: Date | null;
    /** since when a trial is paid for; null = it is none, or not yet */
    convertedAt: Date | null;
  };
  product: { id: string; code: string };
  /** the effective terms: the pinned revision with the license's own overrides */
  terms: TemplateTerms;
  /** of the fingerprint, or of the activation token; null = this device never activated, or was not named */
  activation: AskingActivation | null;
  counts: Counts;
  /** when the version in question was released; null = unknown, or none was named */
  versionReleasedAt: Date | null;
  /** whether a version was named that is not among the product's */
  versionUnknown: boolean;
  /** whether another license of the product holds the trial of the device that asks */
  trialHeldElsewhere: boolean;
  /** what the vendor has shut out: the device that asks, a part of it, or the address that it asks from */
  blacklisted: BlacklistKind | null;
  /** the ids of features whose quota is used up; empty also where nobody looked */
  usedUp: readonly string[];
};

/**
 * What is in use at `now`. A seat is held by an activation that was neither released nor came to its end and, where dead seats are freed, is
 * inside its lease; emergencies hold none. Under the model `per_seat` the devices of one user are one seat, and a device without a user is one.
 */
export type Counts = {
  held: number;
  /** those of others than this device */
  othersHeld: number;
  /** the place (from 1) of this device's seat among the held by `activatedAt`, then id; null = it holds none */
  rankOfThisDevice: number | null;
  /** `per_seat`: whether the user who asks holds a seat on another device */
  userHoldsSeat: boolean;
  /** a device that told of no cores has one */
  cores: Use;
  /** those that hold seats or, of a license for named users, those that have a place */
  users: Use;
};

/** Counts where nothing is counted, as in a file that one device carries. */
export const NO_COUNTS: Counts = {
  held: 0,
  othersHeld: 0,
  rankOfThisDevice: null,
  userHoldsSeat: false,
  cores: { used: 0, upToThis: null },
  users: { used: 0, upToThis: null },
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
      ...trialReasons(snapshot),
      ...scopeReasons(snapshot, request),
      ...(restricted.some(({ code }) => code === "VERSION_NOT_ALLOWED") ? [] : unknownVersionReasons(snapshot)),
      ...blacklistReasons(snapshot),
      ...requiredReasons(snapshot.terms, request),
      ...deviceReasons(snapshot, request, now),
      ...userReasons(snapshot, request, now),
      ...heartbeatReasons(snapshot, now),
      ...limitReasons(snapshot, now),
      ...featureReasons(snapshot, request.features ?? [], now),
      ...markReasons(snapshot, now),
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
export function mayActivate(snapshot: Activating, now: Date): Reason[] {
  const reasons = [...lifeReasons({ ...snapshot, activation: null }, now), ...trialReasons(snapshot)];
  return inOrder(reasons.filter(({ code, severity }) => severity === "deny" && placeOf(code) <= 8));
}

type Activating = Omit<Life, "activation"> & Pick<Snapshot, "trialHeldElsewhere">;
type Life = Pick<Snapshot, "license" | "terms" | "activation" | "versionReleasedAt" | "versionUnknown">;

/** Places 2 to 6: whether the license itself is in force. */
function lifeReasons(snapshot: Life, now: Date): Reason[] {
  const { license, terms } = snapshot;
  const reasons: Reason[] = [];
  const { revokedAt, canceledAt, startsAt, expiresAt, graceUntil, holds } = license;

  if (revokedAt !== null) reasons.push(reason("REVOKED", `Revoked on ${iso(revokedAt)}.`));
  if (canceledAt !== null && canceledAt <= now) reasons.push(reason("CANCELED", `Canceled on ${iso(canceledAt)}.`));
  if (holds.length > 0) {
    const causes = [...new Set(holds.map((hold) => hold.cause))].join(", ");
    reasons.push(reason("SUSPENDED", `Suspended (${causes}).`));
  }
  if (now < startsAt) reasons.push(reason("NOT_YET_EFFECTIVE", `Starts on ${iso(startsAt)}.`));

  if (expiresAt !== null && graceUntil !== null && isInGrace(license, now)) {
    reasons.push(reason("GRACE", `Expired on ${iso(expiresAt)}; in grace until ${iso(graceUntil)}.`));
  } else if (expiresAt !== null && hasExpired(license, now) && !isEmergency(snapshot, now)) {
    const grace = graceUntil === null ? "" : `; grace ended on ${iso(graceUntil)}`;
    const weighs = terms.expirationStrategy === "restrict" ? "deny" : "warn";
    reasons.push(reason("EXPIRED", `Expired on ${iso(expiresAt)}${grace}.`, { weighs }));
  }

  return [...reasons, ...maintenanceReasons(snapshot, now)];
}

/** Place 6: whether the version in question came out while new versions were included. */
function maintenanceReasons(
  { license: { maintenanceUntil }, terms, versionReleasedAt, versionUnknown }: Life,
  now: Date,
): Reason[] {
  if (maintenanceUntil === null || now < maintenanceUntil) return [];
  const code = "MAINTENANCE_EXPIRED";
  const denies = { weighs: "deny", pointer: "/version" } as const;
  const ended = `Maintenance ended on ${iso(maintenanceUntil)}`;
  if (versionReleasedAt !== null && versionReleasedAt >= maintenanceUntil)
    return [reason(code, `${ended}, before this version's release on ${iso(versionReleasedAt)}.`, denies)];
  if (versionUnknown && terms.unknownVersion === "deny")
    return [reason(code, `${ended}, and when this version was released is not known.`, denies)];
  return [reason(code, `${ended}; later versions are not included.`)];
}

/** Place 7: whether this device had its trial of the product by another license. A license that is paid for asks nothing of trials. */
function trialReasons({
  license,
  terms,
  trialHeldElsewhere,
}: Pick<Snapshot, "license" | "terms" | "trialHeldElsewhere">): Reason[] {
  if (!trialHeldElsewhere || !isTrial(terms) || license.convertedAt !== null) return [];
  return [reason("TRIAL_ALREADY_USED", "This device had its trial of the product by another license.")];
}

/** Place 8: whether the license is for what asks. */
function scopeReasons({ product }: Snapshot, request: DecisionRequest): Reason[] {
  if (request.product === undefined || request.product === product.id || request.product === product.code) return [];
  return [reason("PRODUCT_SCOPE_MISMATCH", `The license is for the product ${product.code}.`, { pointer: "/product" })];
}

/** Place 8: a version that is not among the product's, where the license is for some versions only and the vendor does not let strangers in. */
export function unknownVersionReasons({ terms, versionUnknown }: Pick<Snapshot, "terms" | "versionUnknown">): Reason[] {
  const restricted = terms.restrictions.some(({ type }) => type === "version");
  if (!versionUnknown || !restricted || terms.unknownVersion === "allow") return [];
  return [reason("VERSION_NOT_ALLOWED", "This version is not among the product's.", { pointer: "/version" })];
}

const SHUT_OUT: Record<BlacklistKind, string> = {
  device: "The vendor has shut out this device.",
  component: "The vendor has shut out a part of this device.",
  ip_range: "The vendor has shut out the address of this request.",
};

/** Place 10: whether the vendor has shut out who asks. Why it did is told to nobody who validates. */
export function blacklistReasons({ blacklisted }: Pick<Snapshot, "blacklisted">): Reason[] {
  return blacklisted === null ? [] : [reason("DEVICE_BLACKLISTED", SHUT_OUT[blacklisted])];
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
    const endedAt = activation.releasedAt ?? (hasEnded(activation, now) ? activation.endsAt : null);
    if (endedAt === null) return [];
    return [reason("ACTIVATION_RELEASED", `This activation was released on ${iso(endedAt)}.`)];
  }
  if (request.fingerprint === undefined || (activation !== null && holdsSeat(activation, terms, now))) return [];
  const pointer = "/fingerprint";
  if (counts.othersHeld > 0)
    return [reason("FINGERPRINT_SCOPE_MISMATCH", "This device holds no seat; other devices do.", { pointer })];
  const code = terms.maxActivations === 1 ? "NO_MACHINE" : "NO_MACHINES";
  return [reason(code, "No device holds a seat of this license: activate this one.", { pointer })];
}

/**
 * Place 11: whether the user who asks is the one of this device's seat and, of a license for named users, has a place. Such a license asks
 * for the user of whoever is not known by a seat.
 */
function userReasons(snapshot: Snapshot, request: DecisionRequest, now: Date): Reason[] {
  const { activation, counts, terms } = snapshot;
  const user = request.by === "key" ? request.user : undefined;
  const seated = activation !== null && holdsSeat(activation, terms, now) ? activation.user : null;
  const pointer = "/user";
  if (user !== undefined && seated !== null && user !== seated)
    return [reason("USER_SCOPE_MISMATCH", "This device's seat belongs to another user.", { pointer })];
  if (terms.type !== "named_user") return [];

  if (user === undefined && seated === null) {
    if (request.by === "token" || terms.requires.includes("user")) return [];
    return [reason("USER_SCOPE_REQUIRED", "This license is for named users: it asks for the user.", { pointer })];
  }
  if (counts.users.upToThis !== null) return [];
  const detail = "This user is none of those that the license is for.";
  return [reason("USER_SCOPE_MISMATCH", detail, user === undefined ? {} : { pointer })];
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

/** Place 13: a limit below what is used denies only those beyond it, the latest ones, and warns the others. In an emergency nothing is counted. */
function limitReasons(snapshot: Snapshot, now: Date): Reason[] {
  const { activation, counts, terms } = snapshot;
  if (isEmergency(snapshot, now)) return [];
  const holds = activation !== null && holdsSeat(activation, terms, now);
  const over = (code: ReasonCode, { limit, ceiling }: Limits, { used, upToThis }: Use, what: string): Reason[] => {
    if (limit === null || used <= limit) return [];
    // whoever holds nothing is not beyond it: that it holds nothing is told at place 11
    const beyond = holds && upToThis !== null && ceiling !== null && upToThis > ceiling;
    return [reason(code, `${used} ${what}; the license has ${limit}.`, { weighs: beyond ? "deny" : "warn" })];
  };
  const seats = { used: counts.held, upToThis: counts.rankOfThisDevice };
  const named = terms.type === "named_user";
  return [
    ...over("TOO_MANY_MACHINES", seatLimits(terms), seats, terms.model === "per_seat" ? "seats are held" : "devices hold seats"),
    ...over("TOO_MANY_CORES", coreLimits(terms), counts.cores, "cores are in use"),
    ...over("TOO_MANY_USERS", userLimits(terms), counts.users, named ? "users are named" : "users hold seats"),
  ];
}

/** Place 14: whether each feature asked for is licensed, and something is left of its quota; one reason a feature, pointing at it. */
function featureReasons({ terms, usedUp }: Snapshot, features: readonly string[], now: Date): Reason[] {
  return features.flatMap((feature, index) => {
    const pointer = `/features/${index}`;
    const entitlement = entitlementFor(terms, feature);
    if (!entitlement || !entitlement.enabled || entitlement.limitValue === 0)
      return [reason("ENTITLEMENTS_MISSING", `The feature ${feature} is not licensed.`, { pointer })];
    if (entitlement.expiresAt !== null && new Date(entitlement.expiresAt) <= now)
      return [reason("ENTITLEMENT_EXPIRED", `The right to ${feature} ended on ${entitlement.expiresAt}.`, { pointer })];
    if (usedUp.includes(entitlement.featureId))
      return [reason("QUOTA_EXCEEDED", `The quota of ${feature} is used up.`, { pointer })];
    return [];
  });
}

/** Place 15: what is suspected of this very activation, as the template weighs it. */
function markReasons({ activation, terms }: Snapshot, now: Date): Reason[] {
  if (activation === null || activation.releasedAt !== null || hasEnded(activation, now)) return [];
  const { cloneSuspectedAt, integrityFailedAt } = activation;
  const reasons: Reason[] = [];
  if (cloneSuspectedAt !== null) {
    const detail = `Since ${iso(cloneSuspectedAt)} it looks as if two devices were this one.`;
    reasons.push(reason("CLONE_SUSPECTED", detail, { weighs: terms.onClone }));
  }
  if (integrityFailedAt !== null) {
    const detail = `Since ${iso(integrityFailedAt)} its files are not those that were registered.`;
    reasons.push(reason("INTEGRITY_FAILED", detail, { weighs: terms.onIntegrityFailure }));
  }
  return reasons;
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

/** Whether an activation is in force at `now`: neither released nor at its end and, where dead seats are freed, inside its lease. */
export function holdsSeat(
  activation: Omit<AskingActivation, "id" | "user" | "cloneSuspectedAt" | "integrityFailedAt">,
  terms: Pick<TemplateTerms, "type" | "heartbeat" | "leaseS">,
  now: Date,
): boolean {
  if (activation.releasedAt !== null || hasEnded(activation, now)) return false;
  const end = leaseEndOf(activation, terms);
  return end === null || now < end || !freesDeadSeats(terms);
}

/** Whether an activation that ends by itself has done so. */
function hasEnded({ endsAt }: Pick<AskingActivation, "endsAt">, now: Date): boolean {
  return endsAt !== null && endsAt <= now;
}

/** Whether who asks runs by an emergency code, which lets a device run without regard to the license's end, seats and users. */
function isEmergency({ activation, terms }: Pick<Snapshot, "activation" | "terms">, now: Date): boolean {
  return activation !== null && activation.type === "emergency" && holdsSeat(activation, terms, now);
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

/** What would help here: some reasons have another remedy than usual when the license says so. */
function helpFor(code: ReasonCode, snapshot: Snapshot | undefined): NextAction | null {
  if (code === "SUSPENDED" && snapshot?.license.holds.every((hold) => hold.cause === "lapsed")) return "renew";
  if (code === "FINGERPRINT_SCOPE_MISMATCH" && snapshot && !hasFreeSeat(snapshot)) return "free_a_seat";
  if (code === "USER_SCOPE_MISMATCH" && snapshot && hasFreePlace(snapshot)) return "activate";
  return HELP[code];
}

function hasFreeSeat({ counts, terms }: Snapshot): boolean {
  const { ceiling } = seatLimits(terms);
  return ceiling === null || counts.held < ceiling || counts.userHoldsSeat;
}

/** Whether a user who has no place among the named ones may still get one, by activating. */
function hasFreePlace({ counts, terms }: Snapshot): boolean {
  const { ceiling } = userLimits(terms);
  const { used, upToThis } = counts.users;
  return terms.type === "named_user" && upToThis === null && (ceiling === null || used < ceiling);
}

const iso = (at: Date) => at.toISOString();
