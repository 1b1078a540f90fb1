import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  NO_COUNTS,
  REASON_ORDER,
  type Snapshot,
  activationNotFound,
  decide,
  holdsSeat,
  leaseEndOf,
  mayActivate,
  notFound,
} from "#rules/licensing/decide";
import { restrictionReasons } from "#rules/licensing/restrictions";
import { BLACKLIST_KINDS } from "#rules/licensing/security";
import { inOrder, placeOf, reason } from "#rules/licensing/reasons";
import { HOLD_CAUSES, statusOf, whyNotMove } from "#rules/licensing/states";
import { EXPIRATION_STRATEGIES, REQUIRABLE_INPUTS, termsWithDefaults } from "#rules/licensing/terms";
import { type Case, expectedOf, PLAIN, worldOf } from "./oracle.ts";

const NOW = new Date("2026-06-15T12:00:00.000Z");
const DAY = 86_400_000;
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const from = <const T>(...values: T[]) => fc.constantFrom(...values);
/** Mostly the harmless value, so that few faults meet as often as many. */
const mostly = <T>(usual: T, others: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 2 }, { arbitrary: others, weight: 1 });

const cases: fc.Arbitrary<Case> = fc.record<Case>({
  tight: fc.boolean(),
  type: from("subscription", "concurrent", "trial", "named_user"),
  revoked: mostly(false, fc.constant(true)),
  canceled: mostly("no", from("done", "ahead")),
  holds: mostly([], fc.array(from(...HOLD_CAUSES), { maxLength: 3 })),
  started: mostly(true, fc.constant(false)),
  waitsForFirstActivation: fc.boolean(),
  expiry: from("never", "ahead", "in_grace", "after_grace", "without_grace"),
  strategy: from(...EXPIRATION_STRATEGIES),
  maintenance: from("none", "ahead", "ended"),
  version: from("unnamed", "unknown", "older", "newer"),
  unknownVersion: from("allow", "deny"),
  trialElsewhere: fc.boolean(),
  converted: fc.boolean(),
  product: mostly("by_id", from("unnamed", "by_code", "other")),
  versions: mostly("all", from("this", "others")),
  countries: mostly("all", from("this", "others", "some_unknown", "not_some_unknown")),
  addresses: mostly("all", from("this", "others")),
  domains: mostly("all", from("this", "others")),
  blacklisted: mostly(null, from(...BLACKLIST_KINDS)),
  requires: mostly([], fc.subarray([...REQUIRABLE_INPUTS])),
  domainNamed: fc.boolean(),
  user: from("unnamed", "same", "other", "any"),
  device: from("unnamed", "never_activated", "released", "seated", "token_unknown", "token_released", "token_seated"),
  seatType: mostly("online", from("offline", "emergency")),
  ends: mostly("never", from("ahead", "gone")),
  heartbeat: mostly("not_asked", from("alive", "late", "never_came")),
  onDead: from("free_seat", "keep"),
  leaseStored: fc.boolean(),
  model: mostly("per_device", from("per_seat", "site")),
  limit: fc.option(fc.integer({ min: 0, max: 4 })),
  overage: from("none", "one_more", "unlimited"),
  others: fc.nat(4),
  earlier: fc.nat(4),
  cores: fc.record({ limit: fc.option(fc.nat(8)), used: fc.nat(10), upToThis: fc.nat(10) }),
  users: fc.record({ limit: fc.option(fc.nat(4)), used: fc.nat(6), rank: fc.option(fc.integer({ min: 1, max: 6 })) }),
  features: fc.array(from("licensed", "licensed_by_id", "absent", "disabled", "none_left", "ended", "used_up"), { maxLength: 3 }),
  clone: mostly("no", from("warned", "denied")),
  integrity: mostly("no", from("warned", "denied")),
});

