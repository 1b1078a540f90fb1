import { listOf, listQuery } from "#kernel/endpoint";
import { z, Instant, InstantInput, Ref } from "#kernel/wire";
import { ACTOR_TYPES, EVENT_TYPES } from "#rules/events";

export const Event = z
  .object({
    object: z.literal("event"),
    id: z.string(),
    seq: z.int().openapi({ description: "Counts the tenant's events, without gaps." }),
    type: z.enum(EVENT_TYPES),
    created_at: Instant,
    actor: z.object({
      type: z.enum(ACTOR_TYPES),
      id: z.string().nullable(),
      ip: z.string().nullable(),
    }),
    subject: z.object({ type: z.string(), id: z.string() }),
    data: z.object({
      object: z.record(z.string(), z.unknown()).openapi({ description: "The object as it was right after." }),
      previous: z.record(z.string(), z.unknown()).nullable().openapi({ description: "What of it was different before." }),
    }),
    request_id: z.string().nullable(),
  })
  .openapi("Event");

export const EventList = listOf(Event).extend({
  next_after: z
    .int()
    .nullable()
    .openapi({ description: "What to pass as `after` next: everything up to it was looked at. Null in a list without `after`." }),
});

export const EventQuery = listQuery({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional().openapi({
    type: "integer",
    description: "Lists ascending and without gaps what follows this `seq`; begin with 0.",
    example: 41,
  }),
  type: z.enum(EVENT_TYPES).optional(),
  subject_id: Ref.optional(),
}).refine(({ after, cursor }) => after === undefined || cursor === undefined, {
  path: ["cursor"],
  message: "does not go with after",
});

export const LicenseEventQuery = listQuery({
  type: z.enum(EVENT_TYPES).optional(),
  actor_type: z.enum(ACTOR_TYPES).optional(),
  actor_id: Ref.optional().openapi({ description: "Who did it: an API key's id, an operator's, a user's." }),
  from: InstantInput.optional().openapi({ description: "What happened at this instant or later." }),
  to: InstantInput.optional().openapi({ description: "What happened before this instant." }),
});

/** A type stands in the path, so an unknown one is not found rather than invalid. */
export const eventTypeParam = z.strictObject({
  type: z
    .string()
    .max(100)
    .openapi({ param: { name: "type", in: "path" }, example: "license.created" }),
});

export const EventTypeDescription = z
  .object({
    object: z.literal("event_type"),
    type: z.enum(EVENT_TYPES),
    description: z.string(),
    schema: z
      .record(z.string(), z.unknown())
      .openapi({ description: "The JSON Schema (2020-12) of the whole event as webhooks deliver it." }),
    example: z
      .record(z.string(), z.unknown())
      .openapi({ description: "An event of the type that was recorded, as it was delivered." }),
  })
  .openapi("EventType");

export const EventTypes = z.object({ object: z.literal("list"), data: z.array(EventTypeDescription) });
