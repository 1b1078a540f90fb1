import { webhookActivities } from "../../../worker-host/webhooks/activities.ts";
import type { Play, Way } from "../play.ts";

/** An endpoint that answers each try in turn, and the last answer from then on. */
const answering = (...answers: string[]): Way["begin"] => {
  return async ({ edge, endpoint }) => {
    const { url } = await endpoint();
    const endpointId = edge.recovering(answers.map((answer) => `${url}/${answer}`));
    const rows = () => {
      const row = edge.endpoints.get(endpointId);
      return { state: row?.state, answers: row?.answers };
    };
    return { args: [{ tenantId: "ten_00a", endpointId }], rows };
  };
};

export const play: Play = {
  workflow: "recoverEndpoint",
  activities: webhookActivities,
  ways: {
    recovered: {
      timers: "short",
      begin: answering("503", "200"),
      end: { result: "recovered", rows: { state: "recovered", answers: [503, 200] } },
    },
    ended: {
      timers: "short",
      begin: answering("410"),
      end: { result: "ended", rows: { state: "ended", answers: [410] } },
    },
    continued: {
      timers: "short",
      turns: 2,
      begin: answering("503", "503", "503", "503", "503", "200"),
      end: { result: "recovered", rows: { state: "recovered", answers: [503, 503, 503, 503, 503, 200] } },
    },
  },
};