const plain = worldOf(PLAIN, NOW);
/** A decision with all that belongs to it: where the question comes from is judged as the edge does. */
const decided = ({ snapshot, request, where }: ReturnType<typeof worldOf>) =>
  decide(snapshot, request, NOW, restrictionReasons(snapshot.terms.restrictions, where));
const licensed = (license: Partial<Snapshot["license"]>): Snapshot => ({
  ...plain.snapshot,
  license: { ...plain.snapshot.license, ...license },
});

describe("a decision", () => {
  test.prop([cases], { numRuns: 5000 })("lists every failing check, in order, and draws the conclusion", (story) => {
    const decision = decided(worldOf(story, NOW));
    const expected = expectedOf(story);

    expect(decision.reasons.map(({ code, severity }) => [code, severity])).toEqual(expected);
    const denials = expected.filter(([, weight]) => weight === "deny");
    expect(decision.valid).toBe(denials.length === 0);
    expect(decision.code).toBe((denials[0] ?? expected[0])?.[0] ?? "VALID");
    if (decision.code === "VALID") expect(decision.next).toBeNull();
  });

  test.prop([cases])("does not change what it was given, and is the same twice", (story) => {
    const { snapshot, request } = worldOf(story, NOW);
    const before = structuredClone({ snapshot, request });
    expect(decide(snapshot, request, NOW)).toEqual(decide(snapshot, request, NOW));
    expect({ snapshot, request }).toEqual(before);
  });

  test.prop([cases])("points only at fields of the question", (story) => {
    for (const { pointer } of decided(worldOf(story, NOW)).reasons)
      expect(pointer ?? "/user").toMatch(/^\/(fingerprint|product|version|domain|user|features\/\d+)$/);
  });

  test.prop([cases])("never tells why staff held the license", (story) => {
    expect(JSON.stringify(decided(worldOf(story, NOW)))).not.toContain("said to staff only");
  });

  test("is VALID with no remark when all is well", () => {
    expect(decide(plain.snapshot, plain.request, NOW)).toEqual({ valid: true, code: "VALID", reasons: [], next: null });
  });

  test("in grace is valid, with a warning that names both ends", () => {
    const snapshot = licensed({ expiresAt: ago(DAY), graceUntil: ago(-DAY) });
    expect(decide(snapshot, plain.request, NOW)).toEqual({
      valid: true,
      code: "GRACE",
      reasons: [
        {
          code: "GRACE",
          severity: "warn",
          detail: "Expired on 2026-06-14T12:00:00.000Z; in grace until 2026-06-16T12:00:00.000Z.",
          pointer: null,
        },
      ],
      next: { action: "renew", url: null },
    });
  });

  test("after grace names the end of grace", () => {
    const [expired] = decide(licensed({ expiresAt: ago(2 * DAY), graceUntil: ago(DAY) }), plain.request, NOW).reasons;
    expect(expired).toMatchObject({ code: "EXPIRED", severity: "deny" });
    expect(expired?.detail).toContain("2026-06-14T12:00:00.000Z");
  });

  test("a warning never hides a denial, whichever comes first", () => {
    const snapshot = licensed({ expiresAt: ago(DAY), graceUntil: ago(-DAY) });
    const decision = decide(snapshot, { ...plain.request, features: ["absent"] }, NOW);
    expect(decision).toMatchObject({ valid: false, code: "ENTITLEMENTS_MISSING" });
    expect(decision.reasons.map(({ code }) => code)).toEqual(["GRACE", "ENTITLEMENTS_MISSING"]);
  });

  test("each missing feature is pointed at", () => {
    const { reasons } = decide(plain.snapshot, { ...plain.request, features: ["a", "b"] }, NOW);
    expect(reasons.map(({ pointer }) => pointer)).toEqual(["/features/0", "/features/1"]);
  });
});

