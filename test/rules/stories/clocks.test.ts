import { expect, test } from "vitest";
import { isOutOfPatience, nextStep, PATIENCE_MS, targetOf, type ClockSight } from "../../../workers/rules/stories/clocks.ts";

const at = (day: number, month = 1) => new Date(Date.UTC(2027, month - 1, day));

test("a clock goes forward, by a duration or to an instant, and two years at most at once", () => {
  expect(targetOf(at(31), { by: "P1M" })).toEqual({ target: at(28, 2) });
  expect(targetOf(at(1), { to: at(1) })).toEqual({ target: at(1) });
  expect(targetOf(at(2), { to: at(1) })).toEqual({ whyNot: "backward" });
  expect(targetOf(at(1), { by: "P2Y" })).toEqual({ target: new Date(Date.UTC(2029, 0, 1)) });
  expect(targetOf(at(1), { by: "P2YT1S" })).toEqual({ whyNot: "too_far" });
});

const sight: ClockSight = { now: at(1), target: at(10), woken: null, events: [], busy: null, next: null };
const next = { workflowId: "b", at: at(3) };

test.each<[string, Partial<ClockSight>, object]>([
  ["a story that was woken comes to rest first", { woken: "a", next, busy: "c" }, { kind: "wait", for: "a" }],
  ["events reach their stories first", { events: [{ seq: 5, isDispatched: false }], next }, { kind: "wait", for: null }],
  ["a story that an event started comes to rest first", { busy: "c", next }, { kind: "wait", for: "c" }],
  ["events that are new are looked at first", { events: [{ seq: 4, isDispatched: true }], next }, { kind: "look", behind: 4 }],
  ["the story that is due is woken at its instant", { next }, { kind: "wake", workflowId: "b", at: at(3) }],
  ["what was due before is woken now", { now: at(4), next }, { kind: "wake", workflowId: "b", at: at(4) }],
  ["what is due at the target is woken", { target: at(3), next }, { kind: "wake", workflowId: "b", at: at(3) }],
  ["what is due behind the target is not", { target: at(2), next }, { kind: "arrive" }],
  ["where nobody waits the clock arrives", {}, { kind: "arrive" }],
])("%s", (_, more, step) => {
  expect(nextStep({ ...sight, ...more })).toEqual(step);
});

test("a clock waits for a story for a minute", () => {
  const since = at(1);
  expect(isOutOfPatience(since, new Date(since.getTime() + PATIENCE_MS - 1))).toBe(false);
  expect(isOutOfPatience(since, new Date(since.getTime() + PATIENCE_MS))).toBe(true);
});
