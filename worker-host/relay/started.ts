import type { StartStory } from "./start-story.ts";

/** So many ids take about a megabyte. */
const REMEMBERED = 10_000;

/**
 * Starts stories that many events call for once in the life of this host, as far as it remembers: each further start would change nothing, and cost
 * a call all the same. The others are started whenever they are called for.
 */
export function rememberingStarts(start: StartStory, remembered = REMEMBERED): StartStory {
  const started = new Set<string>();
  return async (story) => {
    if (story.isCalledForOften !== true) return start(story);
    const { workflowId } = story;
    // the order of a set is that of its insertions: who is asked for again moves to the end
    if (!started.delete(workflowId)) await start(story);
    started.add(workflowId);
    for (const oldest of started) {
      if (started.size <= remembered) break;
      started.delete(oldest);
    }
  };
}
