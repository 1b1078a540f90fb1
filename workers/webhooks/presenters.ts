import type { AttemptRow, DeliveryRow } from "#db/webhooks/deliveries";
import type { WebhookEndpointRow } from "#db/webhooks/endpoints";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { Delivery, DeliveryWithAttempts, WebhookEndpoint } from "./schemas.ts";

export const presentEndpoint = (row: WebhookEndpointRow): z.infer<typeof WebhookEndpoint> => ({
  object: "webhook_endpoint",
  id: row.id,
  url: row.url,
  events: row.events,
  description: row.description,
  disabled_at: row.disabledAt?.toISOString() ?? null,
  disabled_reason: row.disabledReason,
  previous_secret_until: row.previousSecretUntil?.toISOString() ?? null,
  ...presentOwned(row),
});

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
