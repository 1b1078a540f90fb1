import { isEventPattern } from "#rules/webhooks/patterns";
import { z } from "./wire.ts";

/** One kind of events, or all of a noun, or all. */
export const EventPattern = z
  .string()
  .max(100)
  .refine(isEventPattern, 'Must be "*", "noun.*" or an event type; GET /v1/event_types lists them.');

/** Which events somebody wants to hear of. */
export const EventPatterns = z
  .array(EventPattern)
  .min(1)
  .max(100)
  .transform((patterns) => [...new Set(patterns)])
  .openapi({
    type: "array",
    items: { type: "string" },
    description: "`*`, `license.*`, or event types.",
    example: ["license.*", "order.paid"],
  });
