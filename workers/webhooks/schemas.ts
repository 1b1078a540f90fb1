import { listQuery } from "#kernel/endpoint";
import { EventPattern, EventPatterns } from "#kernel/event-patterns";
import { z, ExternalId, Instant, InstantInput, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { EVENT_TYPES } from "#rules/events";
import { HEADER_VALUE_MAX, headerFaults, HEADERS_MAX } from "#rules/webhooks/headers";
import { ATTEMPT_DELAYS_S } from "#rules/webhooks/schedule";
import { DELIVERY_STATES, DISABLED_REASONS, ENDPOINT_ORIGINS, ON_EXHAUSTED, SENDING_STATES } from "#rules/webhooks/states";

/** The longest time that a replaced secret may go on signing. */
export const OVERLAP_MAX_S = 86_400;

const endpointFields = {
  object: z.literal("webhook_endpoint"),
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  product_ids: z
    .array(z.string())
    .nullable()
    .openapi({ description: "What is told of other products is left out; null: nothing is." }),
  description: z.string().nullable(),
  origin: z
    .enum(ENDPOINT_ORIGINS)
    .openapi({ description: "rest_hook: an automation tool subscribed; the endpoint ends when its target answers 410." }),
  header_names: z.array(z.string()).openapi({ description: "Which headers of its own it is sent; their values are not shown." }),
  fifo: z.boolean(),
  on_exhausted: z.enum(ON_EXHAUSTED),
  rate_per_s: z.int().nullable(),
  max_attempts: z.int().nullable(),
  disabled_at: Instant.nullable(),
  disabled_reason: z.enum(DISABLED_REASONS).nullable().openapi({
    description:
      "gone: it answered 410. failing: nothing arrived for `settings.webhooks.disable_after_days`. paused: POST /v1/webhook_endpoints/{id}/disable.",
  }),
  public_key: z.string().nullable().openapi({
    description:
      "Verifies the `v1a` signatures (Ed25519) without the secret: `whpk_` and the key in base64. null: of an endpoint that was made before there were any, until something is sent to it.",
    example: "whpk_Ct0cbQ…",
  }),
  previous_secret_until: Instant.nullable().openapi({
    description: "Until then the secret and the key pair before the present ones sign too.",
  }),
  ...ownedOutput,
};

export const WebhookEndpoint = z.object(endpointFields).openapi("WebhookEndpoint");

export const WebhookEndpointWithSending = z
  .object({
    ...endpointFields,
    sending: z
      .object({
        state: z.enum(SENDING_STATES).openapi({
          description:
            "failing: the last attempts failed. recovering: ten in a row did, and one delivery at a time is tried. catching_up: what waited goes out slowly.",
        }),
        failing_since: Instant.nullable(),
        failures: z.int().openapi({ description: "Attempts in a row that failed." }),
        next_try_at: Instant.nullable().openapi({ description: "When an endpoint that recovers is tried next." }),
      })
      .openapi({ description: "How sending to it goes." }),
    workflow_id: z
      .string()
      .nullable()
      .openapi({ description: "Of the story that tries an endpoint which recovers: GET /v1/stories?workflow_id=." }),
  })
  .openapi("WebhookEndpointWithSending");

export const WebhookEndpointWithSecret = z
  .object({
    ...endpointFields,
    secret: z.string().openapi({ description: "Verifies deliveries (Standard Webhooks). Shown once.", example: "whsec_…" }),
  })
  .openapi("WebhookEndpointWithSecret");

const ProductIds = z.array(Ref).min(1).max(100).nullish().openapi({
  description:
    "By id or code. Of these products alone it is told, and of what belongs to no product: settings, customers, orders; null: of all.",
});

const Headers = z
  .record(z.string(), z.string())
  .superRefine((headers, context) => {
    if (Object.keys(headers).length > HEADERS_MAX)
      context.addIssue({ code: "custom", message: `must not be more than ${HEADERS_MAX} headers` });
    for (const { name, detail } of headerFaults(headers)) context.addIssue({ code: "custom", path: [name], message: detail });
  })
  .nullish()
  .openapi({
    type: ["object", "null"],
    additionalProperties: { type: "string", maxLength: HEADER_VALUE_MAX },
    maxProperties: HEADERS_MAX,
    description:
      "What is sent beside our own headers, such as `authorization`. Kept sealed: answers show their names alone. A change replaces all of them; null: none.",
    example: { authorization: "Bearer …" },
  });

const sendingInput = {
  fifo: z.boolean().optional().openapi({
    default: false,
    description: "One delivery after the other, in the order of events; slower, and none overtakes one that failed.",
  }),
  on_exhausted: z.enum(ON_EXHAUSTED).optional().openapi({
    default: "block",
    description:
      "What a fifo endpoint does with a delivery that used up its attempts: nothing overtakes it, or the next one follows.",
  }),
  rate_per_s: z
    .int()
    .min(1)
    .max(1_000)
    .nullish()
    .openapi({ description: "How many deliveries a second it gets at most; null: as `settings.webhooks.rate_per_s` says." }),
  max_attempts: z
    .int()
    .min(1)
    .max(ATTEMPT_DELAYS_S.length)
    .nullish()
    .openapi({ description: "How many times a delivery is tried; null: as `settings.webhooks.max_attempts` says." }),
};

const Url = z.string().min(1).max(2_048).openapi({ format: "uri", example: "https://hooks.acme.example/latchkey" });

export const NewWebhookEndpoint = z
  .strictObject({
    url: Url,
    events: EventPatterns,
    product_ids: ProductIds,
    description: text(500).nullish(),
    headers: Headers,
    ...sendingInput,
    ...ownedInput,
  })
  .openapi("NewWebhookEndpoint", {
    example: {
      url: "https://hooks.acme.example/latchkey",
      events: ["license.*", "order.paid"],
      product_ids: ["prod_00…"],
      description: "The shop's back office",
    },
  });

export const WebhookEndpointPatch = NewWebhookEndpoint.partial().openapi("WebhookEndpointPatch", {
  example: { events: ["*"], product_ids: ["prod_00…"] },
});

export const RestHook = z
  .strictObject({
    target_url: Url,
    event: EventPattern,
    product_id: Ref.nullish().openapi({ description: "By id or code; null: of all." }),
  })
  .openapi("RestHook", {
    example: { target_url: "https://hooks.zapier.example/hooks/standard/1/2/", event: "license.created", product_id: "prod_00…" },
  });

export const WebhookEndpointQuery = listQuery({ external_id: ExternalId.optional() });

export const SecretRotation = z
  .strictObject({
    overlap_s: z.int().min(0).max(OVERLAP_MAX_S).optional().openapi({
      default: OVERLAP_MAX_S,
      description: "How long the present secret goes on signing beside the new one, in seconds; 0 for a leaked one.",
    }),
  })
  .openapi("SecretRotation", { example: { overlap_s: 3_600 } });

export const WebhookTestRequest = z
  .strictObject({
    type: z.enum(EVENT_TYPES).optional().openapi({
      default: "webhook_endpoint.tested",
      description: "An example of this type is sent: the one that GET /v1/event_types/{type} shows.",
    }),
  })
  .openapi("WebhookTestRequest", { example: { type: "license.created" } });

export const WebhookTest = z
  .object({
    object: z.literal("webhook_test"),
    id: z.string().openapi({ description: "The test's event, and so its `webhook-id`." }),
    endpoint_id: z.string(),
    event_type: z.enum(EVENT_TYPES),
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
  created_after: InstantInput.optional().openapi({ description: "Deliveries that were made at this instant or later." }),
  created_before: InstantInput.optional().openapi({ description: "Deliveries that were made before this instant." }),
});
