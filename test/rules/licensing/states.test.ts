import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  HOLD_CAUSES,
  type Hold,
  type HoldCause,
  LICENSE_MOVES,
  LICENSE_STATUSES,
  LIFTABLE,
  type LicenseLife,
  type LicenseMove,
  type LicenseStatus,
  awaitsFirstActivation,
  isInGrace,
  lift,
  statusOf,
  whyNotMove,
} from "#rules/licensing/states";
import { EXPIRATION_STRATEGIES, EXPIRY_BASES } from "#rules/licensing/terms";

const NOW = new Date("2026-06-15T12:00:00.000Z");
const before = (ms: number) => new Date(NOW.getTime() - ms);
const after = (ms: number) => new Date(NOW.getTime() + ms);
const hold = (cause: HoldCause): Hold => ({ cause, reason: null, by: "key_1", at: before(1) });

/** Instants close around now, so that borders are hit as often as their sides. */
const near = fc.integer({ min: -3, max: 3 }).map((ms) => after(ms));
const maybe = fc.option(near);
const holds = fc.array(fc.constantFrom(...HOLD_CAUSES).map(hold), { maxLength: 3 });
const lives: fc.Arbitrary<LicenseLife> = fc.record({
  startsAt: near,
  expiresAt: maybe,
  graceUntil: maybe,
  canceledAt: maybe,
  revokedAt: maybe,
  holds,
  expiryBasis: fc.constantFrom(...EXPIRY_BASES),
  activatedAt: maybe,
});

const plain: LicenseLife = {
  startsAt: before(1000),
  expiresAt: after(1000),
  graceUntil: after(2000),
  canceledAt: null,
  revokedAt: null,
  holds: [],
  expiryBasis: "creation",
  activatedAt: null,
};

/** One life for every status, made by the shortest story that leads there. */
const lifeIn: Record<LicenseStatus, LicenseLife> = {
  pending: { ...plain, startsAt: after(1) },
  active: plain,
  expired: { ...plain, expiresAt: NOW },
  suspended: { ...plain, holds: [hold("manual")] },
  revoked: { ...plain, revokedAt: before(1) },
  canceled: { ...plain, canceledAt: NOW },
};

describe("the status", () => {
  test.prop([lives])("follows from the first line of the table that fits", (life) => {
    const lines: [LicenseStatus, boolean][] = [
      ["revoked", life.revokedAt !== null],
      ["canceled", life.canceledAt !== null && life.canceledAt.getTime() <= NOW.getTime()],
      ["suspended", life.holds.length > 0],
      ["pending", NOW.getTime() < life.startsAt.getTime()],
      ["expired", life.expiresAt !== null && life.expiresAt.getTime() <= NOW.getTime()],
      ["pending", life.expiryBasis === "first_activation" && life.activatedAt === null],
    ];
    expect(statusOf(life, NOW)).toBe(lines.find(([, fits]) => fits)?.[0] ?? "active");
  });

  test.each(LICENSE_STATUSES)("can be %s", (status) => {
    expect(statusOf(lifeIn[status], NOW)).toBe(status);
  });

  test("valid strictly before expiry, from the start on, and a cancellation ahead changes nothing yet", () => {
    expect(statusOf({ ...plain, expiresAt: after(1) }, NOW)).toBe("active");
    expect(statusOf({ ...plain, startsAt: NOW }, NOW)).toBe("active");
    expect(statusOf({ ...plain, canceledAt: after(1) }, NOW)).toBe("active");
  });

  test("revocation counts whatever its instant", () => {
    expect(statusOf({ ...plain, revokedAt: after(1000) }, NOW)).toBe("revoked");
  });

  test("waiting for the first activation is pending, for the first validation it is not", () => {
    const waiting: LicenseLife = { ...plain, expiresAt: null, graceUntil: null, expiryBasis: "first_activation" };
    expect(statusOf(waiting, NOW)).toBe("pending");
    expect(awaitsFirstActivation(waiting)).toBe(true);
    expect(statusOf({ ...waiting, activatedAt: NOW }, NOW)).toBe("active");
    expect(statusOf({ ...waiting, expiryBasis: "first_validation" }, NOW)).toBe("active");
  });
});

describe("grace", () => {
  test.prop([lives])("is the time from expiry to its end, and never without expiry", (life) => {
    const { expiresAt, graceUntil } = life;
    const inside = expiresAt !== null && graceUntil !== null && +expiresAt <= +NOW && +NOW < +graceUntil;
    expect(isInGrace(life, NOW)).toBe(inside);
  });
});

