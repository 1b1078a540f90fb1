/** How a sweep stands: it waits for the worker host, is under way, or is over. */
export const LIFECYCLE_STATES = ["waiting", "running", "done", "failed"] as const;
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

/** What had become of a story whose work was not done: there was none, or it was over. */
export const FOUND_STORIES = ["missing", "completed", "failed", "canceled", "terminated", "timed_out"] as const;
export type FoundStoryState = (typeof FOUND_STORIES)[number];

/** A story that a sweep had to start. */
export type FoundStory = { workflow_id: string; kind: string; was: FoundStoryState };

/** So many of the stories that a sweep started stand in its row. */
export const FOUND_KEPT = 100;

/** A sweep is made by itself this long after the last one began. */
export const SWEEP_EVERY_MS = 3_600_000;

/** How long a worker host has a sweep before another may take it on; each page of it begins this anew. */
export const SWEEP_LEASE_MS = 60_000;

/** A sweep that no host brought to its end within this time has failed, and the next one begins anew. */
export const SWEEP_AT_MOST_MS = 3_600_000;

/** Work that was asked for this long ago has a story: before that the relay may be bringing it. */
const BEGUN_WITHIN_MS = 60_000;

/** An endpoint is tried by its story at the instant that it named; this long after it nobody may be trying, and its story is looked at. */
const TRIED_WITHIN_MS = 2 * 60_000;

/** Before which instants a fact must have been told, and a try must have been due, for a story to be missed. */
export const missedSince = (realNow: Date): { told: Date; tried: Date } => ({
  told: new Date(realNow.getTime() - BEGUN_WITHIN_MS),
  tried: new Date(realNow.getTime() - TRIED_WITHIN_MS),
});
