import { setTimeout as sleep } from "node:timers/promises";
import type { LicensingActivities } from "#workflows/licensing/activities";
import { viaEdge } from "../edge/errors.ts";
import type { Edge } from "../edge/routes.ts";
import type { Failpoint } from "../failpoint.ts";

/** The longest rest between two steps. */
const LONGEST_REST_MS = 1_000;

/** Each is one call: the edge notes how far it has come with what it does, so a repetition goes on from there. */
export const licensingActivities = ({ edge, failpoint }: { edge: Edge; failpoint: Failpoint }): LicensingActivities => ({
  async stepOperation(operation) {
    const beganMs = performance.now();
    const progress = await viaEdge(edge.stepOperation(operation));
    failpoint(progress.status === "running" ? "operation.stepped" : "operation.finished");
    // a long work rests for as long as it took, so that the database has half of the time for everybody else
    if (progress.status === "running") await sleep(Math.min(performance.now() - beganMs, LONGEST_REST_MS));
    return progress;
  },

  async archiveStep(released) {
    const beganMs = performance.now();
    const progress = await viaEdge(edge.archiveActivations(released));
    // as above: the archive can wait, the tenant's devices cannot
    if (progress.outcome === "more") await sleep(Math.min(performance.now() - beganMs, LONGEST_REST_MS));
    return progress;
  },

  async failOperation(operation) {
    return viaEdge(edge.failOperation(operation));
  },
});
