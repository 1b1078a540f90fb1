/**
 * How a story stands, as an operator reads it. `waiting`: for an instant, a signal or somebody; `working`; `retrying`: something failed and is tried again;
 * `stuck`: the same for so long that somebody should look; `failed` and `ended`: it is over.
 */
export const STORY_STATES = ["waiting", "working", "retrying", "stuck", "failed", "ended"] as const;

export type StoryState = (typeof STORY_STATES)[number];

/** What somebody may ask of a story: try again at once, wait no longer, or end it. */
export const STORY_COMMANDS = ["retry", "skip_wait", "give_up"] as const;

export type StoryCommand = (typeof STORY_COMMANDS)[number];
