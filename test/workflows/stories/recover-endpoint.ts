import { webhookActivities } from "../../../worker-host/webhooks/activities.ts";
import type { Play, Way } from "../play.ts";

const HOUR_MS = 3_600_000;

/** An endpoint that is left alone for an hour, which nobody waits for: an operator asks for what is to happen instead. */
const asked = (what: "skipWait" | "giveUp"): Way["begin"] => {
  return async (world) => {
    const { args, ...scene } = await answering("200")(world);
    return {
      ...scene,
      args: args.map((recovery) => ({ ...(recovery as object), restMs: HOUR_MS })),
      meanwhile: (_, ask) => ask(what),
    };
  };
};

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
    "wait-skipped": {
      timers: "as they are",
      begin: asked("skipWait"),
      end: { result: "recovered", rows: { state: "recovered", answers: [200] } },
    },
    "given-up": {
      timers: "as they are",
      begin: asked("giveUp"),
      end: { result: "ended", rows: { state: "given up", answers: [] } },
    },
    continued: {
      timers: "short",
      turns: 2,
      begin: answering("503", "503", "503", "503", "503", "200"),
      end: { result: "recovered", rows: { state: "recovered", answers: [503, 503, 503, 503, 503, 200] } },
    },
  },
};
