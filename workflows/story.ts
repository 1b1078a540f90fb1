import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  rootCause,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from "@temporalio/workflow";
import { instantIn, untilInstant, type StoryClock } from "./clock.ts";

/** What a story waits for, and until when at the latest (ISO 8601). */
export type Rest = { for: string; until: string | null };

/** What keeps a story that is at work from coming on, and since when (ISO 8601). */
export type Trouble = { code: string; message: string; since: string };

/** Where a story stands, as the query `state` answers it: one word to filter by, a sentence to read, what it waits for, and what is wrong. */
export type StoryState = { state: string; details: string; rests?: Rest; trouble?: Trouble };

/** Asks any story where it stands. */
export const stateOfStory = defineQuery<StoryState>("state");

/** Tells a story that it has waited long enough; answers what that means, in a sentence. Refused where it waits for nothing that may be skipped. */
export const skipWait = defineUpdate<string>("skipWait");

/** Tells a story to end, and what it is about with it; answers what that means. Refused by stories that others rely on. */
export const giveUp = defineUpdate<string>("giveUp");

/** What an operation, an endpoint or a clock says that was given up. */
export const GIVEN_UP = "Given up on request";

export type Telling = {
  /** What happens at this moment, in plain words; costs nothing in the history. */
  now: (details: string) => void;
  /** The story has come to another state: also found by the search attribute `State`, which writes one history event. */
  became: (state: string, details: string) => void;
  /** Something that the story is at work on does not come on, or does again (null); costs nothing in the history. */
  troubled: (trouble: Pick<Trouble, "code" | "message"> | null) => void;
  /** Leaves something alone for a while of real time, or until an operator skips that. `what`: what comes then, as in "the next try". */
  rest: (ms: number, what: string) => Promise<void>;
  /** Waits until business time has come to `at`, or `orElse()` is true, or an operator skips the wait, which counts as having come there. */
  untilInstant: (clock: StoryClock, at: Date, what: string, orElse?: () => boolean) => Promise<"reached" | "interrupted">;
};

/**
 * Lets an operator read a story: the query `state`, the current details in the Temporal UI and the search attribute `State`.
 * TenantId, SubjectId, Kind and the first State are given by whoever starts the story, in the same call.
 */
export function tellStory(details: string): Telling {
  setHandler(giveUp, () => "", { validator: () => refuse("A story of this kind is not given up: others rely on it.") });
  return telling(details);
}

/** What becomes of a story, and of what it is about, when an operator gives it up. */
type GivingUp<End> = { onGiveUp?: (telling: Telling) => Promise<End> };

/**
 * Runs a story, and tells operators when its end is a failure. A run that answers nothing is to begin anew. One with `onGiveUp` may be given up:
 * what it does then is canceled, and that is done instead.
 */
export async function story<End>(
  details: string,
  run: (telling: Telling) => Promise<End>,
  { onGiveUp }: GivingUp<End> = {},
): Promise<End> {
  const scope = new CancellationScope();
  const stands: Standing<End> = { isOver: false };
  const handler = (): string => {
    if (onGiveUp) stands.instead = () => onGiveUp(told);
    scope.cancel();
    return "It is given up.";
  };
  const validator = (): void => {
    if (!onGiveUp) refuse("A story of this kind is not given up.");
    if (stands.isOver || stands.instead) refuse("It is over.");
  };
  setHandler(giveUp, handler, { validator });
  const told = telling(details);
  try {
    const running = scope.run(() => run(told));
    return await endOf(running, stands);
  } catch (error) {
    told.became("failed", rootCause(error) ?? "failed for an unknown reason");
    throw error;
  } finally {
    stands.isOver = true;
  }
}

/** `instead`: the story was given up, and this is done in its place. */
type Standing<End> = { isOver: boolean; instead?: () => Promise<End> };

/** What a run comes to. Where it was given up, what was canceled has no end of its own, and it does not begin anew either. */
async function endOf<End>(running: Promise<End>, stands: Standing<End>): Promise<End> {
  try {
    const end = await running;
    if (end !== undefined || !stands.instead) return end;
  } catch (error) {
    if (!stands.instead || !isCancellation(error)) throw error;
  }
  return stands.instead();
}

function telling(details: string): Telling {
  const told: StoryState = { state: "running", details };
  const wait = { isSkipped: false };
  setHandler(stateOfStory, () => told);
  const skip = (): string => {
    wait.isSkipped = true;
    return `It waits no longer for ${told.rests?.for}.`;
  };
  const validator = (): void => {
    if (!told.rests || wait.isSkipped) refuse("It waits for nothing that may be skipped.");
  };
  setHandler(skipWait, skip, { validator });
  setCurrentDetails(details);

  const now = (details: string): void => {
    told.details = details;
    setCurrentDetails(details);
  };
  const resting = async <T>(rests: Rest, waited: () => Promise<T>): Promise<T> => {
    Object.assign(wait, { isSkipped: false });
    told.rests = rests;
    try {
      return await waited();
    } finally {
      delete told.rests;
    }
  };
  const isSkipped = () => wait.isSkipped;
  return {
    now,
    became: (state, details) => {
      told.state = state;
      upsertSearchAttributes([{ key: { name: "State", type: "KEYWORD" }, value: state }]);
      now(details);
    },
    troubled: (trouble) => {
      if (trouble) told.trouble = { ...trouble, since: told.trouble?.since ?? instantIn(0).toISOString() };
      else delete told.trouble;
    },
    rest: (ms, what) => {
      const until = instantIn(ms).toISOString();
      return resting({ for: what, until }, async () => void (await condition(isSkipped, ms, { summary: `until ${what}` })));
    },
    untilInstant: (clock, at, what, orElse = () => false) => {
      const rests = { for: what, until: at.toISOString() };
      return resting(rests, async () => {
        const came = await untilInstant(clock, at, () => isSkipped() || orElse());
        return came === "interrupted" && isSkipped() && !orElse() ? "reached" : came;
      });
    },
  };
}

/** Says no to an operator, in plain words. */
function refuse(why: string): never {
  throw ApplicationFailure.nonRetryable(why, "refused");
}
