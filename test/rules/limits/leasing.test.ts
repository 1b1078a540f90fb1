import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limitHeader, policyHeader, secondsUntil } from "#rules/limits/headers";
import {
  asksAhead,
  isWorthReturning,
  leaseOf,
  leastWanted,
  marksReached,
  refusedUntil,
  restOf,
  standingAfter,
  standingLimit,
  standingOf,
  wantedAfter,
} from "#rules/limits/leasing";
import { windowAt } from "#rules/limits/windows";

/** What may happen to one window: an isolate asks, uses, gives back, or dies with what it holds. */
type Step =
  | { kind: "ask"; isolate: number; waiting: number; wanted: number }
  | { kind: "use" | "give_back" | "die"; isolate: number };

const isolate = fc.nat({ max: 4 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("ask" as const),
      isolate,
      waiting: fc.integer({ min: 0, max: 50 }),
      wanted: fc.integer({ min: -5, max: 100_000 }),
    }),
    fc.record({ kind: fc.constantFrom("use" as const, "give_back" as const, "die" as const), isolate }),
  ),
  { maxLength: 400 },
);

test("however isolates ask, use, give back and die, no window is over its limit, and what is granted is used, held or lost", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5_000 }), steps, (limit, steps) => {
      const held = [0, 0, 0, 0, 0];
      let [granted, used, lost] = [0, 0, 0];
      for (const step of steps) {
        const mine = held[step.isolate] ?? 0;
        if (step.kind === "ask") {
          const lease = leaseOf(limit, granted, step);
          expect(lease).toBeGreaterThanOrEqual(0);
          granted += lease;
          held[step.isolate] = mine + lease;
        } else if (step.kind === "use") {
          used += Math.min(mine, 1);
          held[step.isolate] = Math.max(0, mine - 1);
        } else {
          if (step.kind === "give_back") granted -= mine;
          else lost += mine;
          held[step.isolate] = 0;
        }
        expect(granted).toBeLessThanOrEqual(limit);
        expect(used + lost + held.reduce((a, b) => a + b)).toBe(granted);
      }
    }),
  );
});

describe("a lease", () => {
  test.each([
    { limit: 6_000, granted: 0, waiting: 1, wanted: 1, lease: 1, why: "a first request takes one" },
    { limit: 6_000, granted: 0, waiting: 1, wanted: 9_999, lease: 375, why: "a busy isolate takes a sixteenth of what is left" },
    { limit: 6_000, granted: 5_990, waiting: 0, wanted: 9_999, lease: 1, why: "at the end one at a time" },
    { limit: 6_000, granted: 5_990, waiting: 30, wanted: 9_999, lease: 10, why: "those who wait get what there is" },
    { limit: 6_000, granted: 6_000, waiting: 30, wanted: 30, lease: 0, why: "nothing is left" },
    { limit: 100, granted: 600, waiting: 1, wanted: 1, lease: 0, why: "the limit was lowered below what was granted" },
    { limit: 6_000, granted: 0, waiting: 0, wanted: -3, lease: 0, why: "who has enough gets none" },
  ])("$why", ({ limit, granted, waiting, wanted, lease }) => {
    expect(leaseOf(limit, granted, { waiting, wanted })).toBe(lease);
  });

  test("wants four times of what was used, but no more than half a minute needs", () => {
    expect(wantedAfter(0, 1)).toBe(1);
    expect(wantedAfter(10, 100)).toBe(40);
    expect(wantedAfter(10, 300_000)).toBe(1);
    expect(wantedAfter(10, 60_000)).toBe(5);
  });

  test("is taken ahead for a window that follows a busy one, and for no other", () => {
    const { endsAt } = windowAt("minute", 90_000);
    expect(asksAhead(8, endsAt - 3_000, endsAt)).toBe(true);
    expect(asksAhead(8, endsAt - 3_001, endsAt)).toBe(false);
    expect(asksAhead(7, endsAt - 1, endsAt)).toBe(false);
  });

  test("is given back where it would be missed", () => {
    expect(isWorthReturning("minute", 59, 6_000)).toBe(false);
    expect(isWorthReturning("minute", 60, 6_000)).toBe(true);
    expect(isWorthReturning("month", 1, 1_000_000)).toBe(true);
    expect(isWorthReturning("month", 0, 1_000)).toBe(false);
  });

  test("that was refused is believed for a minute, and never beyond its window", () => {
    expect(refusedUntil(10_000, 30_000)).toBe(30_000);
    expect(refusedUntil(10_000, 9_000_000)).toBe(70_000);
  });
});

