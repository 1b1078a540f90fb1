import type { Metric } from "./metrics.ts";

/** What waits to be taken: facts by the relay, webhooks and mails by their pumps. */
export const QUEUES = ["events", "deliveries", "notices"] as const;
export type Queue = (typeof QUEUES)[number];

/** Since when the first of each queue of a shard waits; null: nothing does. A shard whose database did not answer has no `due`. */
export type Waiting = { shard: string; due: Record<Queue, Date | null> | null };

/** How much waits in the databases, as metrics: what of all shards has waited longest, and which shards answered. */
export function standingMetrics(waiting: readonly Waiting[], now: Date): Metric[] {
  const known = waiting.flatMap(({ due }) => due ?? []);
  const ages = QUEUES.flatMap((queue) => {
    const seconds = known.map(({ [queue]: since }) => (since ? Math.max(0, now.getTime() - since.getTime()) / 1000 : 0));
    return seconds.length === 0 ? [] : [{ values: [queue], value: Math.max(...seconds) }];
  });
  return [
    {
      type: "gauge",
      name: "database_up",
      help: "1 when a shard's database answered for this page within three seconds",
      labels: ["shard"],
      samples: waiting.map(({ shard, due }) => ({ values: [shard], value: due ? 1 : 0 })),
    },
    {
      type: "gauge",
      name: "due_age_seconds",
      help: "For how long the first of a queue has waited that nobody has taken; 0 when none is due",
      labels: ["queue"],
      samples: ages,
    },
  ];
}
