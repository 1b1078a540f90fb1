import type { EventRow } from "#db/events/events";
import type { z } from "#kernel/wire";
import type { Event } from "./schemas.ts";

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
