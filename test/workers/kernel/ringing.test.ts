import { afterEach, expect, test, vi } from "vitest";
import type { Env } from "#kernel/env";
import { ring } from "../../../workers/kernel/ringing.ts";

afterEach(() => void vi.useRealTimers());

/** Bells that note when they rang, and a request that goes on behind its answer. */
function bells() {
  const rang: number[] = [];
  const stub = { ring: async () => void rang.push(Date.now()) };
  const env = { BELL: { idFromName: () => ({}), get: () => stub } } as unknown as Env;
  const behind: Promise<unknown>[] = [];
  return {
    rang,
    around: { env, waitUntil: (work: Promise<unknown>) => void behind.push(work) },
    settled: () => Promise.all(behind),
  };
}

let shards = 0;
const shard = () => `r${shards++}`;

test("a bell that was silent rings at once, and once more for all who commit within the next milliseconds", async () => {
  vi.useFakeTimers();
  const { rang, around, settled } = bells();
  const name = shard();
  const startedAt = Date.now();
  for (let n = 0; n < 10; n++) {
    ring(around, "events", name);
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(rang).toEqual([startedAt]);
  await vi.advanceTimersByTimeAsync(100);
  await settled();
  expect(rang).toHaveLength(2);
});

test("whatever was committed, the bell rings after it", async () => {
  vi.useFakeTimers();
  const { rang, around } = bells();
  const name = shard();
  const committed: number[] = [];
  for (const pauseMs of [0, 3, 19, 20, 21, 1, 40, 0, 0, 500, 19, 19, 19]) {
    await vi.advanceTimersByTimeAsync(pauseMs);
    committed.push(Date.now());
    ring(around, "events", name);
  }
  await vi.advanceTimersByTimeAsync(100);
  for (const at of committed) expect(rang.some((rangAt) => rangAt >= at && rangAt <= at + 20)).toBe(true);
  expect(rang.length).toBeLessThan(committed.length);
});

test("one who was to ring and died holds nobody up, nor does a clock that goes back", async () => {
  vi.useFakeTimers();
  const dead = bells();
  const name = shard();
  ring({ ...dead.around, waitUntil: () => {} }, "events", name);
  vi.clearAllTimers();
  ring({ ...dead.around, waitUntil: () => {} }, "events", name);
  vi.clearAllTimers(); // with it the ring that was to come
  vi.setSystemTime(Date.now() + 21);
  const { rang, around } = bells();
  ring(around, "events", name);
  await vi.advanceTimersByTimeAsync(20);
  expect(rang).toHaveLength(1);
  vi.setSystemTime(Date.now() - 3_600_000);
  ring(around, "events", name);
  expect(rang).toHaveLength(2);
});

test("each bell rings for itself", () => {
  const { rang, around } = bells();
  const name = shard();
  ring(around, "events", name);
  ring(around, "deliveries", name);
  ring(around, "events", shard());
  expect(rang).toHaveLength(3);
});
