import type { AskingActivation, Counts, DecisionRequest, Severity, Snapshot } from "#rules/licensing/decide";
import type { BlacklistKind } from "#rules/licensing/security";
import type { Circumstances } from "#rules/licensing/restrictions";
import type { HoldCause } from "#rules/licensing/states";
import { type Entitlement, type RequirableInput, type Restriction, termsWithDefaults } from "#rules/licensing/terms";

/**
 * A second opinion about decisions, written apart from the rule: a case is told in words, `worldOf` makes the snapshot and question of it,
 * and `expectedOf` says what must come out, from the words alone.
 */
export type Case = {
  /** whether the instants of the case stand right at now, or a day away from it */
  tight: boolean;
  type: "subscription" | "concurrent" | "trial" | "named_user";
  revoked: boolean;
  canceled: "no" | "done" | "ahead";
  holds: HoldCause[];
  started: boolean;
  waitsForFirstActivation: boolean;
  expiry: "never" | "ahead" | "in_grace" | "after_grace" | "without_grace";
  strategy: "restrict" | "maintain" | "allow";
  maintenance: "none" | "ahead" | "ended";
  /** the version in question, against the end of maintenance */
  version: "unnamed" | "unknown" | "older" | "newer";
  unknownVersion: "allow" | "deny";
  /** the device had its trial by another license; this one is paid for by now */
  trialElsewhere: boolean;
  converted: boolean;
  product: "unnamed" | "by_id" | "by_code" | "other";
  /** what the license says of where and with what it is used, against where and with what it is */
  versions: "all" | "this" | "others";
  countries: "all" | "this" | "others" | "some_unknown" | "not_some_unknown";
  addresses: "all" | "this" | "others";
  domains: "all" | "this" | "others";
  blacklisted: BlacklistKind | null;
  requires: RequirableInput[];
  domainNamed: boolean;
  user: "unnamed" | "same" | "other" | "any";
  /** who asks, by key or token, and what its activation is */
  device: "unnamed" | "never_activated" | "released" | "seated" | "token_unknown" | "token_released" | "token_seated";
  seatType: "online" | "offline" | "emergency";
  /** whether the activation ends by itself */
  ends: "never" | "ahead" | "gone";
  /** the heartbeat of the device, if it is seated */
  heartbeat: "not_asked" | "alive" | "late" | "never_came";
  onDead: "free_seat" | "keep";
  leaseStored: boolean;
  model: "per_device" | "per_seat" | "site";
  limit: number | null;
  overage: "none" | "one_more" | "unlimited";
  /** other devices that hold seats, and how many of them sat down before this one */
  others: number;
  earlier: number;
  cores: { limit: number | null; used: number; upToThis: number };
  /** `rank`: of the user who asks; null = has none */
  users: { limit: number | null; used: number; rank: number | null };
  features: ("licensed" | "licensed_by_id" | "absent" | "disabled" | "none_left" | "ended" | "used_up")[];
  clone: "no" | "warned" | "denied";
  integrity: "no" | "warned" | "denied";
};

/** A license in force, asked by the device that holds its only seat: nothing to remark. */
export const PLAIN: Case = {
  tight: false,
  type: "subscription",
  revoked: false,
  canceled: "no",
  holds: [],
  started: true,
  waitsForFirstActivation: false,
  expiry: "ahead",
  strategy: "restrict",
  maintenance: "none",
  version: "unnamed",
  unknownVersion: "allow",
  trialElsewhere: false,
  converted: false,
  product: "unnamed",
  versions: "all",
  countries: "all",
  addresses: "all",
  domains: "all",
  blacklisted: null,
  requires: [],
  domainNamed: false,
  user: "unnamed",
  device: "seated",
  seatType: "online",
  ends: "never",
  heartbeat: "not_asked",
  onDead: "free_seat",
  leaseStored: false,
  model: "per_device",
  limit: 1,
  overage: "none",
  others: 0,
  earlier: 0,
  cores: { limit: null, used: 0, upToThis: 0 },
  users: { limit: null, used: 0, rank: null },
  features: [],
  clone: "no",
  integrity: "no",
};

const DAY = 86_400_000;
const INTERVAL_S = 100;

