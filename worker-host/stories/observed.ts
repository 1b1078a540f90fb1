import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from "@temporalio/client";
import { defaultPayloadConverter } from "@temporalio/common";
import type { NativeConnection } from "@temporalio/worker";
import type { StoryDescription, StoryFailure, Trial } from "#rules/stories/seen";
import { stateOfStory, type StoryState } from "#workflows/story";
import { SEARCH_ATTRIBUTES } from "../temporal/search-attributes.ts";

/** One look at a story, as Temporal knows it. */
export type Observed = {
  tenantId: string;
  workflowId: string;
  runId: string;
  kind: string;
  subjectId: string;
  summary: string;
  /** The search attribute State: of one that is over, its own last word. */
  word: string;
  startedAt: Date;
  endedAt: Date | null;
  description: StoryDescription;
  /** What the story itself says; null where it could not be asked now. */
  told: StoryState | null;
};

/** Looks at the latest run of a story; undefined where Temporal knows it no more. */
export type Observe = (workflowId: string) => Promise<Observed | undefined>;

type Raw = WorkflowExecutionDescription["raw"];
type PendingActivity = NonNullable<Raw["pendingActivities"]>[number];
type History = NonNullable<Awaited<ReturnType<Client["workflowService"]["getWorkflowExecutionHistoryReverse"]>>["history"]>;
type Events = NonNullable<History["events"]>;
type Failure = NonNullable<PendingActivity["lastFailure"]>;

/** How long one answer may take. A story that is in the middle of its step is asked again at the next look. */
const ANSWER_MS = 2_000;
/** So many of the last events tell why a story tries again. */
const TAIL = 12;
const STARTED = 2;
const NON_DETERMINISTIC = 24;

/** Looks at stories through the client's own connection. */
export function observer(client: Client, connection: NativeConnection): Observe {
  const { namespace } = client.options;
  const within = <T>(call: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + ANSWER_MS, call);

  return async (workflowId) => {
    const description = await within(() => client.workflow.getHandle(workflowId).describe()).catch(unlessGone);
    if (!description) return undefined;
    const { runId, status, raw } = description;
    const task = raw.pendingWorkflowTask ?? null;
    const activities = raw.pendingActivities ?? [];
    const isRunning = status.name === "RUNNING" || status.name === "PAUSED";
    const isHealthy = (task?.attempt ?? 1) <= 1;
    const handle = client.workflow.getHandle(workflowId, runId);
    const told = isHealthy ? await within(() => handle.query(stateOfStory)).catch(() => null) : null;

    // what a local activity, a failing step or an end had to say stands in the history alone
    const needsTail = isRunning ? !isHealthy || (activities.length === 0 && !told?.rests) : status.name !== "COMPLETED";
    const tail = needsTail ? await within(() => tailOf(client, namespace, workflowId, runId)) : [];
    const retried = isRunning ? retriedLocally(tail) : [];
    return {
      ...subjectOf(description),
      summary: (await description.staticSummary().catch(() => undefined)) ?? description.type,
      told,
      description: {
        status: statusOf(status.name),
        rests: told?.rests ? { for: told.rests.for, until: instantOf(told.rests.until) } : null,
        ...(told?.trouble ? { trouble: { ...told.trouble, since: new Date(told.trouble.since) } } : {}),
        trials: [...activities.map(trialOf), ...retried],
        task: task ? { ...taskOf(task), failure: isHealthy ? null : taskFailure(tail) } : null,
        failure: isRunning ? null : endFailure(tail),
      },
    };
  };
}

/** What an operator finds a story by, and when it ran. */
export function subjectOf(found: Pick<WorkflowExecutionDescription, SubjectFields>) {
  const { typedSearchAttributes: attributes, workflowId, runId, startTime, closeTime } = found;
  return {
    workflowId,
    runId,
    tenantId: attributes.get(SEARCH_ATTRIBUTES.TenantId) ?? "",
    kind: attributes.get(SEARCH_ATTRIBUTES.Kind) ?? "unknown",
    subjectId: attributes.get(SEARCH_ATTRIBUTES.SubjectId) ?? "",
    word: attributes.get(SEARCH_ATTRIBUTES.State) ?? "",
    startedAt: startTime,
    endedAt: closeTime ?? null,
  };
}
type SubjectFields = "typedSearchAttributes" | "workflowId" | "runId" | "startTime" | "closeTime";

