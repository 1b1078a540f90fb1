import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { afterFailures, FAILURES_UNTIL_RECOVERY, nextProbeAt, PROBE_DELAYS_S } from "#rules/webhooks/recovery";

const NOW = new Date("2026-11-20T09:00:00.000Z");
const DAY_MS = 86_400_000;
const ago = (ms: number) => new Date(NOW.getTime() - ms);

test.prop([fc.nat(50), fc.integer({ min: 1, max: 30 }), fc.nat(60 * DAY_MS)])(
  "an endpoint is disabled after so many days without an arrival, recovers after ten failures in a row, and goes on before",
  (failures, days, ms) => {
    const expected = ms >= days * DAY_MS ? "disabled" : failures >= FAILURES_UNTIL_RECOVERY ? "recovers" : "goes_on";
    expect(afterFailures({ failures, failingSince: ago(ms) }, days, NOW)).toBe(expected);
  },
);

test.prop([fc.nat(200), fc.option(fc.nat(200_000)), fc.double({ min: 0, max: 1, noNaN: true })])(
  "the rest before a try grows to an hour and stays there, jitter lengthens it by a fifth at most, and Retry-After by a day at most",
  (probes, retryAfterS, jitter) => {
    const seconds = (nextProbeAt({ probes, retryAfterS, jitter }, NOW).getTime() - NOW.getTime()) / 1000;
    const delay = PROBE_DELAYS_S[Math.min(probes, PROBE_DELAYS_S.length - 1)]!;
    expect(seconds).toBeGreaterThanOrEqual(Math.max(delay, Math.min(retryAfterS ?? 0, 86_400)) - 0.001);
    expect(seconds).toBeLessThanOrEqual(Math.max(delay * 1.2, Math.min(retryAfterS ?? 0, 86_400)) + 0.001);
  },
);
