import { defineQuery, rootCause, setCurrentDetails, setHandler, upsertSearchAttributes } from "@temporalio/workflow";

/** Where a story stands, as the query `state` answers it: one word to filter by, and a sentence to read. */
export type StoryState = { state: string; details: string };

/** Asks any story where it stands. */
export const stateOfStory = defineQuery<StoryState>("state");

export type Telling = {
  /** What happens at this moment, in plain words; costs nothing in the history. */
  now: (details: string) => void;
  /** The story has come to another state: also found by the search attribute `State`, which writes one history event. */
  became: (state: string, details: string) => void;
};

/**
 * Lets an operator read a story: the query `state`, the current details in the Temporal UI and the search attribute `State`.
 * TenantId, SubjectId, Kind and the first State are given by whoever starts the story, in the same call.
 */
export function tellStory(details: string): Telling {
  const told: StoryState = { state: "running", details };
  setHandler(stateOfStory, () => told);
  setCurrentDetails(details);

  const now = (details: string): void => {
    told.details = details;
    setCurrentDetails(details);
  };
  return {
    now,
    became: (state, details) => {
      told.state = state;
      upsertSearchAttributes([{ key: { name: "State", type: "KEYWORD" }, value: state }]);
      now(details);
    },
  };
}

/** Runs a story that has an end, and tells operators when that is a failure. */
export async function story<T>(details: string, run: (telling: Telling) => Promise<T>): Promise<T> {
  const telling = tellStory(details);
  try {
    return await run(telling);
  } catch (error) {
    telling.became("failed", rootCause(error) ?? "failed for an unknown reason");
    throw error;
  }
}
