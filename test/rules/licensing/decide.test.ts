import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  type DecisionRequest,
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
import { inOrder, placeOf, reason } from "#rules/licensing/reasons";
import { HOLD_CAUSES, statusOf, whyNotMove } from "#rules/licensing/states";
import { EXPIRATION_STRATEGIES, REQUIRABLE_INPUTS, termsWithDefaults } from "#rules/licensing/terms";
import { type Case, expectedOf, worldOf } from "./oracle.ts";

const NOW = new Date("2026-06-15T12:00:00.000Z");
const DAY = 86_400_000;
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const from = <const T>(...values: T[]) => fc.constantFrom(...values);
/** Mostly the harmless value, so that few faults meet as often as many. */
const mostly = <T>(usual: T, others: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 2 }, { arbitrary: others, weight: 1 });

const cases: fc.Arbitrary<Case> = fc.record<Case>({
  tight: fc.boolean(),
  revoked: mostly(false, fc.constant(true)),
  canceled: mostly("no", from("done", "ahead")),
  holds: mostly([], fc.array(from(...HOLD_CAUSES), { maxLength: 3 })),
  started: mostly(true, fc.constant(false)),
  waitsForFirstActivation: fc.boolean(),
  expiry: from("never", "ahead", "in_grace", "after_grace", "without_grace"),
  strategy: from(...EXPIRATION_STRATEGIES),
  maintenance: from("none", "ahead", "ended"),
  version: from("unnamed", "unknown", "older", "newer"),
  product: mostly("by_id", from("unnamed", "by_code", "other")),
  requires: mostly([], fc.subarray([...REQUIRABLE_INPUTS])),
  domainNamed: fc.boolean(),
  user: from("unnamed", "same", "other", "any"),
  device: from("unnamed", "never_activated", "released", "seated", "token_unknown", "token_released", "token_seated"),
  seatType: mostly("online", fc.constant("offline")),
  heartbeat: mostly("not_asked", from("alive", "late", "never_came")),
  onDead: from("free_seat", "keep"),
  concurrent: fc.boolean(),
  leaseStored: fc.boolean(),
  model: mostly("per_device", fc.constant("site")),
  limit: fc.option(fc.integer({ min: 0, max: 4 })),
  overage: from("none", "one_more", "unlimited"),
  others: fc.nat(4),
  earlier: fc.nat(4),
  features: fc.array(from("licensed", "licensed_by_id", "absent", "disabled", "none_left", "ended"), { maxLength: 3 }),
});

/** A license in force, asked by the device that holds its only seat: nothing to remark. */
const plain: { snapshot: Snapshot; request: DecisionRequest } = worldOf(
  {
    tight: false,
    revoked: false,
    canceled: "no",
    holds: [],
    started: true,
    waitsForFirstActivation: false,
    expiry: "ahead",
    strategy: "restrict",
    maintenance: "none",
    version: "unnamed",
    product: "unnamed",
    requires: [],
    domainNamed: false,
    user: "unnamed",
    device: "seated",
    seatType: "online",
    heartbeat: "not_asked",
    onDead: "free_seat",
    concurrent: false,
    leaseStored: false,
    model: "per_device",
    limit: 1,
    overage: "none",
    others: 0,
    earlier: 0,
    features: [],
  },
  NOW,
);
const licensed = (license: Partial<Snapshot["license"]>): Snapshot => ({
  ...plain.snapshot,
  license: { ...plain.snapshot.license, ...license },
});

describe("a decision", () => {
  test.prop([cases], { numRuns: 5000 })("lists every failing check, in order, and draws the conclusion", (story) => {
    const { snapshot, request } = worldOf(story, NOW);
    const decision = decide(snapshot, request, NOW);
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
    const { snapshot, request } = worldOf(story, NOW);
    for (const { pointer } of decide(snapshot, request, NOW).reasons)
      expect(pointer ?? "/user").toMatch(/^\/(fingerprint|product|version|domain|user|features\/\d+)$/);
  });

  test.prop([cases])("never tells why staff held the license", (story) => {
    const { snapshot, request } = worldOf(story, NOW);
    expect(JSON.stringify(decide(snapshot, request, NOW))).not.toContain("said to staff only");
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
    const expected = expectedOf({ ...story, product: "unnamed" }).filter(
      ([code, weight]) =>
        weight === "deny" &&
        ["REVOKED", "CANCELED", "SUSPENDED", "NOT_YET_EFFECTIVE", "EXPIRED", "MAINTENANCE_EXPIRED"].includes(code),
    );
    expect(mayActivate(snapshot, NOW).map(({ code, severity }) => [code, severity])).toEqual(expected);
  });

  test.prop([cases])("agrees with the table of moves", (story) => {
    const { snapshot } = worldOf({ ...story, maintenance: "none" }, NOW);
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