test("marks are reached at 80 and 100 percent, not before", () => {
  expect(marksReached(1_000, 799)).toEqual([]);
  expect(marksReached(1_000, 800)).toEqual([80]);
  expect(marksReached(1_000, 1_000)).toEqual([80, 100]);
});

describe("a window", () => {
  test.each([
    ["minute", "2031-03-14T09:26:53.589Z", "2031-03-14T09:26:00.000Z", "2031-03-14T09:27:00.000Z"],
    ["hour", "2031-03-14T09:00:00.000Z", "2031-03-14T09:00:00.000Z", "2031-03-14T10:00:00.000Z"],
    ["month", "2031-12-31T23:59:59.999Z", "2031-12-01T00:00:00.000Z", "2032-01-01T00:00:00.000Z"],
    ["month", "2032-02-29T12:00:00.000Z", "2032-02-01T00:00:00.000Z", "2032-03-01T00:00:00.000Z"],
  ] as const)("%s of %s", (name, at, from, to) => {
    expect(windowAt(name, Date.parse(at))).toEqual({ name, startsAt: Date.parse(from), endsAt: Date.parse(to) });
  });

  test("follows on the one before without a gap, and holds the instant that it was asked for", () => {
    const instants = fc.integer({ min: 0, max: Date.UTC(2200, 0) });
    fc.assert(
      fc.property(fc.constantFrom("minute" as const, "hour" as const, "month" as const), instants, (name, now) => {
        const window = windowAt(name, now);
        expect(window.startsAt <= now && now < window.endsAt).toBe(true);
        expect(windowAt(name, window.endsAt).startsAt).toBe(window.endsAt);
        expect(windowAt(name, window.endsAt - 1)).toEqual(window);
      }),
    );
  });
});

test("the headers are structured fields, one item a limit", () => {
  const now = Date.parse("2031-03-14T09:26:28.500Z");
  const standings = [
    { policy: "address", limit: 6_000, left: 5_990, ...named("minute", now) },
    { policy: "license", limit: 100, left: 0, ...named("hour", now) },
  ];
  expect(policyHeader(standings)).toBe('"address_minute";q=6000;w=60, "license_hour";q=100;w=3600');
  expect(limitHeader(standings, now)).toBe('"address_minute";r=5990;t=32, "license_hour";r=0;t=2012');
  expect([secondsUntil(1_000, 999), secondsUntil(1_000, 1_000), secondsUntil(2_001, 1_000)]).toEqual([1, 1, 2]);
});

function named(name: "minute" | "hour", now: number) {
  const { name: window, ...rest } = windowAt(name, now);
  return { window, ...rest };
}

test("what an isolate gets unasked is little of a large limit of a minute, and nothing of any other", () => {
  const windows = fc.constantFrom("minute" as const, "hour" as const, "month" as const);
  const property = fc.property(windows, fc.integer({ min: 1, max: 10_000_000 }), (name, limit) => {
    const [first, later] = [leastWanted(name, limit), standingOf(name, limit)];
    if (name !== "minute" || limit < 1_000) {
      expect([first, later]).toEqual([1, 0]);
      return;
    }
    // three hundred isolates that ask once leave something for those who need it
    expect(first * 300).toBeLessThanOrEqual(limit);
    expect(later * 500).toBeLessThanOrEqual(limit);
    expect(Math.min(first, later)).toBeGreaterThanOrEqual(1);
    // who uses two in a minute has one left to ask by
    expect(later).toBeGreaterThanOrEqual(2);
  });
  fc.assert(property);
});

test("what stands for the next minutes follows what was used, between its least and a small part of the limit", () => {
  expect([0, 1, 3, 40, 5_000].map((used) => standingAfter(4, 6_000, used))).toEqual([4, 4, 6, 80, 93]);
  expect(standingAfter(2, 1_000, 500)).toBe(15);
  expect([1_000, 1_001].map(standingLimit)).toEqual([500, 500]);
});

test("what an isolate still needs of a window is told by its pace", () => {
  const window = { startsAt: 0, endsAt: 60_000 };
  expect([restOf(2, 30_000, window), restOf(3, 50_000, window), restOf(2, 60_000, window)]).toEqual([2, 1, 0]);
  expect(restOf(1, 0, window)).toBe(60_000);
});
