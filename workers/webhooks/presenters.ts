import type { AttemptRow, DeliveryRow } from "#db/webhooks/deliveries";
import type { WebhookEndpointRow } from "#db/webhooks/endpoints";
import type { WebhookQueueRow } from "#db/webhooks/queues";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import type { SendingState } from "#rules/webhooks/states";
import type { Delivery, DeliveryWithAttempts, WebhookEndpoint, WebhookEndpointWithSending } from "./schemas.ts";

export const presentEndpoint = (row: WebhookEndpointRow): z.infer<typeof WebhookEndpoint> => ({
  object: "webhook_endpoint",
  id: row.id,
  url: row.url,
  events: row.events,
  product_ids: row.productIds,
  description: row.description,
  origin: row.origin,
  header_names: row.headerNames,
  fifo: row.fifo,
  on_exhausted: row.onExhausted,
  rate_per_s: row.ratePerS,
  max_attempts: row.maxAttempts,
  disabled_at: row.disabledAt?.toISOString() ?? null,
  disabled_reason: row.disabledReason,
  public_key: row.publicKey,
  previous_secret_until: row.previousSecretUntil?.toISOString() ?? null,
  ...presentOwned(row),
});

/** An endpoint, how sending to it goes, and the story that tries it: `failingSeq` is the number of the event that called for one last. */
export const presentEndpointWithSending = (
  row: WebhookEndpointRow,
  queue: WebhookQueueRow | undefined,
  failingSeq: number | undefined,
): z.infer<typeof WebhookEndpointWithSending> => ({
  ...presentEndpoint(row),
  sending: {
    state: sendingState(row, queue),
    failing_since: queue?.failingSince?.toISOString() ?? null,
    failures: queue?.failures ?? 0,
    next_try_at: queue?.recoveringSince ? (queue.probeAt?.toISOString() ?? null) : null,
  },
  workflow_id:
    queue?.recoveringSince && failingSeq !== undefined && row.disabledAt === null
      ? workflowIdOf.recovery(row.id, failingSeq)
      : null,
});

function sendingState({ disabledAt }: WebhookEndpointRow, queue: WebhookQueueRow | undefined): SendingState {
  if (disabledAt !== null) return "disabled";
  if (queue?.recoveringSince) return "recovering";
  if (queue?.failingSince) return "failing";
  return queue?.catchingUpSince ? "catching_up" : "healthy";
}

export const presentDelivery = (row: DeliveryRow): z.infer<typeof Delivery> => ({
  object: "delivery",
  id: row.id,
  endpoint_id: row.endpointId,
  event_id: row.eventId,
  event_seq: row.eventSeq,
  event_type: row.eventType,
  state: row.state,
  attempts_count: row.attempts,
  next_attempt_at: row.state === "pending" ? row.nextAt.toISOString() : null,
  last_status: row.lastStatus,
  last_error: row.lastError,
  created_at: row.createdAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
});

export const presentDeliveryWithAttempts = (
  row: DeliveryRow,
  attempts: readonly AttemptRow[],
): z.infer<typeof DeliveryWithAttempts> => ({
  ...presentDelivery(row),
  attempts: attempts.map((attempt) => ({
    object: "attempt",
    id: attempt.id,
    number: attempt.number,
    created_at: attempt.at.toISOString(),
    duration_ms: attempt.durationMs,
    status: attempt.status,
    error: attempt.error,
    detail: attempt.detail,
    answer: attempt.answer,
  })),
});
