import type { Metric } from "#rules/cache/metrics";

/** The content type of Prometheus' text format. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes metrics in Prometheus' text format, each name behind `prefix`. A metric without a sample is told of with its help alone. */
export function exposition(prefix: string, metrics: readonly Metric[]): string {
  return metrics.map((metric) => oneMetric(`${prefix}${metric.name}`, metric)).join("");
}

function oneMetric(name: string, metric: Metric): string {
  const lines = [`# HELP ${name} ${escapeHelp(metric.help)}`, `# TYPE ${name} ${metric.type}`];
  if (metric.type === "histogram") {
    for (const sample of metric.samples) lines.push(...histogramLines(name, metric, sample));
  } else {
    for (const { values, value } of metric.samples) lines.push(`${name}${labelled(metric.labels, values)} ${value}`);
  }
  return `${lines.join("\n")}\n`;
}

type Histogram = Extract<Metric, { type: "histogram" }>;

function histogramLines(
  name: string,
  { labels, ends }: Histogram,
  { values, buckets, sum }: Histogram["samples"][number],
): string[] {
  let total = 0;
  const counted = [...ends.map(String), "+Inf"].map((end, i) => {
    total += buckets[i] ?? 0;
    return `${name}_bucket${labelled([...labels, "le"], [...values, end])} ${total}`;
  });
  return [...counted, `${name}_sum${labelled(labels, values)} ${sum}`, `${name}_count${labelled(labels, values)} ${total}`];
}

function labelled(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return "";
  return `{${labels.map((label, i) => `${label}="${escapeValue(values[i] ?? "")}"`).join(",")}}`;
}

function escapeValue(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
