import { licensingActivities } from "../../../worker-host/licensing/activities.ts";
import { until, type EdgeStandIn } from "../../host/edge-stand-in.ts";
import type { Play, Scene } from "../play.ts";

const STEP = "/internal/operations/step";

export const play: Play = {
  workflow: "runOperation",
  activities: licensingActivities,
  ways: {
    succeeded: {
      timers: "short",
      begin: ({ edge }) => operated(edge, 120),
      end: { result: { outcome: "succeeded", done: 120 }, rows: { status: "succeeded", worked: upTo(120) } },
    },
    canceled: {
      timers: "short",
      begin: ({ edge }) => canceledAt(edge, 120, 99),
      end: { result: { outcome: "canceled", done: 100 }, rows: { status: "canceled", worked: upTo(100) } },
    },
    refused: {
      timers: "short",
      begin: ({ edge }) => {
        const scene = operated(edge, 120);
        for (const operation of edge.operations.values()) operation.refusal = "revision_not_found";
        return scene;
      },
      end: { result: { failed: "operation_failed" }, rows: { status: "failed", worked: [] } },
    },
    rested: {
      timers: "short",
      turns: 2,
      begin: ({ edge }) => {
        const scene = operated(edge, 120);
        for (const operation of edge.operations.values()) operation.rests = 3;
        return scene;
      },
      end: { result: { outcome: "succeeded", done: 120 }, rows: { status: "succeeded", worked: upTo(120) } },
    },
    "given-up": {
      timers: "as they are",
      begin: ({ edge }) => {
        for (let n = 0; n < 20; n++) edge.failNext(STEP, { status: 429, headers: { "retry-after": "3600" } });
        const meanwhile: Scene["meanwhile"] = async (_, ask) => {
          await until("it waits for the edge", () => edge.callsOf(STEP).length > 0);
          await ask("giveUp");
        };
        return { ...operated(edge, 120), meanwhile };
      },
      end: { result: { outcome: "given_up", done: 0 }, rows: { status: "failed", worked: [] } },
    },
    continued: {
      timers: "short",
      turns: 2,
      begin: ({ edge }) => {
        // each longer pause of the edge is a timer in the history, so that it grows until the server suggests to begin anew
        for (let n = 0; n < 5; n++) edge.failNext(STEP, { status: 429, headers: { "retry-after": "6" } });
        return operated(edge, 300);
      },
      end: { result: { outcome: "succeeded", done: 300 }, rows: { status: "succeeded", worked: upTo(300) } },
    },
  },
};

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

function operated(edge: EdgeStandIn, total: number): Scene {
  const operationId = edge.operation(total);
  const rows = () => {
    const operation = edge.operations.get(operationId);
    return { status: operation?.status, worked: [...(operation?.worked ?? [])] };
  };
  return { args: [{ tenantId: "ten_00a", operationId }], rows };
}

/** An operation that its caller cancels as soon as the license of that number had its turn. */
function canceledAt(edge: EdgeStandIn, total: number, last: number): Scene {
  const scene = operated(edge, total);
  for (const operation of edge.operations.values()) {
    const push = operation.worked.push.bind(operation.worked);
    operation.worked.push = (n) => {
      if (n === last) operation.status = "canceled";
      return push(n);
    };
  }
  return scene;
}
