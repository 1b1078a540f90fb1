import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Leases, type LeaseContext, type Subject } from "#kernel/leases";
import type { Env } from "#kernel/env";
import { upTo } from "../world.ts";

const START = Date.UTC(2031, 2, 14, 9, 26, 0);
let subjects = 0;
const run = crypto.randomUUID();

/** A subject of its own for one test. */
const subject = (limits: Subject["limits"]): Subject => ({ object: `ten_${run}/${subjects++}`, policy: "tenant", limits });

/** An isolate of its own, whose clock is set by the test. */
function isolate(within: Env = env, options: { mostSubjects?: number } = {}) {
  const background: Promise<unknown>[] = [];
  const seen = { blind: 0, refused: 0 };
  // the machine may be slow: only a dead object is to be given up
  const leases = new Leases({ blind: () => seen.blind++, refused: () => seen.refused++ }, { patienceMs: 20_000, ...options });
  const at = (nowMs: number): LeaseContext => ({
    env: within,
    realNow: new Date(nowMs),
    waitUntil: (work) => void background.push(work),
  });
  return {
    leases,
    seen,
    at,
    take: (whose: Subject, nowMs = START) => leases.take(at(nowMs), [whose]),
    settled: async () => {
      while (background.length > 0) await Promise.all(background.splice(0));
    },
  };
}

/** How often the object of a subject was asked for a lease, counted on the way to it. */
function counting(within: Env = env) {
  const asked = { calls: 0 };
  const QUOTA = {
    idFromName: (name: string) => within.QUOTA.idFromName(name),
    get: (id: DurableObjectId) => {
      const stub = within.QUOTA.get(id);
      return {
        lease: (asks: Parameters<typeof stub.lease>[0]) => (asked.calls++, stub.lease(asks)),
        giveBack: (unused: Parameters<typeof stub.giveBack>[0]) => (asked.calls++, stub.giveBack(unused)),
      };
    },
  };
  return { asked, env: { ...within, QUOTA } as unknown as Env };
}

async function hammer(isolates: readonly ReturnType<typeof isolate>[], whose: Subject, each: number, nowMs = START) {
  const allowed = await Promise.all(
    isolates.map(async (one) => {
      let allowed = 0;
      // some at once, as requests come
      for (let sent = 0; sent < each; sent += 20) {
        const permits = await Promise.all(upTo(20).map(async () => one.take(whose, nowMs)));
        allowed += permits.filter((permit) => permit.allowed).length;
      }
      return allowed;
    }),
  );
  return allowed.reduce((sum, n) => sum + n, 0);
}

test("four isolates far over the limit let through exactly the limit, in every window, and seldom ask", async () => {
  const { asked, env: within } = counting();
  const isolates = upTo(4).map(() => isolate(within));
  const whose = subject({ minute: 600 });
  for (const minute of [0, 1, 2]) {
    expect(await hammer(isolates, whose, 1_500, START + minute * 60_000)).toBe(600);
  }
  expect(asked.calls).toBeLessThanOrEqual(3 * 6_000 * 0.03);
  expect(isolates.map(({ seen }) => seen.blind)).toEqual([0, 0, 0, 0]);
});
