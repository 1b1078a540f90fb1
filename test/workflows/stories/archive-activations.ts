import { clockActivities } from "../../../worker-host/clock/activities.ts";
import { licensingActivities } from "../../../worker-host/licensing/activities.ts";
import { endOfMonth, soonestArchive } from "#rules/licensing/archive-month";
import { wake } from "../../../workflows/clock.ts";
import { until } from "../../host/edge-stand-in.ts";
import type { Play, Scene, World } from "../play.ts";

const STEP = "/internal/activations/archive";
const MONTH = "2026-05";
const DAY_MS = 86_400_000;

/** A month that is long over, with so many seats that were released in it. */
function over({ edge }: World, released: number): Scene {
  edge.released.set(MONTH, released);
  const rows = () => ({ left: edge.released.get(MONTH), archived: edge.state.archived, waits: edge.wakeups.size });
  return { args: [{ tenantId: "ten_00a", month: MONTH, livemode: true }], rows };
}

/** In a sandbox whose clock stands in that month; once the story is to look, the setting says that it is to come back later. */
function tooEarly(world: World): Scene {
  const { edge, workflowId } = world;
  const first = soonestArchive(MONTH);
  const later = new Date(endOfMonth(MONTH).getTime() + 90 * DAY_MS);
  edge.state.sandboxNow = endOfMonth(MONTH).getTime() - DAY_MS;
  return {
    ...over(world, 3),
    args: [{ tenantId: "ten_00test", month: MONTH, livemode: false }],
    meanwhile: async (signal) => {
      for (const at of [first, later].map((instant) => instant.toISOString())) {
        await until(`the story waits for ${at}`, () => edge.wakeups.get(workflowId) === at);
        edge.state.sandboxNow = Date.parse(at); // the clock moves first: a story that asks again is told so
        await signal(wake, { at });
      }
    },
  };
}

export const play: Play = {
  workflow: "archiveActivations",
  activities: (means) => ({ ...licensingActivities(means), ...clockActivities(means) }),
  ways: {
    archived: {
      timers: "short",
      turns: 1,
      begin: (world) => over(world, 5),
      end: { result: "archived", rows: { left: 0, archived: 5, waits: 0 } },
    },
    kept: {
      timers: "short",
      begin: (world) => {
        world.edge.state.archiveAfterDays = null;
        return over(world, 5);
      },
      end: { result: "kept", rows: { left: 5, archived: 0, waits: 0 } },
    },
    later: {
      timers: "as they are",
      turns: 1,
      begin: tooEarly,
      end: { result: "archived", rows: { left: 0, archived: 3, waits: 0 } },
    },
    continued: {
      timers: "short",
      turns: 2,
      begin: (world) => {
        // each longer pause of the edge is a timer in the history, so that it grows until the server suggests to begin anew
        for (let n = 0; n < 5; n++) world.edge.failNext(STEP, { status: 429, headers: { "retry-after": "6" } });
        return over(world, 13);
      },
      end: { result: "archived", rows: { left: 0, archived: 13, waits: 0 } },
    },
  },
};