/** Faults that have nothing to do with each other: what each makes of a license without any, and what must be told of it alone. */
const FAULTS: [Partial<Case>, string, "deny" | "warn"][] = [
  [{ revoked: true }, "REVOKED", "deny"],
  [{ canceled: "done" }, "CANCELED", "deny"],
  [{ holds: ["manual", "unpaid"] }, "SUSPENDED", "deny"],
  [{ started: false }, "NOT_YET_EFFECTIVE", "deny"],
  [{ expiry: "after_grace" }, "EXPIRED", "deny"],
  [{ trialElsewhere: true }, "TRIAL_ALREADY_USED", "deny"],
  [{ product: "other" }, "PRODUCT_SCOPE_MISMATCH", "deny"],
  [{ versions: "others" }, "VERSION_NOT_ALLOWED", "deny"],
  [{ countries: "others" }, "GEO_NOT_ALLOWED", "deny"],
  [{ blacklisted: "device" }, "DEVICE_BLACKLISTED", "deny"],
  [{ requires: ["domain"] }, "DOMAIN_SCOPE_REQUIRED", "deny"],
  [{ heartbeat: "late", onDead: "keep" }, "HEARTBEAT_DEAD", "deny"],
  [{ others: 2, earlier: 2 }, "TOO_MANY_MACHINES", "deny"],
  [{ features: ["absent"] }, "ENTITLEMENTS_MISSING", "deny"],
  [{ clone: "warned" }, "CLONE_SUSPECTED", "warn"],
  [{ integrity: "denied" }, "INTEGRITY_FAILED", "deny"],
  [{ maintenance: "ended" }, "MAINTENANCE_EXPIRED", "warn"],
  [{ addresses: "others" }, "IP_NOT_ALLOWED", "deny"],
  [{ user: "other" }, "USER_SCOPE_MISMATCH", "deny"],
  [{ cores: { limit: 2, used: 4, upToThis: 2 } }, "TOO_MANY_CORES", "warn"],
  [{ features: ["used_up"] }, "QUOTA_EXCEEDED", "deny"],
  [{ users: { limit: 1, used: 2, rank: 2 } }, "TOO_MANY_USERS", "deny"],
];
/** The first of them meet in every way that there is: 65,536. */
const EXHAUSTED = 16;
const FAULTLESS: Case = { ...PLAIN, type: "trial", version: "older", user: "same" };

function judged(faults: typeof FAULTS) {
  const features = faults.flatMap(([said]) => said.features ?? []);
  const story: Case = Object.assign({}, FAULTLESS, ...faults.map(([said]) => said), { features });
  const decision = decided(worldOf(story, NOW));
  const told = decision.reasons.map(({ code, severity }) => `${code} ${severity}`);
  return { story, decision, told };
}

/** What is wrong with a decision, as far as anybody can tell who knows only which faults the license has. */
function whyWrong(faults: typeof FAULTS): string | undefined {
  const { story, decision, told } = judged(faults);
  const wanted = faults.map(([, code, weight]) => `${code} ${weight}`);
  if (told.toSorted().join() !== wanted.toSorted().join()) return `${wanted.join()} was told as ${told.join()}`;
  if (
    told.join() !==
    expectedOf(story)
      .map(([code, weight]) => `${code} ${weight}`)
      .join()
  )
    return `${told.join()} is not what the oracle says`;
  const denials = decision.reasons.filter(({ severity }) => severity === "deny");
  if (decision.valid !== (denials.length === 0)) return `${told.join()} is valid: ${decision.valid}`;
  const code = (denials[0] ?? decision.reasons[0])?.code ?? "VALID";
  return decision.code === code ? undefined : `${told.join()} is called ${decision.code}`;
}

