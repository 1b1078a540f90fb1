import { defineProblem } from "#kernel/problem";

export const testClockNotFound = defineProblem({
  code: "test_clock_not_found",
  status: 404,
  title: "No such test clock",
  fix: "Look whether the sandbox has one with GET /v1/test_clocks, or make one with POST /v1/test_clocks.",
  detail: () => "This tenant has no test clock of this id.",
});

export const sandboxOnly = defineProblem<{ sandbox: string }>({
  code: "sandbox_only",
  status: 409,
  title: "Only a sandbox has a test clock",
  fix: "Call with a test key (lk_sk_test_…): it belongs to the tenant's sandbox.",
  detail: ({ sandbox }) => `The time of a live tenant is real time. Its sandbox is ${sandbox}.`,
});

export const testClockExists = defineProblem({
  code: "test_clock_exists",
  status: 409,
  title: "The sandbox has a test clock",
  fix: "Advance the clock that GET /v1/test_clocks shows, or delete it first.",
  detail: () => "A sandbox has one time, and so one test clock.",
});

export const testClockAdvancing = defineProblem<{ target: string }>({
  code: "test_clock_advancing",
  status: 409,
  title: "The test clock is being advanced",
  fix: "Wait until GET /v1/test_clocks/{id} says ready, or failed and for which story it waits.",
  detail: ({ target }) => `It is on its way to ${target}.`,
});

export const testClockBackward = defineProblem<{ now: string }>({
  code: "test_clock_backward",
  status: 400,
  title: "A test clock only goes forward",
  fix: "Name an instant that is not before the sandbox's now.",
  detail: ({ now }) => `The sandbox's time is ${now}.`,
});

export const testClockTooFar = defineProblem<{ furthest: string }>({
  code: "test_clock_too_far",
  status: 400,
  title: "That is too far at once",
  fix: "Advance in several steps, of two years at most.",
  detail: ({ furthest }) => `A test clock goes no further than ${furthest} at once.`,
});

export const storyNotFound = defineProblem({
  code: "story_not_found",
  status: 404,
  title: "No such story",
  fix: "List stories with GET /v1/stories: those that are over are kept for thirty days.",
  detail: () => "There is no story of this id that this key may see.",
});

export const storyEnded = defineProblem<{ state: string }>({
  code: "story_ended",
  status: 409,
  title: "The story is over",
  fix: "Nothing is left to do. Only a failed story may be tried again, with retry.",
  detail: ({ state }) => `The story has ${state}.`,
});

export const storyCannotSkip = defineProblem<{ kind: string }>({
  code: "story_cannot_skip",
  status: 409,
  title: "There is no wait to skip",
  fix: "Look at `commands` of the story: it says what the story takes now.",
  detail: ({ kind }) => `This story (${kind}) waits for nothing that may be skipped.`,
});

export const storyCannotGiveUp = defineProblem<{ kind: string }>({
  code: "story_cannot_give_up",
  status: 409,
  title: "A story of this kind is not given up",
  fix: "Mend what its error tells, and retry.",
  detail: ({ kind }) => `Others rely on the end of a story of this kind (${kind}).`,
});

export const storyCommandPending = defineProblem<{ command: string }>({
  code: "story_command_pending",
  status: 409,
  title: "Something was asked of the story already",
  fix: "Wait until `last_command` of the story has an outcome; that takes seconds where the worker host runs.",
  detail: ({ command }) => `${command} was asked, and the worker host has not told yet what became of it.`,
});

export const lifecycleRunNotFound = defineProblem({
  code: "lifecycle_run_not_found",
  status: 404,
  title: "No such sweep",
  fix: "Ask for one with POST /v1/lifecycle/run: sweeps that are over are kept for ninety days.",
  detail: () => "There is no sweep of this id.",
});

export const lifecycleRunning = defineProblem<{ id: string }>({
  code: "lifecycle_running",
  status: 409,
  title: "A sweep of this shard is not over",
  fix: "Look at it with GET /v1/lifecycle/runs/{id}; when it has ended, ask again.",
  detail: ({ id }) => `The sweep ${id} waits for the worker host or is under way.`,
});
