import { EVENT_TYPES } from "../events.ts";

const PATTERNS: ReadonlySet<string> = new Set([
  "*",
  ...EVENT_TYPES,
  ...EVENT_TYPES.map((type) => `${type.slice(0, type.indexOf("."))}.*`),
]);

/** Whether a text can be subscribed to: `*`, `noun.*` of a noun that has events, or one type in full. */
export const isEventPattern = (text: string): boolean => PATTERNS.has(text);
