import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { BUCKETS, COUNTERS, type Flush, HISTOGRAMS, KINDS } from "#rules/cache/counted";
import { addFlush, addTold, beginSums, lasting, MAX_ISOLATES, MAX_TENANTS, readSums, type Sums } from "#rules/cache/sums";

const NOON = Date.UTC(2030, 0, 1, 12);
const HOUR = 3_600_000;
const nothingHeld = () => ({
  limitBytes: 1000,
  kinds: { license: { entries: 0, bytes: 0 }, api_key: { entries: 0, bytes: 0 } },
  patterns: [],
});
const flush = (isolate: string, seq: number, more: Partial<Flush> = {}): Flush => ({
  isolate,
  seq,
  counters: {},
  histograms: {},
  tenants: {},
  held: null,
  ...more,
});
const evictions = (n: number) => ({ counters: { evictions: { license: n } } });
const evicted = (sums: Sums, now = NOON) => readSums(sums, now).counters["evictions"]?.["license"] ?? 0;

describe("what a tally adds up", () => {
  test.prop([
    fc.array(fc.record({ isolate: fc.constantFrom("a", "b", "c"), n: fc.nat(50), again: fc.nat(3) }), { maxLength: 40 }),
  ])("is what the isolates counted, however often each flush came", (flushes) => {
    const sums = beginSums(NOON);
    const seqs: Record<string, number> = {};
    for (const { isolate, n, again } of flushes) {
      const seq = (seqs[isolate] = (seqs[isolate] ?? 0) + 1);
      for (let times = 0; times <= again; times++) addFlush(sums, flush(isolate, seq, evictions(n)), NOON);
    }
    expect(evicted(sums)).toBe(flushes.reduce((sum, { n }) => sum + n, 0));
  });

  test("is the same after it was written down and read again, and no flush of before counts twice then", () => {
    const sums = beginSums(NOON);
    addFlush(sums, flush("a", 1, { ...evictions(3), tenants: { ten_1: [1, 2, 3, 4] } }), NOON);
    const again: Sums = JSON.parse(JSON.stringify(lasting(sums)));
    addFlush(again, flush("a", 1, evictions(3)), NOON);
    expect(readSums(again, NOON)).toEqual({ ...readSums(sums, NOON), held: expect.anything(), patterns: [] });
    expect(evicted(again)).toBe(3);
  });

  test("has no series that is not in the lists, whatever an isolate sends", () => {
    const sums = beginSums(NOON);
    const counters = { evictions: { license: 1, "x'; drop": 2, y: 3 }, invented: { a: 1 } };
    const seen = { buckets: [1], sum: 0.5 };
    addFlush(sums, flush("a", 1, { counters, histograms: { hot_seconds: { moon: seen }, invented: { a: seen } } }), NOON);
    const told = readSums(sums, NOON);
    expect(told.counters).toEqual({ evictions: { license: 1, other: 5 } });
    expect(told.histograms).toEqual({ hot_seconds: { other: { buckets: [1, ...BUCKETS.map(() => 0)], sum: 0.5 } } });
  });

  test("of tenants are the ones that read most, and all the others in one", () => {
    const sums = beginSums(NOON);
    const tenants = Object.fromEntries(Array.from({ length: MAX_TENANTS + 10 }, (_, i) => [`ten_${i}`, [i + 1, 0, 0, 0]]));
    addFlush(sums, flush("a", 1, { tenants }), NOON);
    const told = readSums(sums, NOON).recent.tenants;
    expect(Object.keys(told)).toHaveLength(MAX_TENANTS + 1);
    expect(told[""]).toEqual([55, 0, 0, 0]); // 1 + 2 + … + 10
    expect(told["ten_309"]).toEqual([310, 0, 0, 0]);
  });

  test("of this and the last hour forgets what is older, and the sum of all does not", () => {
    const sums = beginSums(NOON);
    const recent = (now: number) => readSums(sums, now).recent.counters["evictions"]?.["license"] ?? 0;
    addFlush(sums, flush("a", 1, evictions(5)), NOON);
    addFlush(sums, flush("a", 2, evictions(7)), NOON + HOUR);
    expect(recent(NOON + HOUR)).toBe(12);
    expect(recent(NOON + 2 * HOUR)).toBe(7);
    expect(recent(NOON + 9 * HOUR)).toBe(0);
    expect(evicted(sums, NOON + 9 * HOUR)).toBe(12);
    addFlush(sums, flush("a", 3, evictions(1)), NOON + 9 * HOUR);
    expect(recent(NOON + 11 * HOUR)).toBe(0);
  });
});

