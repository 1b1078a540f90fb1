import { storiesActivities } from "../../../worker-host/stories/activities.ts";
import type { Play } from "../play.ts";

export const play: Play = {
  workflow: "releaseClock",
  activities: (means) =>
    storiesActivities({
      ...means,
      stories: {
        wake: () => Promise.resolve("gone"),
        tellTimeRuns: () => Promise.resolve("gone"),
        isAtRest: () => Promise.resolve(true),
      },
    }),
  ways: {
    released: {
      timers: "short",
      begin: ({ edge }) => {
        for (const id of ["term/lic_1", "term/lic_2", "term/lic_3"]) edge.wakeups.set(id, "2026-11-20T09:00:00.000Z");
        return { args: [{ tenantId: "ten_00test" }], rows: () => edge.wakeups.size };
      },
      end: { result: { told: 0 }, rows: 0 },
    },
  },
};
