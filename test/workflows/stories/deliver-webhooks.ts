import { webhookActivities } from "../../../worker-host/webhooks/activities.ts";
import type { Play } from "../play.ts";

export const play: Play = {
  workflow: "deliverWebhooks",
  activities: webhookActivities,
  ways: {
    continued: {
      timers: "short",
      turns: 2,
      begin: async ({ edge, endpoint }) => {
        const { url, ids } = await endpoint();
        for (const answer of ["200", "410", "503", "200"]) edge.delivery(`${url}/${answer}`);
        return {
          args: [{ shard: "00" }],
          // at least once at the endpoint, and once in the rows
          rows: () => ({ states: edge.deliveries.map(({ state }) => state), received: [...new Set(ids())].toSorted() }),
          enough: () => edge.deliveries.every(({ state }) => state !== "due"),
        };
      },
      end: {
        result: "runs",
        rows: {
          states: ["succeeded", "exhausted", "exhausted", "succeeded"],
          received: ["evt_001", "evt_002", "evt_003", "evt_004"],
        },
      },
    },
  },
};
