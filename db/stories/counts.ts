import type { StoryState } from "#rules/stories/states";

export type StoryCount = { kind: string; state: StoryState; count: number };

/** More of a state are not counted: whoever has a thousand stuck stories needs no better number, and a page is read every few seconds. */
const AT_MOST = 1000;

/** How many stories of each kind stand in each of these states, up to a thousand of a state; none of what is not there. */
export async function countStories(d1: D1Database, states: readonly StoryState[]): Promise<StoryCount[]> {
  const { results } = await d1
    .prepare(
      `select n.kind, n.state, count(*) as count
       from json_each(?1) s join stories n on n.rowid in (
         select rowid from stories indexed by stories_state_anywhere where state = s.value limit ${AT_MOST})
       group by 1, 2`,
    )
    .bind(JSON.stringify(states))
    .all<StoryCount>();
  return results;
}
