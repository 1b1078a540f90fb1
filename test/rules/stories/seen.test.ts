import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AT_WORK_AFTER_MS,
  STUCK_AFTER_MS,
  storySeen,
  type StoryDescription,
  type Trial,
} from "../../../workers/rules/stories/seen.ts";
import { STORY_STATES } from "../../../workers/rules/stories/states.ts";

const NOW = new Date("2027-01-01T12:00:00.000Z");
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const REFUSED = { code: "http_503", message: "/internal/orders/complete answered 503" };

const AWAY = { code: "mail_server_away", message: "connect ECONNREFUSED" };

const at = (attempt: number, more: Partial<Trial> = {}): Trial => ({
  attempt,
  since: ago(10_000),
  runsSince: null,
  failure: attempt > 1 ? REFUSED : null,
  ...more,
});
const running: StoryDescription = { status: "running", rests: null, trials: [], task: null, failure: null };
const seen = (more: Partial<StoryDescription>) => storySeen({ ...running, ...more }, NOW);

describe("how a story stands", () => {
  test.each<[string, Partial<StoryDescription>, object]>([
    ["a first attempt is work", { trials: [at(1)] }, { state: "working", attempt: 0, error: null }],
    ["so is a step of its own", { task: at(1) }, { state: "working" }],
    ["a second attempt is a retry", { trials: [at(2)] }, { state: "retrying", attempt: 2, errorCode: "http_503" }],
    ["a fourth still is", { trials: [at(4)] }, { state: "retrying", attempt: 4 }],
    ["at the fifth somebody should look", { trials: [at(5)] }, { state: "stuck", attempt: 5, error: REFUSED.message }],
    [
      "and where it fails for more than five minutes",
      { trials: [at(2, { since: ago(STUCK_AFTER_MS + 1) })] },
      { state: "stuck", attempt: 2 },
    ],
    [
      "what it says itself that it cannot come on with outshines its work",
      { trials: [at(1)], trouble: { ...AWAY, since: ago(10_000) } },
      { state: "retrying", attempt: 0, errorCode: "mail_server_away", error: AWAY.message },
    ],
    [
      "and is stuck after five minutes",
      { trials: [at(1)], trouble: { ...AWAY, since: ago(STUCK_AFTER_MS + 1) } },
      { state: "stuck", errorCode: "mail_server_away" },
    ],
    ["a step of its own that fails again and again is stuck", { task: at(3) }, { state: "stuck", attempt: 3 }],
    ["one that failed once is tried again", { task: at(2) }, { state: "retrying", attempt: 2 }],
    [
      "an attempt that lasts is work, whatever failed before it",
      { trials: [at(7, { runsSince: ago(AT_WORK_AFTER_MS) })] },
      { state: "working", attempt: 0, errorCode: null },
    ],
    ["one that has just begun may fail like those before it", { trials: [at(7, { runsSince: ago(1_000) })] }, { state: "stuck" }],
    [
      "what nobody takes up for five minutes is stuck",
      { task: at(1, { since: ago(STUCK_AFTER_MS + 1) }) },
      { state: "stuck", attempt: 0, errorCode: "no_worker" },
    ],
    ["the worst is told", { task: at(1), trials: [at(2), at(6), at(1)] }, { state: "stuck", attempt: 6 }],
    [
      "stuck is worse than many attempts",
      { task: at(3, { failure: { code: "DeterminismViolationError", message: "other code" } }), trials: [at(4)] },
      { state: "stuck", attempt: 3, errorCode: "DeterminismViolationError" },
    ],
    [
      "with nothing under way it waits for what it says",
      { rests: { for: "the next try", until: NOW } },
      { state: "waiting", waitsFor: "the next try", waitsUntil: NOW },
    ],
    ["or for something that it does not say", {}, { state: "waiting", waitsFor: "a timer or a signal", waitsUntil: null }],
    ["one that is over has ended", { status: "over" }, { state: "ended", waitsFor: null, attempt: 0 }],
    [
      "one that failed says why",
      { status: "failed", failure: { code: "order_not_approved", message: "Order 1 is pending" } },
      { state: "failed", errorCode: "order_not_approved", error: "Order 1 is pending" },
    ],
  ])("%s", (_, more, expected) => {
    expect(seen(more)).toMatchObject(expected);
  });
});

describe("for any story", () => {
  const trial = fc.record<Trial>({
    attempt: fc.integer({ min: 1, max: 9 }),
    since: fc.integer({ min: 0, max: 2 * STUCK_AFTER_MS }).map(ago),
    runsSince: fc.option(fc.integer({ min: 0, max: 2 * AT_WORK_AFTER_MS }).map(ago)),
    failure: fc.option(fc.constant(REFUSED)),
  });
  const story = fc.record<StoryDescription>({
    status: fc.constantFrom("running", "over", "failed"),
    rests: fc.option(fc.record({ for: fc.constant("an instant"), until: fc.constant(NOW) })),
    trials: fc.array(trial, { maxLength: 3 }),
    task: fc.option(trial),
    failure: fc.option(fc.constant(REFUSED)),
  });
  const rank = (description: StoryDescription) => {
    const order = ["waiting", "working", "retrying", "stuck"];
    return order.indexOf(storySeen(description, NOW).state);
  };

  test("one that waits has nothing under way, and only it says for what", () => {
    fc.assert(
      fc.property(story, (description) => {
        const { state, waitsFor } = storySeen(description, NOW);
        expect(STORY_STATES).toContain(state);
        expect(waitsFor !== null).toBe(state === "waiting");
        if (state === "waiting") expect([description.task, ...description.trials]).toEqual([null]);
      }),
    );
  });

  test("an error is told where something is wrong, and nowhere else", () => {
    fc.assert(
      fc.property(story, (description) => {
        const { state, error } = storySeen(description, NOW);
        if (state === "retrying" || state === "stuck") expect(error).not.toBeNull();
        if (state === "waiting" || state === "working" || state === "ended") expect(error).toBeNull();
      }),
    );
  });

  test("one more thing under way never makes it look better", () => {
    fc.assert(
      fc.property(story, trial, (description, more) => {
        fc.pre(description.status === "running");
        const trials = [...description.trials, more];
        expect(rank({ ...description, trials })).toBeGreaterThanOrEqual(rank(description));
      }),
    );
  });
});
