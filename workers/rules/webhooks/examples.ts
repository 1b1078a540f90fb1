import type { EventType } from "../events.ts";
import { RECORDED } from "./recorded.ts";

/** An event as webhooks deliver it. */
export type Delivered = {
  type: string;
  id: string;
  seq: number;
  data: { object: Record<string, unknown>; previous: Record<string, unknown> | null };
  subject: { type: string; id: string };
} & Record<string, unknown>;

/** An event of a type that was recorded, as it was delivered. */
export const exampleEvent = (type: EventType): Delivered => JSON.parse(RECORDED[type]) as Delivered;

/** The object of such an event. */
export const exampleOf = (type: EventType): Record<string, unknown> => exampleEvent(type).data.object;
