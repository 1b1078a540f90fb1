import { WorkflowNotFoundError, type Client } from "@temporalio/client";
import { timeRuns, wake } from "#workflows/clock";

/** What moving a clock asks of the stories that live by it. */
export type ClockStories = {
  /** Tells a story that its instant has come; "gone": there is none, or it has ended. */
  wake: (workflowId: string, at: string) => Promise<"told" | "gone">;
  /** Tells a story that its time runs on by itself. */
  tellTimeRuns: (workflowId: string) => Promise<"told" | "gone">;
  /** Whether a story has ended, or waits for something other than us: nothing of it is at work. */
  isAtRest: (workflowId: string) => Promise<boolean>;
};

/** The stories as Temporal knows them. */
export function clockStories(client: Client): ClockStories {
  const told = (sent: Promise<void>): Promise<"told" | "gone"> => sent.then(() => "told" as const, asGone);
  return {
    wake: (workflowId, at) => told(client.workflow.getHandle(workflowId).signal(wake, { at })),
    tellTimeRuns: (workflowId) => told(client.workflow.getHandle(workflowId).signal(timeRuns)),
    isAtRest: async (workflowId) => {
      try {
        const { status, raw } = await client.workflow.getHandle(workflowId).describe();
        // registering what it waits for is part of a story's task, so whoever has neither task nor activity has registered
        return status.name !== "RUNNING" || (!raw.pendingWorkflowTask && (raw.pendingActivities ?? []).length === 0);
      } catch (error) {
        return asGone(error) === "gone";
      }
    },
  };
}

function asGone(error: unknown): "gone" {
  if (error instanceof WorkflowNotFoundError) return "gone";
  throw error;
}
