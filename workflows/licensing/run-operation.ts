import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  isCancellation,
  proxyLocalActivities,
  rootCause,
  workflowInfo,
} from "@temporalio/workflow";
import { progressOf } from "#rules/licensing/operations";
import { GIVEN_UP, story, type Telling } from "../story.ts";
import type { LicensingActivities, OperationProgress, OperationRef } from "./activities.ts";

/** How an operation ended, and with how many licenses or events behind it. */
export type OperationEnd = { outcome: Exclude<OperationProgress["status"], "running" | "failed"> | "given_up"; done: number };

/** An operation that failed fails its story, whether it failed just now or before a crash. */
const FAILED = "operation_failed";

const act = proxyLocalActivities<LicensingActivities>({
  startToCloseTimeout: "30 seconds",
  localRetryThreshold: "5 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/**
 * Carries an operation to its end, step by step. Id: `operation/<operationId>`. Where it stands is in the operation's row, so the story holds
 * nothing: it may begin anew at any step, and what its caller cancels has ended when it asks next. Given up, it fails the operation where it stands.
 */
export async function runOperation(ref: OperationRef): Promise<OperationEnd> {
  const run = async (telling: Telling): Promise<OperationEnd | undefined> => {
    for (;;) {
      const progress = await stepOrFail(ref);
      const { status, done } = progress;
      if (status === "failed") throw ApplicationFailure.nonRetryable(`It has failed. ${progressOf(progress)}`, FAILED);
      if (status !== "running") {
        telling.became(status, progressOf(progress));
        return { outcome: status, done };
      }
      telling.now(progressOf(progress));
      if (workflowInfo().continueAsNewSuggested) return undefined;
      if (progress.rest_ms !== undefined) await telling.rest(progress.rest_ms, "the next part");
    }
  };
  const onGiveUp = async (telling: Telling): Promise<OperationEnd> => {
    const { status, done } = await act.failOperation({ ...ref, error: GIVEN_UP });
    // what had ended meanwhile has ended as it did
    const outcome = status === "running" || status === "failed" ? "given_up" : status;
    telling.became(outcome, outcome === "given_up" ? GIVEN_UP : "It had ended before it was given up");
    return { outcome, done };
  };
  const end = await story("Beginning", run, { onGiveUp });
  if (end) return end;
  await condition(allHandlersFinished);
  return continueAsNew<typeof runOperation>(ref);
}

/** The next step; one that is refused for good ends the operation, so that its tenant does not wait for ever. */
async function stepOrFail(ref: OperationRef): Promise<OperationProgress> {
  try {
    return await act.stepOperation(ref);
  } catch (error) {
    if (isCancellation(error)) throw error; // it was given up: that ends it
    const why = rootCause(error) ?? "It failed for an unknown reason.";
    await act.failOperation({ ...ref, error: why });
    throw ApplicationFailure.create({ message: why, type: FAILED, nonRetryable: true });
  }
}