/** The snapshot and the question of a case, at `now`, and where it is asked from. */
export function worldOf(story: Case, now: Date): { snapshot: Snapshot; request: DecisionRequest; where: Circumstances } {
  const gone = new Date(now.getTime() - (story.tight ? 0 : DAY));
  const ahead = new Date(now.getTime() + (story.tight ? 1 : DAY));
  const byToken = story.device.startsWith("token_");
  const domain = story.domainNamed ? "app.example.com" : undefined;
  const version = story.version === "unnamed" ? undefined : "2.0.0";
  return {
    snapshot: {
      license: { ...lifeOf(story, gone, ahead), maintenanceUntil: { none: null, ahead, ended: gone }[story.maintenance] },
      product: { id: "prod_1", code: "editor" },
      terms: termsOf(story, gone, ahead),
      activation: activationOf(story, { gone, ahead, now }),
      counts: countsOf(story),
      versionReleasedAt: { unnamed: null, unknown: null, older: new Date(gone.getTime() - 1), newer: gone }[story.version],
      versionUnknown: story.version === "unknown",
      trialHeldElsewhere: story.trialElsewhere,
      blacklisted: story.blacklisted,
      usedUp: story.features.flatMap((kind, n) => (kind === "used_up" ? [`fea_${n}`] : [])),
    },
    request: {
      by: byToken ? "token" : "key",
      fingerprint: byToken || story.device === "unnamed" ? undefined : "f".repeat(64),
      product: { unnamed: undefined, by_id: "prod_1", by_code: "editor", other: "compiler" }[story.product],
      version,
      domain,
      user: { unnamed: undefined, same: "ada", other: "bob", any: "ada" }[story.user],
      features: story.features.map((kind, n) => (kind === "licensed_by_id" ? `fea_${n}` : `feature-${n}`)),
    },
    where: {
      country: story.countries === "some_unknown" || story.countries === "not_some_unknown" ? null : "DE",
      ip: "192.0.2.7",
      ...(byToken ? {} : { domain, version }),
      mayName: { domain: !byToken, version: !byToken },
    },
  };
}

/** What a decision on the case must list, in order: codes and weights. */
export function expectedOf(story: Case): [string, Severity][] {
  const byToken = story.device.startsWith("token_");
  const told = (kind: Case["features"][number], code: string) =>
    story.features.filter((each) => each === kind).map((): Told => [code, "deny", true]);
  const found: Told[] = [
    ["REVOKED", "deny", story.revoked],
    ["CANCELED", "deny", story.canceled === "done"],
    ["SUSPENDED", "deny", story.holds.length > 0],
    ["NOT_YET_EFFECTIVE", "deny", !story.started],
    [
      "EXPIRED",
      story.strategy === "restrict" ? "deny" : "warn",
      ["after_grace", "without_grace"].includes(story.expiry) && !saved(story),
    ],
    ["GRACE", "warn", story.expiry === "in_grace"],
    ["MAINTENANCE_EXPIRED", stranger(story) || story.version === "newer" ? "deny" : "warn", story.maintenance === "ended"],
    ["TRIAL_ALREADY_USED", "deny", story.type === "trial" && story.trialElsewhere && !story.converted],
    ["PRODUCT_SCOPE_MISMATCH", "deny", story.product === "other"],
    [
      "VERSION_NOT_ALLOWED",
      "deny",
      story.versions !== "all" && (stranger(story) || (story.versions === "others" && story.version !== "unnamed" && !byToken)),
    ],
    ["GEO_NOT_ALLOWED", story.countries === "not_some_unknown" ? "warn" : "deny", !["all", "this"].includes(story.countries)],
    ["IP_NOT_ALLOWED", "deny", story.addresses === "others"],
    ["DOMAIN_NOT_ALLOWED", "deny", story.domains === "others" && story.domainNamed && !byToken],
    ["DEVICE_BLACKLISTED", "deny", story.blacklisted !== null],
    ["ACTIVATION_NOT_FOUND", "deny", story.device === "token_unknown"],
    [
      "ACTIVATION_RELEASED",
      "deny",
      story.device === "token_released" || (story.device === "token_seated" && story.ends === "gone"),
    ],
    ["FINGERPRINT_SCOPE_REQUIRED", "deny", asked(story, "fingerprint") && story.device === "unnamed"],
    ["PRODUCT_SCOPE_REQUIRED", "deny", asked(story, "product") && story.product === "unnamed"],
    [
      "VERSION_SCOPE_REQUIRED",
      "deny",
      (asked(story, "version") || (story.versions !== "all" && !byToken)) && story.version === "unnamed",
    ],
    ["DOMAIN_SCOPE_REQUIRED", "deny", (asked(story, "domain") || (story.domains !== "all" && !byToken)) && !story.domainNamed],
    [
      "USER_SCOPE_REQUIRED",
      "deny",
      (asked(story, "user") && story.user === "unnamed") || (story.type === "named_user" && !byToken && who(story) === null),
    ],
    ["NO_MACHINE", "deny", seatless(story) && story.others === 0 && story.limit === 1],
    ["NO_MACHINES", "deny", seatless(story) && story.others === 0 && story.limit !== 1],
    ["FINGERPRINT_SCOPE_MISMATCH", "deny", seatless(story) && story.others > 0],
    ["USER_SCOPE_MISMATCH", "deny", wrongUser(story)],
    ["HEARTBEAT_NOT_STARTED", "deny", seated(story) && silent(story) && story.heartbeat !== "late"],
    ["HEARTBEAT_DEAD", "deny", seated(story) && silent(story) && story.heartbeat === "late"],
    ["TOO_MANY_MACHINES", ...crowd(story, story.model === "site" ? null : story.limit, heldOf(story), rankOf(story))],
    [
      "TOO_MANY_CORES",
      ...crowd(
        story,
        story.model === "site" ? null : story.cores.limit,
        story.cores.used,
        sits(story) ? story.cores.upToThis : null,
      ),
    ],
    [
      "TOO_MANY_USERS",
      ...crowd(story, userLimit(story), story.users.used, sits(story) ? story.users.rank : null, story.type === "named_user"),
    ],
    ...told("absent", "ENTITLEMENTS_MISSING"),
    ...told("disabled", "ENTITLEMENTS_MISSING"),
    ...told("none_left", "ENTITLEMENTS_MISSING"),
    ...told("ended", "ENTITLEMENT_EXPIRED"),
    ...told("used_up", "QUOTA_EXCEEDED"),
    [
      "CLONE_SUSPECTED",
      story.clone === "denied" ? "deny" : "warn",
      story.clone !== "no" && seated(story) && story.ends !== "gone",
    ],
    [
      "INTEGRITY_FAILED",
      story.integrity === "denied" ? "deny" : "warn",
      story.integrity !== "no" && seated(story) && story.ends !== "gone",
    ],
  ];
  return found.filter(([, , is]) => is).map(([code, weight]): [string, Severity] => [code, weight]);
}