describe("faults that come together", () => {
  test("in every way that sixteen can, are all told, each as it weighs, and no warning hides a denial", () => {
    for (let set = 0; set < 2 ** EXHAUSTED; set++) {
      const wrong = whyWrong(FAULTS.filter((_, index) => index < EXHAUSTED && (set >> index) & 1));
      if (wrong !== undefined) expect.fail(wrong);
    }
  }, 120_000);

  test.prop([fc.subarray(FAULTS)], { numRuns: 5000 })("of all kinds, in many ways", (faults) => {
    expect(whyWrong(faults)).toBeUndefined();
  });

  test("reach every code that a snapshot can lead to", () => {
    const all = new Set(fc.sample(cases, { numRuns: 4000, seed: 1 }).flatMap((story) => expectedOf(story).map(([code]) => code)));
    const unreached = REASON_ORDER.map(({ code }) => code).filter((code) => !all.has(code));
    // no license at all is no snapshot
    expect(unreached).toEqual(["NOT_FOUND"]);
  });
});

describe("what would help", () => {
  const others = (held: number, limit: number | null): Snapshot => ({
    ...plain.snapshot,
    terms: { ...plain.snapshot.terms, maxActivations: limit },
    activation: null,
    counts: { ...NO_COUNTS, held, othersHeld: held },
  });
  const held = (...causes: (typeof HOLD_CAUSES)[number][]) =>
    licensed({ holds: causes.map((cause) => ({ cause, reason: null, by: "sto_1", at: NOW })) });

  test.each([
    ["a stranger where a seat is free", others(2, 3), {}, "FINGERPRINT_SCOPE_MISMATCH", "activate"],
    ["a stranger where seats have no end", others(2, null), {}, "FINGERPRINT_SCOPE_MISMATCH", "activate"],
    ["a stranger where all seats are held", others(3, 3), {}, "FINGERPRINT_SCOPE_MISMATCH", "free_a_seat"],
    ["the first device", others(0, 3), {}, "NO_MACHINES", "activate"],
    ["the only device", others(0, 1), {}, "NO_MACHINE", "activate"],
    ["a lapsed license", held("lapsed"), {}, "SUSPENDED", "renew"],
    ["a license lapsed and held otherwise", held("lapsed", "abuse"), {}, "SUSPENDED", "contact_vendor"],
    ["a revoked license", licensed({ revokedAt: NOW }), {}, "REVOKED", "contact_vendor"],
    ["an expired license", licensed({ expiresAt: NOW, graceUntil: null }), {}, "EXPIRED", "renew"],
    ["a license that starts later", licensed({ startsAt: ago(-1) }), {}, "NOT_YET_EFFECTIVE", null],
    ["a feature that is not licensed", plain.snapshot, { features: ["x"] }, "ENTITLEMENTS_MISSING", "upgrade"],
    ["another product", plain.snapshot, { product: "x" }, "PRODUCT_SCOPE_MISMATCH", null],
  ] as const)("%s", (_, snapshot, more, code, action) => {
    const decision = decide(snapshot, { ...plain.request, ...more }, NOW);
    expect([decision.code, decision.next?.action ?? null]).toEqual([code, action]);
  });

  test("a required fingerprint is helped by activating", () => {
    const terms = termsWithDefaults({ type: "subscription", model: "per_device", requires: ["fingerprint"] });
    const decision = decide({ ...plain.snapshot, terms, activation: null }, { by: "key" }, NOW);
    expect([decision.code, decision.next?.action]).toEqual(["FINGERPRINT_SCOPE_REQUIRED", "activate"]);
  });
});

