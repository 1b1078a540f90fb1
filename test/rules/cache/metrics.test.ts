import { expect, test } from "vitest";
import { BUCKETS } from "#rules/cache/counted";
import { hitRates, metricsOf, readsIn, readsInRow, readsOnlyOf } from "#rules/cache/metrics";
import { addFlush, beginSums, readSums } from "#rules/cache/sums";

test.each([
  ["nothing", [0, 0, 0, 0], null, null],
  ["memory alone", [5, 0, 0, 0], 1, null],
  ["every tier", [6, 3, 1, 2], 0.5, 0.75],
  ["the database alone", [0, 0, 4, 0], 0, 0],
])("hit rates of %s", (_, row, memory, kv) => {
  const rates = hitRates(readsOnlyOf("license", readsInRow(row)));
  expect([rates.memory.rate, rates.kv.rate]).toEqual([memory, kv]);
});

test("of API keys KV misses none, since it is not asked for them", () => {
  const reads = { license: readsInRow([5, 1, 3, 0]), api_key: readsInRow([5, 0, 6, 0]) };
  expect(hitRates(reads)).toEqual({
    memory: { hits: 10, misses: 10, rate: 0.5 },
    kv: { hits: 1, misses: 3, rate: 0.25 },
  });
  expect(hitRates(readsOnlyOf("api_key", reads.api_key)).kv.rate).toBeNull();
});

test("counters, histograms, hit rates and what is held are metrics, each label beside its name", () => {
  const sums = beginSums(0);
  const kinds = { license: { entries: 2, bytes: 300 }, api_key: { entries: 1, bytes: 50 } };
  addFlush(
    sums,
    {
      isolate: "a",
      seq: 1,
      counters: {
        cache_reads: { "memory/license": 9, "d1/license": 1, "memory/api_key": 4, moon: 1 },
        limits_blind: { "": 2 },
      },
      histograms: { hot_seconds: { kv: { buckets: [3], sum: 0.001 } } },
      tenants: {},
      held: { limitBytes: 1000, kinds, patterns: [] },
    },
    0,
  );
  const told = readSums(sums, 0);
  expect(readsIn(told.counters)).toEqual({
    license: { memory: 9, kv: 0, d1: 1, joined: 0 },
    api_key: { memory: 4, kv: 0, d1: 0, joined: 0 },
  });
  const metrics = new Map(metricsOf(told).map((metric) => [metric.name, metric]));
  expect(metrics.get("cache_reads_total")).toMatchObject({
    type: "counter",
    labels: ["tier", "kind"],
  });
  expect(metrics.get("cache_reads_total")?.samples).toEqual([
    { values: ["memory", "license"], value: 9 },
    { values: ["memory", "api_key"], value: 4 },
    { values: ["kv", "license"], value: 0 },
    { values: ["kv", "api_key"], value: 0 },
    { values: ["d1", "license"], value: 1 },
    { values: ["d1", "api_key"], value: 0 },
    { values: ["joined", "license"], value: 0 },
    { values: ["joined", "api_key"], value: 0 },
    { values: ["other", "other"], value: 1 },
  ]);
  // what was never counted stands there as nothing, so that its first count is seen to rise
  expect(metrics.get("blind_total")?.samples).toEqual([
    { values: ["stale"], value: 0 },
    { values: ["refused"], value: 0 },
  ]);
  expect(metrics.get("limits_blind_total")).toMatchObject({ labels: [], samples: [{ values: [], value: 2 }] });
  expect(metrics.get("hot_seconds")).toMatchObject({
    type: "histogram",
    ends: BUCKETS,
    samples: [{ values: ["kv"], sum: 0.001 }],
  });
  expect(metrics.get("cache_hit_ratio")).toMatchObject({
    samples: [
      { values: ["memory", "license"], value: 0.9 },
      { values: ["kv", "license"], value: 0 },
      { values: ["memory", "api_key"], value: 1 },
    ],
  });
  expect(metrics.get("cache_bytes")).toMatchObject({
    samples: [
      { values: ["license"], value: 300 },
      { values: ["api_key"], value: 50 },
    ],
  });
});