type Told = [code: string, weight: Severity, is: boolean];

const asked = (story: Case, input: RequirableInput) => story.requires.includes(input) && !story.device.startsWith("token_");
const seated = ({ device }: Case) => device === "seated" || device === "token_seated";
/** A version that nobody registered, where that counts against it. */
const stranger = ({ version, unknownVersion }: Case) => version === "unknown" && unknownVersion === "deny";
/** No sign for longer than a lease. Concurrent licenses have leases even where no heartbeat is required; only online seats lapse. */
const silent = ({ heartbeat, seatType }: Case) => seatType === "online" && (heartbeat === "late" || heartbeat === "never_came");
/** The activation is in force: it did not end, and was not lost by silence. */
const inForce = (story: Case) =>
  seated(story) && story.ends !== "gone" && !(silent(story) && (story.type === "concurrent" || story.onDead === "free_seat"));
/** Runs by an emergency code. */
const saved = (story: Case) => inForce(story) && story.seatType === "emergency";
/** Holds a seat. */
const sits = (story: Case) => inForce(story) && story.seatType !== "emergency";
/** A device named by fingerprint that may not go by any activation. */
const seatless = (story: Case) =>
  story.device === "never_activated" || story.device === "released" || (story.device === "seated" && !inForce(story));

/** Who asks: the user that was named or, where none was, the one of the seat. */
function who(story: Case): "ada" | "bob" | null {
  const named = !story.device.startsWith("token_") && story.user !== "unnamed";
  if (named) return story.user === "other" ? "bob" : "ada";
  return inForce(story) && story.user !== "any" ? "ada" : null;
}

function wrongUser(story: Case): boolean {
  const ofAnother = story.device === "seated" && inForce(story) && story.user === "other";
  return ofAnother || (story.type === "named_user" && who(story) !== null && story.users.rank === null);
}

const userLimit = ({ type, model, users }: Case) =>
  type === "named_user" ? (users.limit ?? 1) : model === "site" ? null : users.limit;

/** More in use than allowed: whoever is behind what overage lets in is denied, everybody else is warned. */
function crowd(story: Case, limit: number | null, used: number, place: number | null, fixed = false): [Severity, boolean] {
  const room = (limit ?? 0) + (story.overage === "one_more" && !fixed ? 1 : 0);
  const behind = place !== null && place > room && (fixed || story.overage !== "unlimited");
  return [behind ? "deny" : "warn", limit !== null && used > limit && !saved(story)];
}

const heldOf = (story: Case) => story.others + (sits(story) ? 1 : 0);
const rankOf = (story: Case) => (sits(story) ? Math.min(story.earlier, story.others) + 1 : null);

