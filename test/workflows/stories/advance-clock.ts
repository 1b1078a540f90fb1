import { storiesActivities } from "../../../worker-host/stories/activities.ts";
import type { ClockStories } from "../../../worker-host/stories/clocks.ts";
import { until } from "../../host/edge-stand-in.ts";
import type { Play, Scene, World } from "../play.ts";

const STEP = "/internal/test_clocks/step";
const DAY_MS = 86_400_000;
const START = Date.parse("2026-11-20T09:00:00.000Z");
const MOVE = { tenantId: "ten_00test", clockId: "clk_00a", behind: 0 };

/** Stories that have all ended meanwhile: the clock takes each off its list, once it is due. */
const ENDED: ClockStories = {
  wake: () => Promise.resolve("gone"),
  tellTimeRuns: () => Promise.resolve("gone"),
  isAtRest: () => Promise.resolve(true),
};

function waiting({ edge }: World, days: number): void {
  edge.state.sandboxNow = START;
  for (let day = 1; day <= days; day++) edge.wakeups.set(`term/lic_${day}`, new Date(START + day * DAY_MS).toISOString());
}

const advancing = (days: number) => (world: World) => {
  waiting(world, days);
  const { state, wakeups } = world.edge;
  state.target = START + days * DAY_MS;
  return { args: [MOVE], rows: () => ({ now: state.sandboxNow, target: state.target, waiting: wakeups.size }) };
};
const arrived = (days: number) => ({ result: "ready", rows: { now: START + days * DAY_MS, target: null, waiting: 0 } });

export const play: Play = {
  workflow: "advanceClock",
  activities: (means) => storiesActivities({ ...means, stories: ENDED }),
  ways: {
    arrived: { timers: "short", turns: 1, begin: advancing(3), end: arrived(3) },
    "given-up": {
      timers: "short",
      turns: 1,
      begin: (world) => {
        const scene = advancing(3)(world);
        world.edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id: "ord_00a" } }); // never told to its story
        const meanwhile: Scene["meanwhile"] = async (_, ask) => {
          await until("it has been moved in vain", () => world.edge.callsOf(STEP).length > 8);
          await ask("giveUp");
        };
        return { ...scene, meanwhile };
      },
      end: { result: "failed", rows: { now: START, target: null, waiting: 3 } },
    },
    continued: { timers: "short", turns: 2, begin: advancing(120), end: arrived(120) },
  },
};