describe("activating", () => {
  test.prop([cases], { numRuns: 1000 })("is forbidden by exactly the denials of places 2 to 8 that need no device", (story) => {
    const { snapshot } = worldOf(story, NOW);
    const expected = expectedOf({ ...story, device: "unnamed" }).filter(
      ([code, weight]) =>
        weight === "deny" &&
        [
          "REVOKED",
          "CANCELED",
          "SUSPENDED",
          "NOT_YET_EFFECTIVE",
          "EXPIRED",
          "MAINTENANCE_EXPIRED",
          "TRIAL_ALREADY_USED",
        ].includes(code),
    );
    expect(mayActivate(snapshot, NOW).map(({ code, severity }) => [code, severity])).toEqual(expected);
  });

  test.prop([cases])("agrees with the table of moves", (story) => {
    const { snapshot } = worldOf({ ...story, maintenance: "none", trialElsewhere: false }, NOW);
    const { license, terms } = snapshot;
    expect(mayActivate(snapshot, NOW).length === 0).toBe(whyNotMove(license, "activate", NOW, terms.expirationStrategy) === null);
  });

  test("a license that waits for its first activation is pending, valid without a device, and may activate", () => {
    const snapshot = licensed({ expiryBasis: "first_activation", activatedAt: null, expiresAt: null, graceUntil: null });
    expect(statusOf(snapshot.license, NOW)).toBe("pending");
    expect(mayActivate(snapshot, NOW)).toEqual([]);
    expect(decide({ ...snapshot, activation: null }, { by: "key" }, NOW).code).toBe("VALID");
  });
});

describe("answers without a license", () => {
  test("are alike for every unknown key", () => {
    expect(notFound()).toMatchObject({ valid: false, code: "NOT_FOUND", next: { action: "contact_vendor", url: null } });
    expect(activationNotFound()).toMatchObject({
      valid: false,
      code: "ACTIVATION_NOT_FOUND",
      next: { action: "activate", url: null },
    });
  });
});

describe("leases", () => {
  const seat = {
    type: "online",
    activatedAt: ago(10_000),
    lastHeartbeatAt: null,
    leaseExpiresAt: null,
    endsAt: null,
    releasedAt: null,
  } as const;
  const terms = termsWithDefaults({ type: "concurrent", model: "per_device", heartbeat: { intervalS: 5 } });

  test("begin with the activation, go on with each beat, and the stored end counts", () => {
    expect(leaseEndOf(seat, terms)).toEqual(NOW);
    expect(leaseEndOf({ ...seat, lastHeartbeatAt: ago(4000) }, terms)).toEqual(ago(-6000));
    expect(leaseEndOf({ ...seat, leaseExpiresAt: ago(-1) }, terms)).toEqual(ago(-1));
    expect(leaseEndOf({ ...seat, type: "offline" }, terms)).toBeNull();
    expect(leaseEndOf(seat, termsWithDefaults({ type: "subscription", model: "per_device" }))).toBeNull();
  });

  test("free the seat at their very end, not before", () => {
    expect(holdsSeat(seat, terms, NOW)).toBe(false);
    expect(holdsSeat(seat, terms, ago(1))).toBe(true);
    expect(holdsSeat({ ...seat, releasedAt: ago(-1) }, terms, ago(1))).toBe(false);
  });
});

describe("the list of reasons", () => {
  test("denies, but for four that remark", () => {
    const remarks = REASON_ORDER.filter(({ severity }) => severity === "warn").map(({ code }) => code);
    expect(remarks).toEqual(["GRACE", "MAINTENANCE_EXPIRED", "CLONE_SUSPECTED", "INTEGRITY_FAILED"]);
  });

  test("is closed, and its places rise", () => {
    const places = REASON_ORDER.map(({ place }) => place);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect([places[0], places.at(-1)]).toEqual([1, 15]);
    expect(new Set(REASON_ORDER.map(({ code }) => code)).size).toBe(REASON_ORDER.length);
  });

  test.prop([fc.array(from(...REASON_ORDER.map(({ code }) => code)))])("is the order in which reasons are told", (codes) => {
    const told = inOrder(codes.map((code) => reason(code, "")));
    expect(told).toHaveLength(codes.length);
    const ranks = told.map(({ code }) => REASON_ORDER.findIndex((entry) => entry.code === code));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    for (const { code, severity } of told) {
      const entry = REASON_ORDER.find((candidate) => candidate.code === code);
      expect([severity, placeOf(code)]).toEqual([entry?.severity, entry?.place]);
    }
  });
});
