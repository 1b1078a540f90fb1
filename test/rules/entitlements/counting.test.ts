import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { fits, hopeFor, leftOver, MAX_COUNT, reachedThresholds, remainingOf } from "#rules/entitlements/counting";

const counts = fc.record({
  used: fc.nat(300),
  reserved: fc.nat(100),
  limit: fc.option(fc.nat(200)),
  carried: fc.nat(200),
});

describe("a count", () => {
  test.prop([counts, fc.integer({ min: 1, max: 300 })])("takes what is left, and no unit more", (count, units) => {
    const remaining = remainingOf(count);
    expect(fits(count, units)).toBe(remaining === null || units <= remaining);
    if (remaining === null) return;
    expect(remaining).toBe(Math.max(0, (count.limit ?? 0) + count.carried - count.used - count.reserved));
  });

  test("without a limit it takes what a number can hold exactly", () => {
    const count = { used: MAX_COUNT - 5, reserved: 0, limit: null, carried: 0 };
    expect([fits(count, 5), fits(count, 6)]).toEqual([true, false]);
  });
});

describe("what a period leaves over", () => {
  test.prop([counts])("is never more than one limit, nor more than was left", ({ used, limit, carried }) => {
    const left = leftOver({ used, limit, carried });
    expect(left).toBeLessThanOrEqual(limit ?? 0);
    expect(left).toBeLessThanOrEqual(remainingOf({ used, limit, carried, reserved: 0 }) ?? 0);
  });

  test.each([
    [{ used: 30, limit: 100, carried: 0 }, 70],
    [{ used: 30, limit: 100, carried: 70 }, 100],
    [{ used: 120, limit: 100, carried: 70 }, 50],
    [{ used: 250, limit: 100, carried: 0 }, 0],
    [{ used: 0, limit: null, carried: 0 }, 0],
  ])("%j leaves %i", (count, left) => expect(leftOver(count)).toBe(left));
});

describe("what does not fit now", () => {
  const count = { used: 6, reserved: 4, limit: 10, carried: 0 };
  const ahead = { periodEndsInMs: 9000, roomInMs: null };

  test("fits with the next period, or as soon as enough of what is held back is free", () => {
    expect(hopeFor(count, 3, false, ahead)).toEqual({ waitMs: 9000, hopeless: null });
    expect(hopeFor(count, 3, false, { ...ahead, roomInMs: 50 })).toEqual({ waitMs: 50, hopeless: null });
    expect(hopeFor(count, 3, false, { ...ahead, roomInMs: 9999 })).toEqual({ waitMs: 9000, hopeless: null });
  });

  test("never fits where no period has as many, or what was used never starts again", () => {
    expect(hopeFor(count, 11, false, ahead)).toEqual({ waitMs: null, hopeless: "beyond_period" });
    expect(hopeFor(count, 11, false, { periodEndsInMs: null, roomInMs: null }).hopeless).toBe("beyond_period");
    expect(hopeFor(count, 3, false, { periodEndsInMs: null, roomInMs: null }).hopeless).toBe("never_resets");
  });

  test("a period has what the one before leaves to it as well", () => {
    expect(hopeFor(count, 14, true, ahead)).toEqual({ waitMs: 9000, hopeless: null });
    expect(hopeFor(count, 15, true, ahead).hopeless).toBe("beyond_period");
  });
});

describe("thresholds", () => {
  test.each([
    [79, 100, 0, []],
    [80, 100, 0, [80]],
    [99, 100, 0, [80]],
    [100, 100, 0, [80, 100]],
    [150, 100, 0, [80, 100]],
    [100, 100, 50, []],
    [120, 100, 50, [80]],
    [4, 5, 0, [80]],
    [1, 1, 0, [80, 100]],
    [0, 0, 0, []],
    [5, null, 0, []],
  ] as const)("%i of %s and %i carried reach %j", (used, limit, carried, reached) => {
    expect(reachedThresholds({ used, limit, carried })).toEqual(reached);
  });
});
