import { createHash } from "node:crypto";
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from "@temporalio/client";
import type { NativeConnection } from "@temporalio/worker";
import { giveUp, skipWait } from "#workflows/story";
import type { AskedOfStory, CommandOutcome, Edge } from "../edge/routes.ts";
import { messageOf, type Log } from "../log.ts";

export type CommandParts = {
  shard: string;
  edge: Pick<Edge, "listCommands" | "closeCommand">;
  client: Client;
  connection: NativeConnection;
  log: Log;
  /** Told of each story of which something was asked and answered. */
  onAnswered: (workflowId: string) => void;
};

/** Carries out what was asked of the stories of a shard. */
export type Commands = {
  /** All that waits. May be asked as often as one likes; throws where something could be neither done nor refused, which a repetition makes up for. */
  carryOut: (signal: AbortSignal) => Promise<void>;
};

const CALL_MS = 5_000;
/** A story that does not answer for so long will not: its code does not run. */
const PATIENCE_MS = 120_000;
const RESET_SEARCH = 20;
/** Signals and updates of before: a story that begins anew was told nothing yet. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the API's own numbers; its enums are in no package of ours
const FORGOTTEN: NonNullable<Reset["resetReapplyExcludeTypes"]> = [1, 2];
type Reset = Parameters<Client["workflowService"]["resetWorkflowExecution"]>[0];

/** The events that tell of something asked of a story. */
export const COMMAND_EVENTS: ReadonlySet<string> = new Set([
  "story.retry_requested",
  "story.skip_wait_requested",
  "story.give_up_requested",
]);

/** One at a time: what is asked for while commands are carried out is carried out after them. */
export function commandsOf(parts: CommandParts): Commands {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return {
    carryOut: (signal) => {
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return signal.aborted ? Promise.reject(new Error("the host is stopping")) : (running = carryOutAll(parts));
        });
      return next;
    },
  };
}

async function carryOutAll(parts: CommandParts): Promise<void> {
  const { shard, edge, log, onAnswered } = parts;
  const failed: unknown[] = [];
  for (const asked of await edge.listCommands(shard)) {
    try {
      const told = await answerTo(parts, asked);
      await edge.closeCommand(shard, asked, told);
      onAnswered(asked.workflow_id);
      log.info("story_commanded", { shard, workflow_id: asked.workflow_id, detail: `${asked.command}: ${told.outcome}` });
    } catch (error) {
      failed.push(error);
      log.warn("story_not_commanded", { shard, workflow_id: asked.workflow_id, detail: asked.command, error: messageOf(error) });
    }
  }
  if (failed.length > 0) throw failed[0];
}

/** Does what was asked, or says why not. Throws where that is not known. */
async function answerTo(parts: CommandParts, asked: AskedOfStory): Promise<CommandOutcome> {
  try {
    return asked.command === "retry" ? await retry(parts, asked) : await update(parts, asked);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { outcome: "refused", detail: "It is over." };
    if (error instanceof WorkflowUpdateFailedError) return { outcome: "refused", detail: error.cause?.message ?? error.message };
    if (Date.now() - Date.parse(asked.commanded_at) < PATIENCE_MS) throw error;
    const detail = `The story did not answer within ${PATIENCE_MS / 1000} seconds: ${messageOf(error)}`;
    return { outcome: "refused", detail };
  }
}

/** Asks the story itself. The same command has the same id, so that a story hears it once. */
async function update({ client, connection }: CommandParts, asked: AskedOfStory): Promise<CommandOutcome> {
  const handle = client.workflow.getHandle(asked.workflow_id);
  const definition = asked.command === "skip_wait" ? skipWait : giveUp;
  const options = { updateId: `${asked.story_id}/${asked.commanded_at}` };
  const ask = () => handle.executeUpdate(definition, options);
  return { outcome: "done", detail: await connection.withDeadline(Date.now() + CALL_MS, ask) };
}

/** What waits for its next attempt is tried at once; what failed, or cannot take its next step, begins anew: all that a story does may be done twice. */
async function retry({ client, connection }: CommandParts, asked: AskedOfStory): Promise<CommandOutcome> {
  return connection.withDeadline(Date.now() + 2 * CALL_MS, async (): Promise<CommandOutcome> => {
    const { status, runId, raw } = await client.workflow.getHandle(asked.workflow_id).describe();
    const isFailed = status.name === "FAILED" || status.name === "TIMED_OUT" || status.name === "TERMINATED";
    if (!isFailed && status.name !== "RUNNING")
      return { outcome: "refused", detail: "It has come to its end: nothing is left to try." };
    const execution = { workflowId: asked.workflow_id, runId };
    const { namespace, identity } = { ...client.options, identity: "latchkey" };
    if (isFailed || (raw.pendingWorkflowTask?.attempt ?? 1) > 1) {
      if (!(await beginAnew(client, asked, execution))) return { outcome: "refused", detail: "It has never begun." };
      return { outcome: "done", detail: "It has begun anew; what was done already is not done twice." };
    }
    if ((raw.pendingActivities ?? []).length === 0)
      return {
        outcome: "refused",
        detail: "Nothing of it is waiting for another try: it waits, or goes on by itself; skip_wait ends a wait.",
      };
    await client.workflowService.resetActivity({ namespace, execution, identity, matchAll: true });
    return { outcome: "done", detail: "It tries again at once." };
  });
}

/** Starts the story again from its first step, if there was one. Asked twice, it is done once. */
async function beginAnew(
  client: Client,
  asked: AskedOfStory,
  execution: { workflowId: string; runId: string },
): Promise<boolean> {
  const { namespace } = client.options;
  const page = await client.workflowService.getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: RESET_SEARCH });
  const first = page.history?.events?.find(
    ({ workflowTaskCompletedEventAttributes: completed, workflowTaskFailedEventAttributes: failed, ...event }) =>
      completed ?? failed ?? event.workflowTaskTimedOutEventAttributes,
  );
  if (!first?.eventId) return false;
  await client.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: execution,
    reason: "An operator asked to try again",
    workflowTaskFinishEventId: first.eventId,
    requestId: createHash("sha256").update(`${asked.story_id}/${asked.commanded_at}`).digest("hex").slice(0, 32),
    resetReapplyExcludeTypes: FORGOTTEN,
  });
  return true;
}
