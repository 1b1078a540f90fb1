import { meterStub } from "./meter-of.ts";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { fc } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { type Calendar, type Item, type MeterCalls } from "#kernel/meter";
import type { Meter } from "../../../workers/entitlements/meter.object.ts";

const FEATURES = [
  { featureId: "fea_a", feature: "a", limit: 20, reset: "day", rollover: false },
  { featureId: "fea_b", feature: "b", limit: 30, reset: "never", rollover: false },
  { featureId: "fea_c", feature: "c", limit: null, reset: "month", rollover: false },
] as const;
const DAY_MS = 86_400_000;
const BEGUN = Date.parse("2026-03-20T00:00:00Z");

const pick = fc.nat(FEATURES.length - 1);
const units = fc.integer({ min: 1, max: 12 });
const key = fc.nat(6);
const command = fc.oneof(
  fc.record({
    do: fc.constant("consume" as const),
    items: fc.uniqueArray(fc.tuple(pick, units), { minLength: 1, selector: ([f]) => f }),
    key: fc.option(key),
  }),
  fc.record({ do: fc.constant("reserve" as const), feature: pick, units }),
  fc.record({ do: fc.constant("commit" as const), which: fc.nat(5), part: fc.option(fc.nat(12)) }),
  fc.record({ do: fc.constant("release" as const), which: fc.nat(5) }),
  fc.record({
    do: fc.constant("track" as const),
    feature: pick,
    units,
    mode: fc.constantFrom("add" as const, "set" as const),
    key,
    daysAgo: fc.nat(3),
  }),
  fc.record({ do: fc.constant("wait" as const), hours: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ do: fc.constant("overdue" as const) }),
  fc.record({ do: fc.constant("die" as const) }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

type Held = { feature: number; period: string; units: number; status: string; committed: number };

/** The same counting in the plainest way: a sum a feature and period. */
class Oracle {
  now = BEGUN;
  used = new Map<string, number>();
  setAt = new Map<string, number>();
  held: Held[] = [];
  consumed = new Map<number, string>();
  tracked = new Map<number, string>();

  period(feature: number, at: number): string {
    const date = new Date(at).toISOString();
    return `${feature}/${feature === 0 ? date.slice(0, 10) : feature === 1 ? "" : `${date.slice(0, 7)}-01`}`;
  }
  usedIn = (period: string) => this.used.get(period) ?? 0;
  reservedIn = (period: string) =>
    this.held.filter((h) => h.period === period && h.status === "open").reduce((n, h) => n + h.units, 0);
  fits(feature: number, wanted: number): boolean {
    const period = this.period(feature, this.now);
    return this.usedIn(period) + this.reservedIn(period) + wanted <= (FEATURES[feature]?.limit ?? Infinity);
  }
  add(feature: number, at: number, n: number): void {
    const period = this.period(feature, at);
    this.used.set(period, this.usedIn(period) + n);
  }
}

const item = (feature: number, n: number): Item => ({ ...(FEATURES[feature] ?? FEATURES[0]), units: n });

/** Carries a command out on both, and compares what they say. */
async function both(meter: MeterCalls & DurableObjectStub<Meter>, oracle: Oracle, c: Command): Promise<void> {
  const calendar: Calendar = { zone: "UTC", now: new Date(oracle.now), since: new Date(BEGUN) };
  if (c.do === "wait") oracle.now += c.hours * 3_600_000;
  // one that does not run cannot die
  if (c.do === "die") await evictDurableObject(meter).catch(() => undefined);
  if (c.do === "overdue") {
    await runInDurableObject(meter, (_, { storage }) => {
      if (oracle.held.length > 0) storage.sql.exec("update reservations set ends_at = 0 where status = 'open'");
    });
    for (const held of oracle.held) if (held.status === "open") held.status = "expired";
  }
  if (c.do === "consume") await consume(meter, oracle, c, calendar);
  if (c.do === "reserve") {
    const id = `rsv_${oracle.held.length}`;
    const fits = oracle.fits(c.feature, c.units);
    const answer = await meter.reserve({ intent: null, id, items: [item(c.feature, c.units)], calendar, ttlS: 3600 });
    expect(answer).toMatchObject({ answer: { taken: fits } });
    const period = oracle.period(c.feature, oracle.now);
    if (fits) oracle.held.push({ feature: c.feature, period, units: c.units, status: "open", committed: 0 });
  }
  if (c.do === "commit" || c.do === "release") await settle(meter, oracle, c, calendar);
  if (c.do === "track") await track(meter, oracle, c, calendar);
}

async function consume(meter: MeterCalls, oracle: Oracle, c: Command & { do: "consume" }, calendar: Calendar) {
  const content = JSON.stringify(c.items);
  const before = c.key === null ? undefined : oracle.consumed.get(c.key);
  const fits = c.items.every(([feature, n]) => oracle.fits(feature, n));
  const intent = c.key === null ? null : { keyHash: `k${c.key}`, requestHash: content };
  const answer = await meter.consume({ intent, items: c.items.map(([feature, n]) => item(feature, n)), calendar });
  if (before !== undefined) return expect(answer).toMatchObject(before === content ? { replayed: true } : { outcome: "reused" });
  expect(answer).toMatchObject({ outcome: "answered", replayed: false, answer: { taken: fits } });
  if (!fits) return;
  if (c.key !== null) oracle.consumed.set(c.key, content);
  for (const [feature, n] of c.items) oracle.add(feature, oracle.now, n);
}

async function settle(meter: MeterCalls, oracle: Oracle, c: Command & { do: "commit" | "release" }, calendar: Calendar) {
  const held = oracle.held[c.which];
  const id = `rsv_${c.which}`;
  if (c.do === "release") {
    const answer = await meter.release({ intent: null, id, calendar });
    expect(answer).toMatchObject({ answer: { settled: held !== undefined && held.status !== "committed" } });
    if (held?.status === "open") held.status = "released";
    return;
  }
  const part = c.part ?? held?.units ?? 0;
  const items = c.part === null || !held ? null : [{ feature: FEATURES[held.feature]?.feature ?? "", units: part }];
  const settles =
    held !== undefined &&
    part <= held.units &&
    (held.status === "open" || (held.status === "committed" && held.committed === part));
  expect(await meter.commit({ intent: null, id, items, calendar })).toMatchObject({ answer: { settled: settles } });
  if (!settles || held.status !== "open") return;
  Object.assign(held, { status: "committed", committed: part });
  oracle.used.set(held.period, oracle.usedIn(held.period) + part);
}

async function track(meter: MeterCalls, oracle: Oracle, c: Command & { do: "track" }, calendar: Calendar) {
  const at = oracle.now - c.daysAgo * DAY_MS;
  const content = JSON.stringify([c.feature, c.units, c.mode, at]);
  const before = oracle.tracked.get(c.key);
  const entry = { ...item(c.feature, c.units), key: `k${c.key}`, mode: c.mode, at: new Date(at) };
  const outcome = before === undefined ? "counted" : before === content ? "duplicate" : "other";
  expect(await meter.track([entry], calendar)).toMatchObject([{ outcome }]);
  if (before !== undefined) return;
  oracle.tracked.set(c.key, content);
  const period = oracle.period(c.feature, at);
  if (c.mode === "add") return oracle.add(c.feature, at, c.units);
  const setAt = oracle.setAt.get(period) ?? 0;
  if (at < setAt) return;
  oracle.setAt.set(period, at);
  oracle.used.set(period, c.units);
}

test("whatever is asked in whichever order, the meter counts as plain sums do, and its ledger sums to its counters", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), async (commands) => {
      const meter = meterStub("ten_books", `lic_${crypto.randomUUID()}`);
      const oracle = new Oracle();
      for (const each of commands) await both(meter, oracle, each);
      const calendar = { zone: "UTC", now: new Date(oracle.now), since: new Date(BEGUN) };
      const usages = await meter.usage(FEATURES, calendar);
      expect(usages.map(({ used, reserved }) => [used, reserved])).toEqual(
        FEATURES.map((_, n) => [oracle.usedIn(oracle.period(n, oracle.now)), oracle.reservedIn(oracle.period(n, oracle.now))]),
      );
      const books = await meter.audit();
      for (const { used, summed } of books) expect(summed).toBe(used);
      const total = (amounts: Iterable<number>) => [...amounts].reduce((sum, n) => sum + n, 0);
      expect(total(books.map(({ used }) => used))).toBe(total(oracle.used.values()));
      const days = await runInDurableObject(meter, (_, { storage }) =>
        books.length === 0 ? 0 : storage.sql.exec<{ n: number }>("select coalesce(sum(used), 0) as n from days").one().n,
      );
      expect(days).toBe(total(oracle.used.values()));
    }),
    { numRuns: 40 },
  );
});
