import type { Metric } from "#rules/cache/metrics";
import { exposition } from "./exposition.ts";

/** What the page asks: the edge, over the network, and the host itself. */
export type MetricsParts = { readEdge: () => Promise<Metric[]>; readHost: () => Metric[] };

/** The whole page in Prometheus' text format. An edge that does not answer costs its own part alone, and `latchkey_edge_up` says so. */
export async function metricsPage({ readEdge, readHost }: MetricsParts): Promise<string> {
  const edge = await readEdge().catch(() => null);
  const up: Metric = {
    type: "gauge",
    name: "up",
    help: "1 when the edge told its counters for this page",
    labels: [],
    samples: [{ values: [], value: edge ? 1 : 0 }],
  };
  return exposition("latchkey_edge_", [up, ...(edge ?? [])]) + exposition("latchkey_host_", readHost());
}
