import { STORY_COMMANDS, type StoryCommand, type StoryState } from "./states.ts";

/**
 * What may be asked of a story beside trying again. Pumps are never given up: the queues of everybody are theirs. An order is not, because what is
 * paid for has to be given. A clock that is given up stands where it has come to, and may be advanced again.
 * An archive that waits no longer asks the tenant's settings anew, and archives nothing that is too young by them.
 */
const BESIDE_RETRY: Readonly<Record<string, readonly StoryCommand[]>> = {
  run_operation: ["give_up"],
  recover_endpoint: ["skip_wait", "give_up"],
  advance_clock: ["give_up"],
  archive_activations: ["skip_wait"],
};

/** What of a story says which commands it takes. */
export type Commanded = {
  kind: string;
  state: StoryState;
  waitsFor: string | null;
  isOver: boolean;
  /** Something was asked of it that nobody has done or refused yet. */
  isPending: boolean;
};

export type WhyNotCommand = "ended" | "pending" | "cannot_skip" | "cannot_give_up";

/** Why a story does not take a command now; null where it does. A failed story is over, but may be tried once more. */
export function whyNotCommand(story: Commanded, command: StoryCommand): WhyNotCommand | null {
  if (story.isOver && !(command === "retry" && story.state === "failed")) return "ended";
  if (story.isPending) return "pending";
  const takes = Object.hasOwn(BESIDE_RETRY, story.kind) ? (BESIDE_RETRY[story.kind] ?? []) : [];
  if (command === "skip_wait" && !(takes.includes(command) && story.waitsFor !== null)) return "cannot_skip";
  if (command === "give_up" && !takes.includes(command)) return "cannot_give_up";
  return null;
}

/** Which commands a story takes now. */
export const commandsOf = (story: Commanded): StoryCommand[] =>
  STORY_COMMANDS.filter((command) => whyNotCommand(story, command) === null);
