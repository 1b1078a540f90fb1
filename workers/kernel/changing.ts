import { NotUnique } from "#db/commit";
import { changedMeanwhile, externalIdTaken } from "./problems.ts";
import type { ProblemError } from "./problem.ts";

/** As many racers as one object meets in practice: the last of them loses this often before it wins. */
const TRIES = 20;

/**
 * Reads, judges and writes until the write meets the version that was read. `attempt` returns undefined when somebody else was faster;
 * then it is called again, so that the rule is asked of what is there now. Throws `changed_meanwhile` after several losses.
 */
export async function changing<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < TRIES; i++) {
    const done = await attempt();
    if (done !== undefined) return done;
  }
  throw changedMeanwhile({});
}

/** Turns a refusal of a unique index into the problem that a person understands; `taken` maps a column to its problem. */
export function asTaken(taken: Record<string, () => ProblemError>): (error: unknown) => never {
  return (error) => {
    if (error instanceof NotUnique) {
      if (error.columns.includes(".external_id")) throw externalIdTaken({});
      for (const [column, problem] of Object.entries(taken)) {
        if (error.columns.includes(`.${column}`)) throw problem();
      }
    }
    throw error;
  };
}
