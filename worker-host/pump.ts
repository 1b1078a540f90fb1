import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import type { NativeConnection } from "@temporalio/worker";
import { backoffMs, pause } from "./backoff.ts";
import { messageOf, type Log } from "./log.ts";
import { searchAttributes } from "./temporal/search-attributes.ts";

/** A story that keeps somebody at work in a shard, for ever. */
export type Pump = { workflow: string; idPrefix: string; kind: string; summary: (shard: string) => string };

export const WEBHOOK_PUMP: Pump = {
  workflow: "deliverWebhooks",
  idPrefix: "deliveries",
  kind: "deliver_webhooks",
  summary: (shard) => `Deliver the webhooks of shard ${shard}`,
};

export const MAIL_PUMP: Pump = {
  workflow: "sendMail",
  idPrefix: "mail",
  kind: "send_mail",
  summary: (shard) => `Send the mail of shard ${shard}`,
};

export type PumpParts = {
  pump: Pump;
  client: Client;
  connection: NativeConnection;
  taskQueue: string;
  shard: string;
  log: Log;
};

/** How often a pump is looked after: it may have been terminated by hand, or Temporal may have begun anew. */
const LOOK_EVERY_MS = 30_000;
const START_MS = 10_000;

/** Sees to it that a pump of the shard runs, until the signal aborts. Starting one that runs is a no-op. Never throws. */
export async function keepPumpRunning(parts: PumpParts, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await startPump(parts);
      failures = 0;
    } catch (error) {
      failures++;
      parts.log.warn("pump_not_started", {
        workflow_id: `${parts.pump.idPrefix}/${parts.shard}`,
        shard: parts.shard,
        error: messageOf(error),
      });
    }
    await pause(failures === 0 ? LOOK_EVERY_MS : backoffMs(failures), signal);
  }
}

/** A pump belongs to the platform: it works for every tenant of the shard. */
async function startPump({ pump, client, connection, taskQueue, shard }: PumpParts): Promise<void> {
  await connection.withDeadline(Date.now() + START_MS, () =>
    client.workflow.start(pump.workflow, {
      taskQueue,
      workflowId: `${pump.idPrefix}/${shard}`,
      args: [{ shard }],
      workflowIdReusePolicy: "ALLOW_DUPLICATE",
      workflowIdConflictPolicy: "USE_EXISTING",
      workflowTaskTimeout: "5 seconds",
      staticSummary: pump.summary(shard),
      typedSearchAttributes: new TypedSearchAttributes(
        searchAttributes({ tenantId: "platform", subjectId: shard, kind: pump.kind }),
      ),
    }),
  );
}
