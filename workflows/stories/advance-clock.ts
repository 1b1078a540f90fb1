import { allHandlersFinished, condition, continueAsNew, proxyActivities, workflowInfo } from "@temporalio/workflow";
import { GIVEN_UP, story, type Telling } from "../story.ts";
import type { ClockMove, ClockProgress, StoriesActivities } from "./activities.ts";

const act = proxyActivities<StoriesActivities>({
  startToCloseTimeout: "2 minutes",
  heartbeatTimeout: "10 seconds", // a dead host is noticed after this long
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "10 seconds" },
});

/** How an advance ends. */
type ClockEnd = Exclude<ClockProgress["status"], "advancing">;

/** What each end of an advance means, in a sentence. */
const ENDS = {
  ready: "It has arrived",
  failed: "A story did not go on in time; the clock says which",
  deleted: "The clock was deleted on its way",
} as const;

/**
 * Moves a sandbox's clock to where it was asked to go: from one due story to the next, each at exactly its instant, and each until it waits
 * again or has ended. Given up, it leaves the clock where it stands. Id: `clock/<tenantId>/<seq of the event that asked for it>`.
 */
export async function advanceClock(move: ClockMove & { woken?: number }): Promise<ClockEnd> {
  const { woken: before = 0, ...clock } = move;
  const going = { behind: clock.behind, woken: before };
  const { workflowId } = workflowInfo();
  const run = async (telling: Telling): Promise<ClockEnd | undefined> => {
    while (!workflowInfo().continueAsNewSuggested) {
      const moved = await act.moveClock({ ...clock, behind: going.behind, workflowId });
      going.behind = moved.behind;
      going.woken += moved.woken;
      if (moved.status !== "advancing") {
        telling.became(
          moved.status,
          `${ENDS[moved.status]}; the sandbox's time is ${moved.now}, ${going.woken} times a story was woken`,
        );
        return moved.status;
      }
      telling.now(`The sandbox's time is ${moved.now}; ${going.woken} times a story was woken`);
    }
    return undefined;
  };
  const onGiveUp = async (telling: Telling): Promise<ClockEnd> => {
    const status = await act.giveUpClock({ tenantId: clock.tenantId, clockId: clock.clockId, workflowId });
    telling.became("given_up", `${GIVEN_UP}: the clock stands where it had come to`);
    return status === "advancing" ? "failed" : status;
  };
  const end = await story("The clock sets out", run, { onGiveUp });
  if (end) return end;
  await condition(allHandlersFinished);
  return continueAsNew<typeof advanceClock>({ ...clock, ...going });
}

/** Tells the stories of a sandbox whose clock was deleted that its time runs on. Id: `clock/<tenantId>/<seq of that event>`. */
export async function releaseClock({ tenantId }: { tenantId: string }): Promise<{ told: number }> {
  return story("The sandbox's time runs on", () => act.tellTimeRuns({ tenantId }));
}
