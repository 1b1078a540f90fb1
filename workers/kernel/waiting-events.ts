import type { WaitingEvent } from "#db/events/relay";
import { z, Instant } from "./wire.ts";

/** A fact as the worker host is told of it, to start its story by: where it stands, what it is about, and whose time it lives by. */
export const ToldEvent = z.object({
  tenant_id: z.string(),
  seq: z.int(),
  id: z.string(),
  type: z.string(),
  subject: z.object({ type: z.string(), id: z.string() }),
  at: Instant,
  clock: z.object({ livemode: z.boolean() }),
});

/** The same out of its row. */
export const presentWaiting = (event: WaitingEvent): z.infer<typeof ToldEvent> => ({
  tenant_id: event.tenant_id,
  seq: event.seq,
  id: event.id,
  type: event.type,
  subject: { type: event.subject_type, id: event.subject_id },
  at: new Date(event.at).toISOString(),
  clock: { livemode: event.livemode === 1 },
});
