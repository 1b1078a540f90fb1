import { count } from "../tallies.ts";
import { TooLate, within } from "../within.ts";

/** How long the hot path waits for the database. */
export const TRUTH_TIMEOUT_MS = 1_500;
/** After so many calls in a row that were not answered the database counts as away: for a second nobody waits for it. One that was late alone does not. */
const LATE_IN_A_ROW = 3;
const PAUSE_MS = 1_000;
/** For how long after such a pause only one request at a time tries: it may hang, and then only that one waits. */
const ALONE_FOR_MS = 5_000;

/** How the last calls to the database of a shard ended in an isolate, and until when it does without it. */
type Pauses = { readonly pauses: Map<string, { lateInARow: number; until: number }> };

/** A part behind the edge does not answer. */
export class Unreachable extends Error {
  override name = "Unreachable";
}

/** Throws Unreachable while the database of a shard is left alone, or one request tries it: who would join that one does without as well. */
export function mayAnswer({ pauses }: Pauses, shard: string, realNow: Date): void {
  if (realNow.getTime() < (pauses.get(shard)?.until ?? 0)) throw new Unreachable("The database did not answer a moment ago");
}

/**
 * What the database of a shard answers, within `TRUTH_TIMEOUT_MS`. Throws Unreachable where it does not, and for a second after it did not
 * several times in a row without asking: a dead database must not cost every request the whole wait.
 */
export async function truth<T>({ pauses }: Pauses, shard: string, realNow: Date, ask: () => Promise<T>): Promise<T> {
  const now = realNow.getTime();
  mayAnswer({ pauses }, shard, realNow);
  const last = pauses.get(shard);
  if (last && last.lateInARow >= LATE_IN_A_ROW && now < last.until + ALONE_FOR_MS)
    pauses.set(shard, { ...last, until: now + TRUTH_TIMEOUT_MS });
  count("hot_calls", "d1/awaited");
  try {
    const answer = await within(ask(), TRUTH_TIMEOUT_MS);
    pauses.delete(shard);
    return answer;
  } catch (error) {
    const lateInARow = (pauses.get(shard)?.lateInARow ?? 0) + 1;
    const waitedMs = error instanceof TooLate ? TRUTH_TIMEOUT_MS : 0;
    pauses.set(shard, { lateInARow, until: lateInARow < LATE_IN_A_ROW ? 0 : now + waitedMs + PAUSE_MS });
    throw new Unreachable(error instanceof Error ? error.message : String(error));
  }
}

/** What another request is reading already, or `read` itself; each waits for itself, since the other may die with its request. */
export async function once<T>(
  flights: Map<string, Promise<unknown>>,
  key: string,
  waitUntil: (work: Promise<unknown>) => void,
  read: () => Promise<T>,
): Promise<T> {
  const flying = flights.get(key) as Promise<T> | undefined;
  if (flying) {
    try {
      return await within(flying, TRUTH_TIMEOUT_MS + 100);
    } catch (error) {
      if (!(error instanceof TooLate)) throw error;
    }
  }
  const mine = read().finally(() => {
    if (flights.get(key) === mine) flights.delete(key);
  });
  flights.set(key, mine);
  waitUntil(mine.catch(() => undefined));
  return mine;
}
