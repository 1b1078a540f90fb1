import { expect, test } from "vitest";
import type { Counts } from "#rules/cache/counted";
import { suggestionsFrom } from "#rules/cache/suggestions";
import { beginSums, readSums } from "#rules/cache/sums";

const quiet = readSums(beginSums(0), 0);
const told = (counters: Counts, tenants: Record<string, number[]> = {}) => ({
  ...quiet,
  held: { limitBytes: 1000, kinds: { license: { entries: 9, bytes: 900 }, api_key: { entries: 1, bytes: 50 } } },
  recent: { from: 0, counters, tenants },
});
const reads = (memory: number, kv: number, d1: number) => ({
  "memory/license": memory,
  "kv/license": kv,
  "d1/license": d1,
});

test.each<[string, Counts, Record<string, number[]>, string[]]>([
  ["an edge that nobody asked", {}, {}, []],
  ["memory that has nearly everything", { cache_reads: reads(950, 40, 10), evictions: { license: 500 } }, {}, []],
  [
    "memory that misses much, and pushes much out",
    { cache_reads: reads(500, 400, 100), evictions: { license: 11 } },
    {},
    ["memory_too_small"],
  ],
  ["memory that misses much, and pushes little out", { cache_reads: reads(500, 400, 100), evictions: { license: 10 } }, {}, []],
  ["the same in a quiet hour", { cache_reads: reads(500, 400, 99), evictions: { license: 500 } }, {}, []],
  [
    "tenants that read the database",
    {},
    { ten_1: [890, 9, 101, 0], ten_2: [890, 10, 100, 0], ten_3: [0, 0, 999, 0] },
    ["tenant_reads_database"],
  ],
  ["tenants that are not told apart", {}, { "": [0, 0, 5000, 0] }, []],
  ["a feed that fails", { feed_polls: { unchanged: 900, changed: 40, failed: 60 } }, {}, ["feed_fails"]],
  ["a feed that fails at times", { feed_polls: { unchanged: 900, changed: 50, failed: 50 } }, {}, []],
  ["a feed that was hardly asked", { feed_polls: { failed: 19 } }, {}, []],
  ["answers without a database", { blind: { stale: 1 } }, {}, ["answers_without_database"]],
  ["refusals without a database", { blind: { refused: 1 } }, {}, ["answers_without_database"]],
  ["limits that nobody counted", { limits_blind: { "": 1 } }, {}, ["limits_not_enforced"]],
  ["counts that were sent again now and then", { flushes_failed: { "": 19 } }, {}, []],
  ["counts that do not arrive", { flushes_failed: { "": 20 } }, {}, ["counts_not_sent"]],
])("%s", (_, counters, tenants, codes) => {
  expect(suggestionsFrom(told(counters, tenants)).map(({ code }) => code)).toEqual(codes);
});

test("warnings come first, each suggestion with its numbers and the call that acts on it", () => {
  const all = suggestionsFrom(
    told(
      { blind: { stale: 3, refused: 2 }, cache_reads: reads(500, 400, 100), evictions: { license: 40, api_key: 2 } },
      { ten_1: [100, 0, 900, 0], ten_2: [0, 0, 2000, 0] },
    ),
  );
  expect(all).toMatchObject([
    {
      code: "answers_without_database",
      severity: "warning",
      because: { stale: 3, refused: 2 },
      act: { operation: "cache.health" },
    },
    {
      code: "memory_too_small",
      severity: "info",
      because: { hits: 500, misses: 500, evictions: 42, bytes: 950, limit_bytes: 1000 },
      act: { operation: "cache.patterns" },
    },
    {
      code: "tenant_reads_database",
      because: { d1: 2000, reads: 2000 },
      act: { operation: "cache.warm", body: { tenant_id: "ten_2" } },
    },
    {
      code: "tenant_reads_database",
      because: { d1: 900, reads: 1000 },
      act: { path: "/v1/cache/warm", body: { tenant_id: "ten_1" } },
    },
  ]);
});

test("no more than five tenants are named, those that read most", () => {
  const tenants = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`ten_${i}`, [0, 0, 1000 + i, 0]]));
  const named = suggestionsFrom(told({}, tenants)).map(({ act }) => act.body?.["tenant_id"]);
  expect(named).toEqual(["ten_8", "ten_7", "ten_6", "ten_5", "ten_4"]);
});
