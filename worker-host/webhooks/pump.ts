import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import type { NativeConnection } from "@temporalio/worker";
import { backoffMs, pause } from "../backoff.ts";
import { messageOf, type Log } from "../log.ts";
import { searchAttributes } from "../temporal/search-attributes.ts";

export type PumpParts = { client: Client; connection: NativeConnection; taskQueue: string; shard: string; log: Log };

/** How often a pump is looked after: it may have been terminated by hand, or Temporal may have begun anew. */
const LOOK_EVERY_MS = 30_000;
const START_MS = 10_000;

/** Sees to it that the shard's webhook pump runs, until the signal aborts. Starting one that runs is a no-op. Never throws. */
export async function keepPumpRunning(parts: PumpParts, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await startPump(parts);
      failures = 0;
    } catch (error) {
      failures++;
      parts.log.warn("pump_not_started", { shard: parts.shard, error: messageOf(error) });
    }
    await pause(failures === 0 ? LOOK_EVERY_MS : backoffMs(failures), signal);
  }
}

/** The pump belongs to the platform: it delivers for every tenant of the shard. */
async function startPump({ client, connection, taskQueue, shard }: PumpParts): Promise<void> {
  await connection.withDeadline(Date.now() + START_MS, () =>
    client.workflow.start("deliverWebhooks", {
      taskQueue,
      workflowId: `deliveries/${shard}`,
      args: [{ shard }],
      workflowIdReusePolicy: "ALLOW_DUPLICATE",
      workflowIdConflictPolicy: "USE_EXISTING",
      workflowTaskTimeout: "5 seconds",
      staticSummary: `Deliver the webhooks of shard ${shard}`,
      typedSearchAttributes: new TypedSearchAttributes(
        searchAttributes({ tenantId: "platform", subjectId: shard, kind: "deliver_webhooks" }),
      ),
    }),
  );
}
