import type { Repo } from "#db/repo";
import type { TestClockRow } from "#db/stories/test-clocks";
import { isoInstant } from "#rules/iso";
import { type Advance, FURTHEST, targetOf } from "#rules/stories/clocks";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import { addDuration } from "#rules/time";
import { testClockBackward, testClockTooFar } from "./problems.ts";

/** Where a clock is to be moved from `now`. Throws `test_clock_backward` and `test_clock_too_far`. */
export function targetFrom(now: Date, advance: Advance): Date {
  const found = targetOf(now, advance);
  if ("target" in found) return found.target;
  if (found.whyNot === "backward") throw testClockBackward({ now: isoInstant(now) });
  throw testClockTooFar({ furthest: isoInstant(addDuration(now, FURTHEST)) });
}

/** The clock on its way: what it waited for, and why it failed, is over. */
export const onItsWay = (row: TestClockRow, target: Date, now: Date): TestClockRow => ({
  ...row,
  status: "advancing",
  target,
  waitsFor: null,
  waitsSince: null,
  error: null,
  updatedAt: now,
});

/** The workflow of the story that advances a clock; null for one that stands where it is meant to. */
export async function storyOf(repo: Repo, { id, status }: TestClockRow): Promise<string | null> {
  if (status === "ready") return null;
  const seq = await repo.events.newestSeq(id, "test_clock.advance_requested");
  return seq === undefined ? null : workflowIdOf.clock(repo.tenantId, seq);
}
