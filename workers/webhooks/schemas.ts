import { listQuery } from "#kernel/endpoint";
import { z, ExternalId, Instant, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { EVENT_TYPES } from "#rules/events";
import { isEventPattern } from "#rules/webhooks/patterns";
import { DELIVERY_STATES, DISABLED_REASONS } from "#rules/webhooks/states";

/** The longest time that a replaced secret may go on signing. */
export const OVERLAP_MAX_S = 86_400;

const endpointFields = {
  object: z.literal("webhook_endpoint"),
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  description: z.string().nullable(),
  disabled_at: Instant.nullable(),
  disabled_reason: z.enum(DISABLED_REASONS).nullable().openapi({ description: "gone: it answered 410." }),
  previous_secret_until: Instant.nullable().openapi({ description: "Until then the secret before the present one signs too." }),
  ...ownedOutput,
};

export const WebhookEndpoint = z.object(endpointFields).openapi("WebhookEndpoint");

export const WebhookEndpointWithSecret = z
  .object({
    ...endpointFields,
    secret: z.string().openapi({ description: "Verifies deliveries (Standard Webhooks). Shown once.", example: "whsec_…" }),
  })
  .openapi("WebhookEndpointWithSecret");

const EventPatterns = z
  .array(z.string().max(100).refine(isEventPattern, 'must be "*", "noun.*" or an event type'))
  .min(1)
  .max(100)
  .transform((patterns) => [...new Set(patterns)])
  .openapi({
    type: "array",
    items: { type: "string" },
    description: "`*`, `license.*`, or event types.",
    example: ["license.*", "order.paid"],
  });

const Url = z.string().min(1).max(2_048).openapi({ format: "uri", example: "https://hooks.acme.example/latchkey" });

export const NewWebhookEndpoint = z
  .strictObject({ url: Url, events: EventPatterns, description: text(500).nullish(), ...ownedInput })
  .openapi("NewWebhookEndpoint", {
    example: {
      url: "https://hooks.acme.example/latchkey",
      events: ["license.*", "order.paid"],
      description: "The shop's back office",
    },
  });

export const WebhookEndpointPatch = NewWebhookEndpoint.partial().openapi("WebhookEndpointPatch", { example: { events: ["*"] } });

export const WebhookEndpointQuery = listQuery({ external_id: ExternalId.optional() });

export const SecretRotation = z
  .strictObject({
    overlap_s: z.int().min(0).max(OVERLAP_MAX_S).optional().openapi({
      default: OVERLAP_MAX_S,
      description: "How long the present secret goes on signing beside the new one, in seconds; 0 for a leaked one.",
    }),
  })
  .openapi("SecretRotation", { example: { overlap_s: 3_600 } });

export const WebhookTest = z
  .object({
    object: z.literal("webhook_test"),
    id: z.string().openapi({ description: "The test's event, and so its `webhook-id`." }),
    endpoint_id: z.string(),
    event_type: z.literal("webhook_endpoint.tested"),
    created_at: Instant,
  })
  .openapi("WebhookTest");

const deliveryFields = {
  object: z.literal("delivery"),
  id: z.string(),
  endpoint_id: z.string(),
  event_id: z.string(),
  event_seq: z.int(),
  event_type: z.string(),
  state: z.enum(DELIVERY_STATES).openapi({ description: "canceled: its endpoint was deleted first." }),
  attempts_count: z.int(),
  next_attempt_at: Instant.nullable(),
  last_status: z.int().nullable().openapi({ description: "The HTTP status of the last attempt; null when no answer came." }),
  last_error: z.string().nullable().openapi({ description: "Why no answer came: timeout, connect, tls, dns, blocked, …" }),
  created_at: Instant,
  ended_at: Instant.nullable(),
};

export const Delivery = z.object(deliveryFields).openapi("Delivery");

const Attempt = z
  .object({
    object: z.literal("attempt"),
    id: z.string(),
    number: z.int(),
    created_at: Instant,
    duration_ms: z.int(),
    status: z.int().nullable(),
    error: z.string().nullable(),
    detail: z.string().nullable(),
    answer: z.string().nullable().openapi({ description: "How the answer began." }),
  })
  .openapi("Attempt");

export const DeliveryWithAttempts = z
  .object({ ...deliveryFields, attempts: z.array(Attempt).openapi({ description: "Newest first, at most 100." }) })
  .openapi("DeliveryWithAttempts");

export const DeliveryQuery = listQuery({
  state: z.enum(DELIVERY_STATES).optional(),
  event_id: Ref.optional(),
  event_type: z.enum(EVENT_TYPES).optional(),
});
