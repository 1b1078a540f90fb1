import { NO_COUNTS, type DecisionRequest, type Severity, type Snapshot } from "#rules/licensing/decide";
import type { HoldCause } from "#rules/licensing/states";
import { type Entitlement, type RequirableInput, termsWithDefaults } from "#rules/licensing/terms";

/**
 * A second opinion about decisions, written apart from the rule: a case is told in words, `worldOf` makes the snapshot and question of it,
 * and `expectedOf` says what must come out, from the words alone.
 */
export type Case = {
  /** whether the instants of the case stand right at now, or a day away from it */
  tight: boolean;
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
  product: "unnamed" | "by_id" | "by_code" | "other";
  requires: RequirableInput[];
  domainNamed: boolean;
  user: "unnamed" | "same" | "other" | "any";
  /** who asks, by key or token, and what its activation is */
  device: "unnamed" | "never_activated" | "released" | "seated" | "token_unknown" | "token_released" | "token_seated";
  seatType: "online" | "offline";
  /** the heartbeat of the device, if it is seated */
  heartbeat: "not_asked" | "alive" | "late" | "never_came";
  onDead: "free_seat" | "keep";
  concurrent: boolean;
  leaseStored: boolean;
  model: "per_device" | "site";
  limit: number | null;
  overage: "none" | "one_more" | "unlimited";
  /** other devices that hold seats, and how many of them sat down before this one */
  others: number;
  earlier: number;
  features: ("licensed" | "licensed_by_id" | "absent" | "disabled" | "none_left" | "ended")[];
};

const DAY = 86_400_000;
const INTERVAL_S = 100;

/** The snapshot and the question of a case, at `now`. */
export function worldOf(story: Case, now: Date): { snapshot: Snapshot; request: DecisionRequest } {
  const gone = new Date(now.getTime() - (story.tight ? 0 : DAY));
  const ahead = new Date(now.getTime() + (story.tight ? 1 : DAY));
  const byToken = story.device.startsWith("token_");
  const terms = termsWithDefaults({
    type: story.concurrent ? "concurrent" : "subscription",
    model: story.model,
    expirationStrategy: story.strategy,
    requires: story.requires,
    maxActivations: story.limit,
    overage: story.overage === "one_more" ? { mode: "limited", absolute: 1 } : { mode: story.overage },
    heartbeat: { required: story.heartbeat !== "not_asked", intervalS: INTERVAL_S, onDead: story.onDead },
    entitlements: entitlementsOf(story, gone, ahead),
  });

  return {
    snapshot: {
      license: {
        startsAt: story.started ? gone : ahead,
        expiresAt: { never: null, ahead, in_grace: gone, after_grace: new Date(gone.getTime() - DAY), without_grace: gone }[
          story.expiry
        ],
        graceUntil: {
          never: null,
          ahead: new Date(ahead.getTime() + DAY),
          in_grace: ahead,
          after_grace: gone,
          without_grace: null,
        }[story.expiry],
        canceledAt: { no: null, done: gone, ahead }[story.canceled],
        revokedAt: story.revoked ? gone : null,
        holds: story.holds.map((cause) => ({ cause, reason: "said to staff only", by: "key_1", at: gone })),
        expiryBasis: story.waitsForFirstActivation ? "first_activation" : "creation",
        activatedAt: null,
        maintenanceUntil: { none: null, ahead, ended: gone }[story.maintenance],
        convertedAt: null,
      },
      product: { id: "prod_1", code: "editor" },
      terms,
      activation: activationOf(story, gone, now),
      counts: countsOf(story),
      versionReleasedAt: { unnamed: null, unknown: null, older: new Date(gone.getTime() - 1), newer: gone }[story.version],
      versionUnknown: story.version === "unknown",
      trialHeldElsewhere: false,
      blacklisted: null,
    },
    request: {
      by: byToken ? "token" : "key",
      fingerprint: byToken || story.device === "unnamed" ? undefined : "f".repeat(64),
      product: { unnamed: undefined, by_id: "prod_1", by_code: "editor", other: "compiler" }[story.product],
      version: story.version === "unnamed" ? undefined : "2.0.0",
      domain: story.domainNamed ? "app.example.com" : undefined,
      user: { unnamed: undefined, same: "ada", other: "bob", any: "ada" }[story.user],
      features: story.features.map((kind, n) => (kind === "licensed_by_id" ? `fea_${n}` : `feature-${n}`)),
    },
  };
}

