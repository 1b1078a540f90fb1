import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Leases, type LeaseContext, type Subject } from "#kernel/leases";
import { windowAt } from "#rules/limits/windows";
import { upTo } from "../world.ts";

const START = Date.UTC(2031, 2, 14, 9, 26, 0);
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: START }));
afterEach(() => void vi.useRealTimers());

/** An isolate with a clock of its own. Those that are let through uncounted are no part of what an object promises. */
function isolate() {
  const background: Promise<unknown>[] = [];
  let blind = 0;
  const leases = new Leases({ blind: () => blind++, refused: () => undefined }, { patienceMs: 20_000 });
  return {
    async counted(whose: Subject, nowMs: number, requests: number): Promise<number> {
      const at: LeaseContext = { env, realNow: new Date(nowMs), waitUntil: (work) => void background.push(work) };
      const before = blind;
      const permits = await Promise.all(upTo(requests).map(async () => leases.take(at, [whose])));
      return permits.filter(({ allowed }) => allowed).length - (blind - before);
    },
    settled: async () => {
      while (background.length > 0) await Promise.all(background.splice(0));
    },
  };
}

type Step =
  | { kind: "ask"; who: number; requests: number; isSettled: boolean }
  | { kind: "pass"; seconds: number }
  | { kind: "die"; who: number }
  | { kind: "abort" };

const who = fc.nat({ max: 3 });
const ask = fc.record({
  kind: fc.constant("ask" as const),
  who,
  requests: fc.integer({ min: 1, max: 500 }),
  isSettled: fc.boolean(),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: ask },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: fc.constantFrom(5, 31, 60, 61, 200, 700) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("die" as const), who }) },
    { weight: 1, arbitrary: fc.constant({ kind: "abort" as const }) },
  ),
  { minLength: 20, maxLength: 60 },
);
/** By how much each isolate's clock is off, in seconds. */
const skews = fc.array(fc.constantFrom(0, 0, 0, -540, -59, 61, 540, 900), { minLength: 4, maxLength: 4 });
let subjects = 0;

test("however isolates with clocks of their own ask, idle and die, and objects with them, no minute is over its limit", async () => {
  const run = crypto.randomUUID();
  const seen = { minutes: 0, full: 0 };
  const property = fc.asyncProperty(fc.constantFrom(1_000, 1_600), skews, steps, async (limit, skews, steps) => {
    const whose: Subject = { object: `ten_${run}/${subjects++}`, policy: "license", limits: { minute: limit } };
    const isolates = upTo(4).map(() => isolate());
    const used = new Map<number, number>();
    let now = START;
    for (const step of steps) {
      vi.setSystemTime(now);
      if (step.kind === "pass") now += step.seconds * 1_000;
      else if (step.kind === "die") isolates[step.who] = isolate();
      else if (step.kind === "abort") await abortAllDurableObjects();
      else {
        const at = now + (skews[step.who] ?? 0) * 1_000;
        const one = isolates[step.who] ?? isolate();
        const { startsAt } = windowAt("minute", at);
        used.set(startsAt, (used.get(startsAt) ?? 0) + (await one.counted(whose, at, step.requests)));
        if (step.isSettled) await one.settled();
      }
    }
    for (const one of isolates) await one.settled();
    for (const requests of used.values()) {
      expect(requests).toBeLessThanOrEqual(limit);
      seen.minutes++;
      if (requests === limit) seen.full++;
    }
  });
  await fc.assert(property, { numRuns: 8 });
  // else it would say nothing
  expect(seen.full).toBeGreaterThan(0);
}, 120_000);
