import {
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyLocalActivities,
  rootCause,
  workflowInfo,
} from "@temporalio/workflow";
import { progressOf } from "#rules/licensing/operations";
import { story } from "../story.ts";
import type { LicensingActivities, OperationProgress, OperationRef } from "./activities.ts";

/** How an operation ended, and with how many licenses behind it. */
export type OperationEnd = { outcome: Exclude<OperationProgress["status"], "running">; done: number };

const act = proxyLocalActivities<LicensingActivities>({
  startToCloseTimeout: "30 seconds",
  localRetryThreshold: "5 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/**
 * Carries an operation to its end, step by step. Id: `operation/<operationId>`. Where it stands is in the operation's row, so the story holds
 * nothing: it may begin anew at any step, and what its caller cancels has ended when it asks next.
 */
export async function runOperation(ref: OperationRef): Promise<OperationEnd> {
  const progress = await story("Beginning", async (telling) => {
    for (;;) {
      const progress = await stepOrFail(ref);
      if (progress.status !== "running") {
        telling.became(progress.status, progressOf(progress));
        return progress;
      }
      telling.now(progressOf(progress));
      if (workflowInfo().continueAsNewSuggested) return progress;
    }
  });
  if (progress.status !== "running") return { outcome: progress.status, done: progress.done };
  await condition(allHandlersFinished);
  return continueAsNew<typeof runOperation>(ref);
}

/** The next step; one that is refused for good ends the operation, so that its tenant does not wait for ever. */
async function stepOrFail(ref: OperationRef): Promise<OperationProgress> {
  try {
    return await act.stepOperation(ref);
  } catch (error) {
    await act.failOperation({ ...ref, error: rootCause(error) ?? "It failed for an unknown reason." });
    throw error;
  }
}
