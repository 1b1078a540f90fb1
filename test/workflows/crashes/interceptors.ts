import { proxySinks, workflowInfo, type WorkflowInterceptors } from "@temporalio/workflow";
import type { CrossingSinks } from "./crossing.ts";

const { crossings } = proxySinks<CrossingSinks>();

/** What a run's memo says of its timers. */
export type TimerMemo = {
  timers: "short" | "as they are";
  /** Which timer, counted from 1, lasts until the host has died and is back. */
  held: number;
};

const SHORT_MS = 100;
const HELD_MS = 9_000;
/** An activity that died with its host is tried again after this long, not after the minutes that a slow one may need. */
const ACTIVITY_MS = 3_000;

/** Makes a story's timers last as its memo says. Nothing that a story does depends on it but how long it takes. */
export function interceptors(): WorkflowInterceptors {
  let timers = 0;
  return {
    outbound: [
      {
        startTimer(input, next) {
          const memo = workflowInfo().memo as TimerMemo | undefined;
          timers++;
          crossings.at("timer", "set");
          if (memo?.timers !== "short") return next(input);
          return next({ ...input, durationMs: timers === memo.held ? HELD_MS : Math.min(input.durationMs, SHORT_MS) });
        },
        scheduleActivity: (input, next) => next({ ...input, options: { ...input.options, startToCloseTimeout: ACTIVITY_MS } }),
      },
    ],
  };
}