describe("what isolates hold", () => {
  const holding = (entries: number, tenantId = "ten_1") => {
    const held = { ...nothingHeld(), patterns: [{ kind: "license" as const, tenantId, entries, bytes: entries * 10 }] };
    return { held: { ...held, kinds: { ...held.kinds, license: { entries, bytes: entries * 10 } } } };
  };

  test("is what each said last, added up over those that said something in five minutes", () => {
    const sums = beginSums(NOON);
    addFlush(sums, flush("a", 1, holding(5)), NOON);
    addFlush(sums, flush("a", 2, holding(2)), NOON + 1000);
    addFlush(sums, flush("b", 1, holding(3)), NOON + 200_000);
    const told = readSums(sums, NOON + 250_000);
    expect(told.held.kinds.license).toEqual({ entries: 5, bytes: 50 });
    expect(told.patterns).toEqual([{ kind: "license", tenantId: "ten_1", entries: 5, bytes: 50, isolates: 2 }]);
    const later = readSums(sums, NOON + 400_000);
    expect(later.held.kinds.license).toEqual({ entries: 3, bytes: 30 });
    expect(later.isolates).toEqual({ seen: 2, telling: 1 });
    expect(readSums(sums, NOON + HOUR).isolates.seen).toBe(2);
    expect(readSums(sums, NOON + HOUR + 150_000).isolates.seen).toBe(1);
  });

  test("is remembered of a bounded number of isolates, the ones heard of last", () => {
    const sums = beginSums(NOON);
    for (let i = 0; i < MAX_ISOLATES + 5; i++) addFlush(sums, flush(`i${i}`, 1), NOON + i);
    expect(Object.keys(sums.isolates).length).toBeLessThanOrEqual(MAX_ISOLATES);
    expect(sums.isolates).toHaveProperty(`i${MAX_ISOLATES + 4}`);
    expect(sums.isolates).not.toHaveProperty("i0");
    addFlush(sums, flush("late", 1), NOON + 2 * HOUR);
    expect(Object.keys(sums.isolates)).toEqual(["late"]);
  });

  test("of several tallies is told as if it were one", () => {
    const told = ["a", "b"].map((isolate, i) => {
      const sums = beginSums(NOON + i);
      const seen = { buckets: [1, 2], sum: 1 };
      const more = { ...evictions(2), histograms: { hot_seconds: { kv: seen } }, tenants: { ten_1: [1, 1, 0, 0] } };
      addFlush(sums, flush(isolate, 1, { ...more, ...holding(i + 1) }), NOON + i);
      return readSums(sums, NOON + i);
    });
    expect(addTold(told, NOON + 5)).toMatchObject({
      since: NOON,
      counters: { evictions: { license: 4 } },
      histograms: { hot_seconds: { kv: { buckets: [2, 4, ...BUCKETS.slice(1).map(() => 0)], sum: 2 } } },
      recent: { counters: { evictions: { license: 4 } }, tenants: { ten_1: [2, 2, 0, 0] } },
      isolates: { seen: 2, telling: 2 },
      held: { limitBytes: 1000, kinds: { license: { entries: 3, bytes: 30 }, api_key: { entries: 0, bytes: 0 } } },
      patterns: [{ tenantId: "ten_1", entries: 3, isolates: 2 }],
    });
  });
});

test("every counter and histogram has a help text, and no label value is listed twice or called other", () => {
  for (const [name, { help, values }] of Object.entries({ ...COUNTERS, ...HISTOGRAMS })) {
    expect(help, name).toMatch(/^[A-Z].{10,}[^.]$/);
    expect(new Set<string>(values).size, name).toBe(values.length);
    expect(values, name).not.toContain("other");
  }
  expect(KINDS).toHaveLength(2);
});