async function tailOf(client: Client, namespace: string, workflowId: string, runId: string): Promise<Events> {
  const execution = { workflowId, runId };
  const asked = { namespace, execution, maximumPageSize: TAIL };
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse(asked);
  return history?.events ?? [];
}

/** Canceled is how a story stops when it is asked to; terminated is how it is stopped from outside. */
function statusOf(name: WorkflowExecutionDescription["status"]["name"]): StoryDescription["status"] {
  if (name === "RUNNING" || name === "PAUSED" || name === "CONTINUED_AS_NEW") return "running";
  return name === "COMPLETED" || name === "CANCELLED" ? "over" : "failed";
}

function trialOf(activity: PendingActivity): Trial {
  const { attempt, state, lastStartedTime, lastFailure, scheduledTime } = activity;
  return {
    attempt: Math.max(1, attempt ?? 1),
    since: dateOf(scheduledTime),
    runsSince: Number(state) === STARTED ? dateOf(lastStartedTime) : null,
    failure: lastFailure ? failureOf(lastFailure) : null,
  };
}

function taskOf({ attempt, scheduledTime, startedTime }: NonNullable<Raw["pendingWorkflowTask"]>): Trial {
  return {
    attempt: Math.max(1, attempt ?? 1),
    since: dateOf(scheduledTime),
    runsSince: startedTime ? dateOf(startedTime) : null,
    failure: null,
  };
}

/** A local activity that waits for its next attempt leaves a mark with what it failed of, and when it was asked for first. Newest event first. */
function retriedLocally(tail: Events): Trial[] {
  for (const { markerRecordedEventAttributes: marker } of tail) {
    if (marker?.markerName !== "core_local_activity") continue;
    const payload = marker.details?.["data"]?.payloads?.[0];
    if (!marker.failure || !payload) return [];
    const data = defaultPayloadConverter.fromPayload<LocalActivity>(payload);
    if (!data.backoff) return [];
    const since = new Date((data.original_schedule_time?.seconds ?? 0) * 1000);
    return [{ attempt: data.attempt + 1, since, runsSince: null, failure: failureOf(marker.failure) }];
  }
  return [];
}
type LocalActivity = { attempt: number; backoff: object | null; original_schedule_time: { seconds: number } | null };

function taskFailure(tail: Events): StoryFailure | null {
  const failed = tail.find((event) => event.workflowTaskFailedEventAttributes)?.workflowTaskFailedEventAttributes;
  if (!failed?.failure) return { code: "task_timed_out", message: "No worker came to the end of its next step" };
  const failure = failureOf(failed.failure);
  return Number(failed.cause) === NON_DETERMINISTIC ? { ...failure, code: "DeterminismViolationError" } : failure;
}

function endFailure([last]: Events): StoryFailure | null {
  const failure = last?.workflowExecutionFailedEventAttributes?.failure;
  if (failure) return failureOf(failure);
  const terminated = last?.workflowExecutionTerminatedEventAttributes;
  if (terminated) return { code: "terminated", message: `Terminated: ${terminated.reason || "nobody said why"}` };
  return last?.workflowExecutionTimedOutEventAttributes ? { code: "timeout", message: "It took too long" } : null;
}

/** What failed in the end: an activity's failure is told by its cause. */
function failureOf(failure: Failure): StoryFailure {
  if (failure.activityFailureInfo && failure.cause) return failureOf(failure.cause);
  const code = failure.applicationFailureInfo?.type || (failure.timeoutFailureInfo ? "timeout" : null);
  return { code, message: failure.message || "It failed without a word" };
}

function dateOf(at: { seconds?: unknown; nanos?: number | null } | null | undefined): Date {
  return new Date(Number(at?.seconds ?? 0) * 1000 + Math.floor((at?.nanos ?? 0) / 1e6));
}

const instantOf = (at: string | null) => (at === null ? null : new Date(at));

function unlessGone(error: unknown): undefined {
  if (error instanceof WorkflowNotFoundError) return undefined;
  throw error;
}