/** Written apart from the table: what may be done from where. */
const ALLOWED: Record<LicenseStatus, LicenseMove[]> = {
  pending: ["suspend", "revoke", "cancel", "regenerate_key", "transfer", "change_template", "convert"],
  active: ["suspend", "revoke", "cancel", "renew", "regenerate_key", "transfer", "change_template", "convert", "activate"],
  expired: ["suspend", "revoke", "cancel", "renew", "regenerate_key", "transfer", "change_template", "convert", "activate"],
  suspended: ["suspend", "reinstate", "revoke", "cancel", "renew", "regenerate_key", "change_template", "convert"],
  revoked: [],
  canceled: ["revoke"],
};
const MOVES = Object.keys(LICENSE_MOVES) as LicenseMove[];

describe("moves", () => {
  test.each(LICENSE_STATUSES)("from %s are exactly those of the table", (status) => {
    expect(MOVES.filter((move) => whyNotMove(lifeIn[status], move, NOW) === null)).toEqual(ALLOWED[status]);
  });

  test.prop([lives, fc.constantFrom(...MOVES)])("are refused with the status found and a sentence", (life, move) => {
    const refusal = whyNotMove(life, move, NOW);
    const from: readonly LicenseStatus[] = LICENSE_MOVES[move].from;
    if (refusal === null) expect(from).toContain(statusOf(life, NOW));
    else expect(refusal).toMatchObject({ status: statusOf(life, NOW), detail: expect.stringMatching(/^.+\.$/) });
    if (!from.includes(statusOf(life, NOW))) expect(refusal?.code).toBe("status");
  });

  test.prop([lives])("nothing leaves revoked, and canceled becomes only revoked", (life) => {
    const gone = MOVES.filter((move) => whyNotMove({ ...life, revokedAt: NOW }, move, NOW) === null);
    const ended = MOVES.filter((move) => whyNotMove({ ...life, revokedAt: null, canceledAt: NOW }, move, NOW) === null);
    expect([gone, ended]).toEqual([[], ["revoke"]]);
  });

  test("what has no end is not renewed", () => {
    expect(whyNotMove({ ...plain, expiresAt: null }, "renew", NOW)?.code).toBe("never_expires");
  });

  test("a held license is renewed, for expiry runs on", () => {
    expect(whyNotMove({ ...plain, expiresAt: before(1), holds: [hold("lapsed")] }, "renew", NOW)).toBeNull();
  });

  test("a device is activated in grace, and while the license waits for its first", () => {
    expect(whyNotMove({ ...plain, expiresAt: NOW, graceUntil: after(1) }, "activate", NOW)).toBeNull();
    expect(whyNotMove({ ...plain, expiresAt: null, expiryBasis: "first_activation" }, "activate", NOW)).toBeNull();
    expect(whyNotMove({ ...plain, startsAt: after(1) }, "activate", NOW)?.code).toBe("not_started");
    expect(whyNotMove({ ...plain, startsAt: NOW }, "activate", NOW)).toBeNull();
  });

  test.each(EXPIRATION_STRATEGIES)("after grace, the strategy %s decides about activation", (strategy) => {
    const over = { ...plain, expiresAt: before(2), graceUntil: NOW };
    expect(whyNotMove(over, "activate", NOW, strategy)?.code ?? null).toBe(strategy === "restrict" ? "after_grace" : null);
  });
});

describe("lifting holds", () => {
  test.prop([
    holds,
    fc.constantFrom("payment", "renewal", "tenant" as const),
    fc.option(fc.constantFrom(...HOLD_CAUSES), { nil: undefined }),
  ])("ends what the lifter may, keeps the rest in order, and loses none", (all, lifter, cause) => {
    const may: Record<string, string[]> = {
      payment: ["unpaid", "lapsed"],
      renewal: ["lapsed"],
      tenant: ["manual", "abuse", "dispute", "compliance"],
    };
    const { lifted, kept } = lift(all, lifter, cause);
    expect(kept).toEqual(all.filter((held) => !lifted.includes(held)));
    for (const held of all) {
      const goes = may[lifter]!.includes(held.cause) && (cause ?? held.cause) === held.cause;
      expect(lifted.includes(held)).toBe(goes);
    }
  });

  test("no cause is without somebody who may lift it", () => {
    expect(new Set(Object.values(LIFTABLE).flat())).toEqual(new Set(HOLD_CAUSES));
  });

  test("a payment does not end a hold for abuse", () => {
    const { lifted, kept } = lift([hold("abuse"), hold("unpaid")], "payment");
    expect([lifted.map((held) => held.cause), kept.map((held) => held.cause)]).toEqual([["unpaid"], ["abuse"]]);
  });
});
