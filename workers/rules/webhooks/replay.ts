/** How many deliveries of one replay may wait at once: what happens meanwhile stands behind these at most. */
export const MOST_WAITING = 100;
/** So many events are looked at in one step. */
export const EVENTS_A_STEP = 500;

/** While more than these wait nothing more is sent: a step that sends one event would cost as much as one that sends fifty. */
const FEW_WAITING = MOST_WAITING / 2;
const SHORTEST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

/** What of a replay has not arrived: how many deliveries, when the first of them is due, and until when the endpoint is left alone. */
export type ReplayWaiting = { count: number; dueAt: Date | null; heldUntil: Date | null };

/** How long a replay rests before more of it is sent; null = there is room. */
export function restMs({ count, dueAt, heldUntil }: ReplayWaiting, now: Date): number | null {
  if (count <= FEW_WAITING) return null;
  const until = Math.max(dueAt?.getTime() ?? 0, heldUntil?.getTime() ?? 0) - now.getTime();
  return Math.min(Math.max(until, SHORTEST_REST_MS), LONGEST_REST_MS);
}

/** Which events have their turn: those behind the number `after` up to `upTo`, and no more than `limit`. */
export function nextPart({ position, lastSeq, waiting }: { position: number; lastSeq: number; waiting: number }) {
  return { after: position, upTo: Math.min(position + EVENTS_A_STEP, lastSeq), limit: MOST_WAITING - waiting };
}
