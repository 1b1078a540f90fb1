import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { ATTEMPT_DELAYS_S, type AttemptOutcome, RETRY_AFTER_MAX_S, matchesEvent, nextAttempt } from "#rules/webhooks/schedule";

const NOW = new Date("2026-06-15T12:00:00.000Z");
const DAY_S = 86_400;
const jitters = fc.double({ min: 0, max: 1, noNaN: true });
const failures: fc.Arbitrary<AttemptOutcome> = fc.oneof(
  fc.record({ kind: fc.constant("failed" as const), error: fc.constantFrom("timeout", "connect", "tls", "dns", "blocked") }),
  fc.record({
    kind: fc.constant("answered" as const),
    status: fc.integer({ min: 300, max: 599 }).filter((status) => status !== 410),
    retryAfterS: fc.option(fc.nat(10 * DAY_S)),
  }),
);
const failed: AttemptOutcome = { kind: "failed", error: "timeout" };
const answered = (status: number, retryAfterS: number | null = null): AttemptOutcome => ({
  kind: "answered",
  status,
  retryAfterS,
});
const waitS = (attempt: number, outcome: AttemptOutcome, jitter = 0) => {
  const after = nextAttempt(attempt, outcome, NOW, jitter);
  return after.kind === "retry" ? (after.at.getTime() - NOW.getTime()) / 1000 : after.kind;
};

describe("after an attempt", () => {
  test("the schedule is run through, and then it is over", () => {
    const waits = Array.from({ length: 10 }, (_, n) => waitS(n + 1, failed));
    expect(waits).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, "exhausted"]);
    expect(waitS(11, failed)).toBe("exhausted");
    expect(ATTEMPT_DELAYS_S[0]).toBe(0);
  });

  test.prop([fc.integer({ min: 1, max: 9 }), failures, jitters])(
    "a failure waits its turn, a fifth longer at most, unless asked for more",
    (attempt, outcome, jitter) => {
      const wait = waitS(attempt, outcome, jitter);
      const turn = ATTEMPT_DELAYS_S[attempt]!;
      const asked = outcome.kind === "answered" ? Math.min(outcome.retryAfterS ?? 0, RETRY_AFTER_MAX_S) : 0;
      expect(wait).toBeGreaterThanOrEqual(Math.max(turn, asked));
      expect(wait).toBeLessThanOrEqual(Math.max(turn * 1.2, asked) + 0.001);
    },
  );

  test.prop([fc.integer({ min: 1, max: 9 }), jitters, jitters])("more jitter never comes sooner", (attempt, a, b) => {
    const [less, more] = a <= b ? [a, b] : [b, a];
    expect(waitS(attempt, failed, more)).toBeGreaterThanOrEqual(Number(waitS(attempt, failed, less)));
  });

  test("jitter spreads those that failed together", () => {
    expect([waitS(2, failed, 0), waitS(2, failed, 0.5), waitS(2, failed, 1)]).toEqual([300, 330, 360]);
  });

  test.prop([fc.integer({ min: 1, max: 12 }), fc.integer({ min: 200, max: 299 }), jitters])(
    "any 2xx is success, also at the end",
    (attempt, status, jitter) => {
      expect(nextAttempt(attempt, answered(status, 60), NOW, jitter)).toEqual({ kind: "succeeded" });
    },
  );

  test("410 is goodbye at once, also on the first and the last attempt", () => {
    expect([waitS(1, answered(410)), waitS(10, answered(410))]).toEqual(["gone", "gone"]);
  });

  test.each([301, 302, 307, 308, 304, 400, 404, 409, 429, 500, 503, 199])("%i is a failure", (status) => {
    expect(waitS(1, answered(status))).toBe(5);
  });

  test("Retry-After lengthens the wait, up to a day, and never shortens it", () => {
    expect(waitS(1, answered(429, 60))).toBe(60);
    expect(waitS(1, answered(503, 2))).toBe(5);
    expect(waitS(1, answered(503, 30 * DAY_S))).toBe(DAY_S);
    expect(waitS(10, answered(503, 60))).toBe("exhausted");
  });

  test("what is no attempt and no jitter is refused", () => {
    expect(() => nextAttempt(0, failed, NOW, 0)).toThrow(RangeError);
    expect(() => nextAttempt(1.5, failed, NOW, 0)).toThrow(RangeError);
    expect(() => nextAttempt(1, failed, NOW, -0.1)).toThrow(RangeError);
    expect(() => nextAttempt(1, failed, NOW, 1.1)).toThrow(RangeError);
    expect(() => nextAttempt(1, failed, NOW, Number.NaN)).toThrow(RangeError);
  });
});

test.each([
  [["*"], "license.created", true],
  [["license.*"], "license.created", true],
  [["license.*"], "license_transfer.created", false],
  [["license.*"], "license", false],
  [["license.created"], "license.created", true],
  [["license.created"], "license.created_again", false],
  [["order.*", "license.revoked"], "license.revoked", true],
  [["order.*", "license.revoked"], "license.created", false],
  [[], "license.created", false],
  [["lic*"], "license.created", false],
])("%j takes %s: %s", (patterns, type, takes) => {
  expect(matchesEvent(patterns, type)).toBe(takes);
});
