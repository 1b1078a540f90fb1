import type { Metric } from "#rules/cache/metrics";
import type { EdgeMetrics, StoryCount } from "../edge/routes.ts";
import { exposition } from "./exposition.ts";

/** What the page asks: the edge, over the network, the Temporal SDK, and the host itself. */
export type MetricsParts = {
  readEdge: () => Promise<EdgeMetrics>;
  /** A page of its own, in the same format. */
  readSdk: () => Promise<string>;
  readHost: () => Promise<Metric[]>;
};

/**
 * The whole page in Prometheus' text format. An edge that does not answer costs its own part alone, and `latchkey_edge_up` says so. What the SDK
 * counts keeps its own names, `temporal_…`.
 */
export async function metricsPage({ readEdge, readSdk, readHost }: MetricsParts): Promise<string> {
  const [edge, sdk, own] = await Promise.all([readEdge().catch(() => null), readSdk(), readHost()]);
  const up: Metric = {
    type: "gauge",
    name: "up",
    help: "1 when the edge told its counters for this page",
    labels: [],
    samples: [{ values: [], value: edge ? 1 : 0 }],
  };
  const host = edge ? [...own, storiesMetric(edge.stories)] : own;
  return exposition("latchkey_edge_", [up, ...(edge?.metrics ?? [])]) + exposition("latchkey_host_", host) + sdk;
}

const storiesMetric = (stories: readonly StoryCount[]): Metric => ({
  type: "gauge",
  name: "stories",
  help: "Stories by kind and state, up to a thousand of a state in a shard; those that ended well are not counted",
  labels: ["kind", "state"],
  samples: stories.map(({ kind, state, count }) => ({ values: [kind, state], value: count })),
});
