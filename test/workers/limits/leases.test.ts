import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Leases, type LeaseContext, type Subject } from "#kernel/leases";
import type { Permit } from "#kernel/permits";
import type { Env } from "#kernel/env";
import { quotaOf } from "#kernel/quota.object";
import { windowAt } from "#rules/limits/windows";
import { upTo } from "../world.ts";

const START = Date.UTC(2031, 2, 14, 9, 26, 0);
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: START }));
afterEach(() => void vi.useRealTimers());

let subjects = 0;
const run = crypto.randomUUID();

/** A subject of its own for one test. */
const subject = (limits: Subject["limits"]): Subject => ({ object: `ten_${run}/${subjects++}`, policy: "tenant", limits });

/** An isolate of its own, whose clock is set by the test. */
function isolate(within: Env = env, options: { mostSubjects?: number; patienceMs?: number } = {}) {
  const background: Promise<unknown>[] = [];
  const seen = { blind: 0, refused: 0 };
  // the machine may be slow: only a dead object is to be given up
  const leases = new Leases({ blind: () => seen.blind++, refused: () => seen.refused++ }, { patienceMs: 20_000, ...options });
  const at = (nowMs: number): LeaseContext => {
    // the object's clock is that of the isolate that is ahead of all
    vi.setSystemTime(Math.max(Date.now(), nowMs));
    return { env: within, realNow: new Date(nowMs), waitUntil: (work) => void background.push(work) };
  };
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

test.each([
  ["minute", 600, 60_000],
  ["hour", 300, 3_600_000],
  ["month", 150, 31 * 24 * 3_600_000],
] as const)(
  "four isolates far over the limit of a %s let through exactly %i, window by window, and seldom ask",
  async (window, limit, length) => {
    const { asked, env: within } = counting();
    const isolates = upTo(4).map(() => isolate(within));
    const whose = subject({ [window]: limit });
    for (const n of [0, 1, 2]) expect(await hammer(isolates, whose, limit * 2, START + n * length)).toBe(limit);
    expect(asked.calls).toBeLessThanOrEqual(3 * 4 * limit * 2 * 0.03);
    expect(isolates.map(({ seen }) => seen.blind)).toEqual([0, 0, 0, 0]);
  },
);

test.each([
  ["is killed", () => abortAllDurableObjects()],
  ["is evicted", (whose: Subject) => evictDurableObject(quotaOf(env, whose.object))],
] as const)("an object that %s between leases has forgotten none of them", async (_, end) => {
  const isolates = upTo(3).map(() => isolate());
  const whose = subject({ minute: 200 });
  let allowed = 0;
  for (const _ of upTo(3)) {
    allowed += await hammer(isolates, whose, 20);
    for (const one of isolates) await one.settled();
    await end(whose);
  }
  allowed += await hammer(isolates, whose, 100);
  expect(allowed).toBe(200);
  expect(isolates.map(({ seen }) => seen.blind)).toEqual([0, 0, 0]);
});

test("an object that is killed again and again while it is asked never grants more than the limit", async () => {
  const isolates = upTo(3).map(() => isolate());
  const whose = subject({ minute: 300 });
  let allowed = 0;
  for (const part of upTo(10)) {
    // those who were let through uncounted after a kill are over after a second
    const [some] = await Promise.all([hammer(isolates, whose, 40, START + part * 2_000), abortAllDurableObjects()]);
    allowed += some;
  }
  const blind = isolates.reduce((sum, { seen }) => sum + seen.blind, 0);
  expect(allowed - blind).toBeLessThanOrEqual(300);
  expect(await quotaOf(env, whose.object).granted([windowAt("minute", START)])).toEqual([300]);
});

test("a warm request is answered without a promise, and the window after a busy one as well", async () => {
  const one = isolate();
  const whose = subject({ minute: 6_000, hour: 200_000, month: 1_000_000 });
  const late = windowAt("minute", START).endsAt - 1_000;
  expect(one.take(whose, late)).toBeInstanceOf(Promise);
  await one.settled();
  for (let n = 0; n < 50; n++) await one.take(whose, late);
  await one.settled();
  expect(one.take(whose, late)).toMatchObject({ allowed: true });
  expect(one.take(whose, late + 1_000)).toMatchObject({ allowed: true });
  expect(one.seen.blind).toBe(0);
});

test("a flood that was refused asks nobody until the window is over", async () => {
  const { asked, env: within } = counting();
  const one = isolate(within);
  const whose = subject({ minute: 5 });
  await hammer([one], whose, 20);
  const before = asked.calls;
  await hammer([one], whose, 500, START + 20_000);
  expect(asked.calls).toBe(before);
  expect(await one.take(whose, START + 60_000)).toMatchObject({ allowed: true });
});

test("a refusal says which limit, and costs the other subjects of the request nothing", async () => {
  const one = isolate();
  const [tenant, key] = [subject({ minute: 100 }), { ...subject({ minute: 2, hour: 50 }), policy: "key" }];
  const permits: Permit[] = [];
  for (let n = 0; n < 10; n++) permits.push(await one.leases.take(one.at(START + 15_000), [tenant, key]));
  expect(permits.filter(({ allowed }) => allowed)).toHaveLength(2);
  const refused = permits[9] as Permit;
  expect(refused.refusedBy).toEqual({ policy: "key", window: "minute", limit: 2, endsAt: START + 60_000, retryAfterS: 45 });
  expect(refused.headers).toMatchObject({
    "retry-after": "45",
    "ratelimit-policy": '"tenant_minute";q=100;w=60, "key_minute";q=2;w=60, "key_hour";q=50;w=3600',
    ratelimit: expect.stringMatching(/^"tenant_minute";r=98;t=45, "key_minute";r=0;t=45, "key_hour";r=48;t=/),
  });
});

test.each([
  ["throws", 2, () => Promise.reject(new Error("down"))],
  ["never answers", 1, () => new Promise<never>(() => undefined)],
] as const)(
  "an object that %s refuses nobody, is asked again after a second, and counts again when it is back",
  async (_, tries, lease) => {
    let [isDown, calls] = [true, 0];
    const away = { lease: () => (calls++, lease()), giveBack: lease };
    const QUOTA = {
      idFromName: (name: string) => env.QUOTA.idFromName(name),
      get: (id: DurableObjectId) => (isDown ? away : env.QUOTA.get(id)),
    };
    const one = isolate({ ...env, QUOTA } as unknown as Env, { patienceMs: 20 });
    const whose = subject({ minute: 3 });
    for (let n = 0; n < 10; n++) expect(await one.take(whose, START + n)).toMatchObject({ allowed: true, refusedBy: null });
    expect([calls, one.seen.blind]).toEqual([tries, 10]);
    await one.take(whose, START + 1_500);
    expect(calls).toBe(2 * tries);

    isDown = false;
    const back = isolate();
    expect(await hammer([back], whose, 20, START + 3_000)).toBe(3);
  },
);

test("while nothing answers a subject waits for its object once in ten seconds, and no longer than others once one answers", async () => {
  let isDead = true;
  const stub = {
    lease: (asks: readonly unknown[]) =>
      isDead ? new Promise(() => {}) : Promise.resolve(asks.map(() => ({ granted: 5, left: 5 }))),
    giveBack: async () => {},
  };
  const QUOTA = { idFromName: () => ({}), get: () => stub } as unknown as Env["QUOTA"];
  const one = isolate({ ...env, QUOTA }, { patienceMs: 20 });
  const named = () => subject({ minute: 10 });
  const [fourth, fifth] = [named(), named()];
  for (const each of [named(), named(), named(), fourth]) expect((await one.take(each, START)).allowed).toBe(true);
  // three were late in a row, so this one is not waited for again, second by second
  for (let n = 1; n < 10; n++) expect(one.take(fourth, START + n * 1_000)).toMatchObject({ allowed: true });
  const waiting = one.take(fourth, START + 10_000);
  expect(waiting).toBeInstanceOf(Promise);
  await waiting;
  isDead = false;
  expect((await one.take(fifth, START + 11_000)).allowed).toBe(true);
  // it asks anew, and is counted again
  const blind = one.seen.blind;
  expect((await one.take(fourth, START + 12_000)).allowed).toBe(true);
  expect(one.seen.blind).toBe(blind);
});

test("a month that is used up takes nothing of the minute either, which could not be used", async () => {
  const whose = subject({ minute: 100, month: 3 });
  const minute = () => quotaOf(env, whose.object).granted([windowAt("minute", START)]);
  expect(await hammer([isolate()], whose, 20)).toBe(3);
  const before = await minute();
  expect(await hammer([isolate(), isolate()], whose, 20)).toBe(0);
  expect(await minute()).toEqual(before);
});

test("what an idle isolate holds of a month comes back, and another one may use it", async () => {
  const [idle, busy] = [isolate(), isolate()];
  const whose = subject({ month: 1_000 });
  for (let n = 0; n < 100; n++) await idle.take(whose);
  await idle.settled();
  const month = [windowAt("month", START)];
  const [granted = 0] = await quotaOf(env, whose.object).granted(month);
  expect(granted).toBeGreaterThan(100);

  // the isolate is asked for somebody else, half a minute later
  await idle.take(subject({ minute: 5 }), START + 31_000);
  await idle.settled();
  expect(await quotaOf(env, whose.object).granted(month)).toEqual([100]);
  expect(await hammer([busy], whose, 1_000, START + 32_000)).toBe(900);
});

test("a lowered limit holds at once, and a raised one lets a refused caller go on", async () => {
  const one = isolate();
  const whose = subject({ minute: 100 });
  const allowed = async (minute: number) => {
    const [before, now] = [{ ...whose, limits: { minute } }, START];
    return hammer([one], before, 60, now);
  };
  expect(await allowed(100)).toBe(60);
  await one.settled();
  expect(await allowed(40)).toBe(0);
  await one.settled();
  expect(await allowed(90)).toBe(30);
});

test("an isolate keeps a bounded number of subjects in mind, and counts those that it forgot as before", async () => {
  const one = isolate(env, { mostSubjects: 5 });
  const whose = subject({ minute: 3 });
  let allowed = 0;
  for (let n = 0; n < 5; n++) {
    if ((await one.take(whose)).allowed) allowed++;
    for (let other = 0; other < 6; other++) await one.take(subject({ minute: 5 }));
  }
  expect(one.leases.size).toBe(5);
  expect(allowed).toBe(3);
});

test("an isolate whose clock is far behind gets nothing of a window that was forgotten", async () => {
  const whose = subject({ minute: 10 });
  const [late, early] = [isolate(), isolate()];
  expect(await hammer([early], whose, 20, START)).toBe(10);
  expect(await hammer([early], whose, 20, START + 3_600_000)).toBe(10);
  expect(await hammer([late], whose, 20, START)).toBe(0);
  expect(await hammer([late], whose, 20, START + 3_600_000 - 60_000)).toBe(10);
});

test("an object forgets itself when its last window is long over, and not before", async () => {
  const [over, going] = [subject({ minute: 10 }), subject({ minute: 10 })];
  await isolate().take(over, Date.UTC(2020, 0));
  await isolate().take(going, START);
  const left = async (whose: Subject) =>
    runInDurableObject(quotaOf(env, whose.object), async (object, state) => {
      await object.alarm();
      return state.storage.sql.exec("select 1 from sqlite_master where name = 'windows'").toArray().length;
    });
  expect([await left(over), await left(going)]).toEqual([0, 1]);
});

test("a large limit of a minute: who asks now and then waits once, and not again for minutes, and four isolates get no more than there is", async () => {
  const { asked, env: within } = counting();
  const isolates = upTo(4).map(() => isolate(within));
  const whose = subject({ minute: 6_000 });
  const [first] = isolates;
  for (let minute = 0; minute < 30; minute++) {
    const taken = first!.take(whose, START + minute * 60_000);
    // the first one of all waits
    expect(taken instanceof Promise, `minute ${minute}`).toBe(minute === 0);
    expect((await taken).allowed).toBe(true);
    await first!.settled();
  }
  expect(asked.calls).toBeLessThanOrEqual(30 / 4);
  for (const n of [31, 32]) {
    const allowed = await hammer(isolates, whose, 2_500, START + n * 60_000);
    expect(allowed).toBeLessThanOrEqual(6_000);
    expect(allowed).toBeGreaterThan(5_900);
  }
});

test("what stands for minutes ahead comes back where the limit is lowered", async () => {
  const one = isolate();
  const whose = subject({ minute: 6_000 });
  await one.take(whose);
  await one.settled();
  const lowered = { ...whose, limits: { minute: 6 } };
  // one was used before
  expect(await hammer([one], lowered, 20)).toBe(5);
  expect(await hammer([one], lowered, 20, START + 60_000)).toBe(6);
});

test("an isolate whose clock is far ahead gets nothing, and takes nothing from the others", async () => {
  const [one, ahead] = [isolate(), isolate()];
  const whose = subject({ minute: 20 });
  expect((await one.take(whose)).allowed).toBe(true);
  const far = await ahead.leases.take({ ...ahead.at(START), realNow: new Date(START + 24 * 3_600_000) }, [whose]);
  expect(far.allowed).toBe(false);
  expect(await hammer([one], whose, 30)).toBe(19);
});

test.each([
  [2, 0.06],
  [3, 0.06],
  [6, 0.03],
  [60, 0.015],
  [240, 0.015],
])("a steady %i a minute about one license wait for nothing and ask its object seldom, in the background", async (pace, most) => {
  const { asked, env: within } = counting();
  const one = isolate(within);
  const whose = subject({ minute: 6_000 });
  let sent = 0;
  for (let minute = 0; minute < 24 && sent < 1_500; minute++) {
    for (let n = 0; n < pace; n++) {
      const taken = one.take(whose, START + minute * 60_000 + Math.floor(((n + 0.5) * 60_000) / pace));
      expect(taken instanceof Promise).toBe(sent++ === 0);
      await taken;
      await one.settled();
    }
  }
  // what its first minute asks until it knows its pace
  expect(asked.calls - 4).toBeLessThanOrEqual(sent * most);
});

test("what a tenant's month lent an idle isolate comes back after half a minute, also where its minute is large", async () => {
  const idle = isolate();
  const whose = subject({ minute: 6_000, hour: 200_000, month: 1_000_000 });
  for (let n = 0; n < 100; n++) await idle.take(whose);
  await idle.settled();
  await idle.take(subject({ minute: 5 }), START + 31_000);
  await idle.settled();
  expect(await quotaOf(env, whose.object).granted([windowAt("month", START)])).toEqual([100]);
});

test("who was refused in a minute that others used up waits in none of the next", async () => {
  const [busy, sparse] = [isolate(), isolate()];
  const whose = subject({ minute: 1_000 });
  expect(await hammer([busy], whose, 1_100)).toBe(1_000);
  expect((await sparse.take(whose, START + 30_000)).allowed).toBe(false);
  for (let minute = 1; minute < 12; minute++) {
    expect(sparse.take(whose, START + minute * 60_000), `minute ${minute}`).toMatchObject({ allowed: true });
    await sparse.settled();
  }
});

test("however many isolates hold something of the next minute, half of it is left for those who come and ask", async () => {
  const whose = subject({ minute: 1_000 });
  for (const _ of upTo(300)) {
    const one = isolate();
    await one.take(whose);
    await one.settled();
  }
  expect(await quotaOf(env, whose.object).granted([windowAt("minute", START + 60_000)])).toEqual([500]);
  expect(await hammer([isolate()], whose, 600, START + 60_000)).toBe(500);
});
