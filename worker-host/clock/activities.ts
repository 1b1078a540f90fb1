import type { ClockActivities } from "#workflows/clock";
import { viaEdge } from "../edge/errors.ts";
import type { Edge } from "../edge/routes.ts";

/** A story waits for one instant at a time, so its id is the key: registering again replaces, ending twice is a no-op. */
export const clockActivities = ({ edge }: { edge: Edge }): ClockActivities => ({
  registerWakeup: (wakeup) => viaEdge(edge.registerWakeup(wakeup)),
  wakeupDone: (wakeup) => viaEdge(edge.wakeupDone(wakeup)),
});