function countsOf(story: Case): Counts {
  return {
    held: heldOf(story),
    othersHeld: story.others,
    rankOfThisDevice: rankOf(story),
    userHoldsSeat: false,
    cores: { used: story.cores.used, upToThis: sits(story) ? story.cores.upToThis : null },
    users: { used: story.users.used, upToThis: story.users.rank },
  };
}

function lifeOf(story: Case, gone: Date, ahead: Date): Omit<Snapshot["license"], "maintenanceUntil"> {
  return {
    startsAt: story.started ? gone : ahead,
    expiresAt: { never: null, ahead, in_grace: gone, after_grace: new Date(gone.getTime() - DAY), without_grace: gone }[
      story.expiry
    ],
    graceUntil: { never: null, ahead: new Date(ahead.getTime() + DAY), in_grace: ahead, after_grace: gone, without_grace: null }[
      story.expiry
    ],
    canceledAt: { no: null, done: gone, ahead }[story.canceled],
    revokedAt: story.revoked ? gone : null,
    holds: story.holds.map((cause) => ({ cause, reason: "said to staff only", by: "key_1", at: gone })),
    expiryBasis: story.waitsForFirstActivation ? "first_activation" : "creation",
    activatedAt: null,
    convertedAt: story.converted ? gone : null,
  };
}

function termsOf(story: Case, gone: Date, ahead: Date) {
  return termsWithDefaults({
    type: story.type,
    model: story.model,
    expirationStrategy: story.strategy,
    unknownVersion: story.unknownVersion,
    requires: story.requires,
    maxActivations: story.limit,
    maxCores: story.cores.limit,
    maxUsers: story.users.limit,
    overage: story.overage === "one_more" ? { mode: "limited", absolute: 1 } : { mode: story.overage },
    heartbeat: { required: story.heartbeat !== "not_asked", intervalS: INTERVAL_S, onDead: story.onDead },
    entitlements: entitlementsOf(story, gone, ahead),
    restrictions: restrictionsOf(story),
    onClone: story.clone === "denied" ? "deny" : "warn",
    onIntegrityFailure: story.integrity === "denied" ? "deny" : "warn",
  });
}

function restrictionsOf({ versions, countries, addresses, domains }: Case): Restriction[] {
  const allow = (type: Restriction["type"], said: string, here: string, there: string): Restriction[] =>
    said === "all" ? [] : [{ type, operator: "allow", values: [said === "this" ? here : there] }];
  return [
    ...allow("version", versions, "^2.0.0", "^3.0.0"),
    ...(countries === "not_some_unknown"
      ? [{ type: "geographic" as const, operator: "deny" as const, values: ["FR"] }]
      : allow("geographic", countries, "DE", "FR")),
    ...allow("ip_range", addresses, "192.0.2.0/24", "198.51.100.0/24"),
    ...allow("domain", domains, "example.com", "example.org"),
  ];
}

type Times = { gone: Date; ahead: Date; now: Date };

function activationOf(story: Case, { gone, ahead, now }: Times): AskingActivation | null {
  if (story.device === "unnamed" || story.device === "never_activated" || story.device === "token_unknown") return null;
  const released = story.device === "released" || story.device === "token_released";
  const leaseMs = 2 * INTERVAL_S * 1000;
  // a lease that has lasted its full length has ended; one of a millisecond less has not
  const overdue = story.heartbeat === "late" || story.heartbeat === "never_came";
  const lastSign = new Date(now.getTime() - leaseMs + (overdue ? (story.tight ? 0 : -1) : story.tight ? 1 : leaseMs / 2));
  const beats = story.heartbeat === "late" || story.heartbeat === "alive";
  return {
    id: "act_1",
    type: story.seatType,
    user: story.user === "any" ? null : "ada",
    activatedAt: beats ? new Date(lastSign.getTime() - DAY) : lastSign,
    lastHeartbeatAt: beats ? lastSign : null,
    leaseExpiresAt: story.leaseStored ? new Date(lastSign.getTime() + leaseMs) : null,
    endsAt: { never: null, ahead, gone }[story.ends],
    releasedAt: released ? gone : null,
    cloneSuspectedAt: story.clone === "no" ? null : gone,
    integrityFailedAt: story.integrity === "no" ? null : gone,
  };
}

function entitlementsOf(story: Case, gone: Date, ahead: Date): Entitlement[] {
  return story.features.flatMap((kind, n): Entitlement[] => {
    if (kind === "absent") return [];
    return [
      {
        featureId: `fea_${n}`,
        feature: `feature-${n}`,
        enabled: kind !== "disabled",
        limitValue: kind === "none_left" ? 0 : n === 0 ? null : n,
        limitType: "count",
        reset: "never",
        expiresAt: kind === "ended" ? gone.toISOString() : n === 1 ? ahead.toISOString() : null,
      },
    ];
  });
}
