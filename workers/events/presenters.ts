import type { EventRow } from "#db/events/events";
import type { JsonSchema } from "#kernel/endpoint";
import type { z } from "#kernel/wire";
import type { EventType } from "#rules/events";
import { describeEvent } from "#rules/webhooks/catalogue";
import { exampleEvent } from "#rules/webhooks/examples";
import { schemaOfEvent } from "./event-schema.ts";
import type { Event, EventTypeDescription } from "./schemas.ts";

export const presentEvent = (row: EventRow): z.infer<typeof Event> => ({
  object: "event",
  id: row.id,
  seq: row.seq,
  type: row.type,
  created_at: row.at.toISOString(),
  actor: { type: row.actorType, id: row.actorId, ip: row.actorIp },
  subject: { type: row.subjectType, id: row.subjectId },
  data: row.data,
  request_id: row.requestId,
});

/** A type of event; its object is described by the schemas that the document names. */
export const presentEventType = (
  type: EventType,
  schemas: Readonly<Record<string, JsonSchema>>,
): z.infer<typeof EventTypeDescription> => ({
  object: "event_type",
  type,
  description: describeEvent(type).sentence,
  schema: schemaOfEvent(type, schemas),
  example: exampleEvent(type),
});
