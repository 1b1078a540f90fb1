import type { NativeConnection } from "@temporalio/worker";
import type { Metric } from "#rules/cache/metrics";
import type { TemporalConfig } from "../config.ts";

const ASK_MS = 2_000;

/**
 * Whether the build of this host is the one that its Worker Deployment gives new stories to. A host of another build looks well and does nothing new.
 * Without a sample where it belongs to no deployment, or Temporal does not say.
 */
export async function currentBuildMetric(
  connection: NativeConnection,
  { namespace, deployment }: TemporalConfig,
  buildId: string,
): Promise<Metric> {
  const current = deployment === null ? null : await currentBuildOf(connection, namespace, deployment).catch(() => null);
  return {
    type: "gauge",
    name: "current_build",
    help: "1 while new stories of the Worker Deployment go to this host's build; missing where it belongs to none",
    labels: [],
    samples: current === null ? [] : [{ values: [], value: current === buildId ? 1 : 0 }],
  };
}

/** Empty: no build of it is current. */
async function currentBuildOf(connection: NativeConnection, namespace: string, deploymentName: string): Promise<string> {
  const described = await connection.withDeadline(Date.now() + ASK_MS, () =>
    connection.workflowService.describeWorkerDeployment({ namespace, deploymentName }),
  );
  return described.workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? "";
}
