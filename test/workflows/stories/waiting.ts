import { clockActivities } from "../../../worker-host/clock/activities.ts";
import { wake } from "../../../workflows/clock.ts";
import { until } from "../../host/edge-stand-in.ts";
import type { Play, World } from "../play.ts";

const DAY_MS = 86_400_000;
const SANDBOX = { tenantId: "ten_00test", livemode: false };
const LIVE = { tenantId: "ten_00live", livemode: true };
const fromNow = (ms: number): string => new Date(Date.now() + ms).toISOString();

const registered = (world: World, at: string) =>
  until(`the story waits for ${at}`, () => world.edge.wakeups.get(world.workflowId) === at);

/** Not a story of ours: it stands for every story that waits for an instant of business time. */
export const play: Play = {
  workflow: "waitForInstants",
  activities: clockActivities,
  ways: {
    "live-reached": {
      timers: "as they are",
      begin: ({ edge }) => ({
        // from when it is started: what is prepared may wait for its turn
        get args() {
          return [LIVE, [fromNow(2_000)]];
        },
        rows: () => edge.wakeups.size,
      }),
      end: { result: ["reached"], rows: 0 },
    },
    "live-skipped": {
      timers: "as they are",
      begin: ({ edge }) => ({
        args: [LIVE, [fromNow(DAY_MS)]],
        rows: () => edge.wakeups.size,
        meanwhile: (_, ask) => ask("skipWait"),
      }),
      end: { result: ["reached"], rows: 0 },
    },
    "sandbox-skipped": {
      timers: "as they are",
      begin: ({ edge }) => {
        edge.state.sandboxNow = Date.now();
        return {
          args: [SANDBOX, [fromNow(DAY_MS)]],
          rows: () => edge.wakeups.size,
          meanwhile: (_, ask) => ask("skipWait"),
        };
      },
      end: { result: ["reached"], rows: 0 },
    },
    "sandbox-woken": {
      timers: "as they are",
      begin: (world) => {
        const [first, second] = [fromNow(DAY_MS), fromNow(2 * DAY_MS)];
        world.edge.state.sandboxNow = Date.now(); // a test clock holds the time
        return {
          args: [SANDBOX, [first, second]],
          rows: () => world.edge.wakeups.size,
          meanwhile: async (signal) => {
            for (const at of [first, second]) {
              await registered(world, at);
              // the clock moves, and notes whom it wakes, first: a story that asks again, because its host died, is told so
              world.edge.state.sandboxNow = Date.parse(at);
              world.edge.woken.add(world.workflowId);
              await signal(wake, { at });
            }
          },
        };
      },
      end: { result: ["reached", "reached"], rows: 0 },
    },
    "sandbox-interrupted": {
      timers: "as they are",
      begin: (world) => {
        const at = fromNow(DAY_MS);
        return {
          args: [SANDBOX, [at], 100],
          rows: () => world.edge.wakeups.size,
          meanwhile: async (signal) => {
            await registered(world, at);
            await signal("interrupt");
          },
        };
      },
      end: { result: ["interrupted"], rows: 0 },
    },
  },
};