/** What a decision on the case must list, in order: codes and weights. */
export function expectedOf(story: Case): [string, Severity][] {
  const found: [string, Severity, boolean][] = [
    ["REVOKED", "deny", story.revoked],
    ["CANCELED", "deny", story.canceled === "done"],
    ["SUSPENDED", "deny", story.holds.length > 0],
    ["NOT_YET_EFFECTIVE", "deny", !story.started],
    [
      "EXPIRED",
      story.strategy === "restrict" ? "deny" : "warn",
      story.expiry === "after_grace" || story.expiry === "without_grace",
    ],
    ["GRACE", "warn", story.expiry === "in_grace"],
    ["MAINTENANCE_EXPIRED", story.version === "newer" ? "deny" : "warn", story.maintenance === "ended"],
    ["PRODUCT_SCOPE_MISMATCH", "deny", story.product === "other"],
    ["ACTIVATION_NOT_FOUND", "deny", story.device === "token_unknown"],
    ["ACTIVATION_RELEASED", "deny", story.device === "token_released"],
    ["FINGERPRINT_SCOPE_REQUIRED", "deny", asked(story, "fingerprint") && story.device === "unnamed"],
    ["PRODUCT_SCOPE_REQUIRED", "deny", asked(story, "product") && story.product === "unnamed"],
    ["VERSION_SCOPE_REQUIRED", "deny", asked(story, "version") && story.version === "unnamed"],
    ["DOMAIN_SCOPE_REQUIRED", "deny", asked(story, "domain") && !story.domainNamed],
    ["USER_SCOPE_REQUIRED", "deny", asked(story, "user") && story.user === "unnamed"],
    ["NO_MACHINE", "deny", seatless(story) && story.others === 0 && story.limit === 1],
    ["NO_MACHINES", "deny", seatless(story) && story.others === 0 && story.limit !== 1],
    ["FINGERPRINT_SCOPE_MISMATCH", "deny", seatless(story) && story.others > 0],
    ["USER_SCOPE_MISMATCH", "deny", story.device === "seated" && sits(story) && story.user === "other"],
    ["HEARTBEAT_NOT_STARTED", "deny", seated(story) && silent(story) && story.heartbeat !== "late"],
    ["HEARTBEAT_DEAD", "deny", seated(story) && silent(story) && story.heartbeat === "late"],
    ["TOO_MANY_MACHINES", beyond(story) ? "deny" : "warn", crowded(story)],
  ];
  const features: [string, Severity][] = story.features.flatMap((kind): [string, Severity][] => {
    if (kind === "absent" || kind === "disabled" || kind === "none_left") return [["ENTITLEMENTS_MISSING", "deny"]];
    return [];
  });
  const ended: [string, Severity][] = story.features
    .filter((kind) => kind === "ended")
    .map(() => ["ENTITLEMENT_EXPIRED", "deny"]);
  return [...found.filter(([, , is]) => is).map(([code, weight]): [string, Severity] => [code, weight]), ...features, ...ended];
}

const asked = (story: Case, input: RequirableInput) => story.requires.includes(input) && !story.device.startsWith("token_");
const seated = ({ device }: Case) => device === "seated" || device === "token_seated";
/** No sign for longer than a lease. Concurrent licenses have leases even where no heartbeat is required; offline seats never lapse. */
const silent = ({ heartbeat, seatType }: Case) => seatType === "online" && (heartbeat === "late" || heartbeat === "never_came");
/** Seated, and the seat not lost by silence. */
const sits = (story: Case) => seated(story) && !(silent(story) && (story.concurrent || story.onDead === "free_seat"));
/** A device named by fingerprint that holds no seat. */
const seatless = (story: Case) =>
  story.device === "never_activated" || story.device === "released" || (story.device === "seated" && !sits(story));

const heldOf = (story: Case) => story.others + (sits(story) ? 1 : 0);
const crowded = (story: Case) => story.model === "per_device" && story.limit !== null && heldOf(story) > story.limit;
function beyond(story: Case): boolean {
  if (!sits(story) || story.limit === null || story.overage === "unlimited") return false;
  const room = story.limit + (story.overage === "one_more" ? 1 : 0);
  return Math.min(story.earlier, story.others) + 1 > room;
}

function countsOf(story: Case): Snapshot["counts"] {
  return {
    ...NO_COUNTS,
    held: heldOf(story),
    othersHeld: story.others,
    rankOfThisDevice: sits(story) ? Math.min(story.earlier, story.others) + 1 : null,
  };
}

function activationOf(story: Case, gone: Date, now: Date): Snapshot["activation"] {
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
    endsAt: null,
    releasedAt: released ? gone : null,
    cloneSuspectedAt: null,
    integrityFailedAt: null,
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
