import { isGrpcServiceError, ServiceError, WorkflowExecutionAlreadyStartedError, type Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import type { NativeConnection } from "@temporalio/worker";
import { searchAttributes } from "../temporal/search-attributes.ts";
import type { StoryStart } from "./starts.ts";

/** Starts a story; one that is running or has ended under the same id counts as started. Throws when it is not known to be started. */
export type StartStory = (start: StoryStart) => Promise<void>;

/** How long one start may take, retries by the connection included. */
const START_MS = 5_000;

/** gRPC's code INVALID_ARGUMENT: a request that can never succeed as it is. */
const INVALID_ARGUMENT = 3;

/**
 * Starts stories over the worker's own connection, so that the server may hand the first task straight to this process (eager start). `overEnded`:
 * whether the id of a story that is over is used up, or begins anew; one that is at work stays in any case.
 */
export function storyStarter(
  client: Client,
  connection: NativeConnection,
  taskQueue: string,
  overEnded: "REJECT_DUPLICATE" | "ALLOW_DUPLICATE" = "REJECT_DUPLICATE",
): StartStory {
  return async (story) => {
    try {
      await connection.withDeadline(Date.now() + START_MS, () =>
        client.workflow.start(story.workflow, {
          taskQueue,
          workflowId: story.workflowId,
          args: story.args,
          workflowIdReusePolicy: overEnded,
          workflowIdConflictPolicy: "USE_EXISTING",
          workflowTaskTimeout: "5 seconds", // after a host died in a local activity, another one goes on after this long
          requestEagerStart: true,
          staticSummary: story.summary,
          typedSearchAttributes: new TypedSearchAttributes(searchAttributes(story)),
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
}

/** Whether the start failed for what it asked, not because Temporal is out of reach: then other starts may well succeed. */
export function isRefusedStart(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  if (!isGrpcServiceError(cause)) return false;
  const code: number = cause.code;
  return code === INVALID_ARGUMENT;
}
