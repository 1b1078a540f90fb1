import type { LicensingActivities } from "#workflows/licensing/activities";
import { viaEdge } from "../edge/errors.ts";
import type { Edge } from "../edge/routes.ts";
import type { Failpoint } from "../failpoint.ts";

/** Each is one call: the edge notes how far it has come with what it does, so a repetition goes on from there. */
export const licensingActivities = ({ edge, failpoint }: { edge: Edge; failpoint: Failpoint }): LicensingActivities => ({
  async stepOperation(operation) {
    const progress = await viaEdge(edge.stepOperation(operation));
    failpoint(progress.status === "running" ? "operation.stepped" : "operation.finished");
    return progress;
  },

  async failOperation(operation) {
    return viaEdge(edge.failOperation(operation));
  },
});
