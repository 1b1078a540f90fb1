import { isoInstant } from "../iso.ts";

/** How long a preview may be executed. */
export const PREVIEW_TTL_S = 15 * 60;

/** What was previewed: by which operation, of which object, as it would be carried out at `effectiveAt`. */
export type Preview = { operation: string; subjectId: string; effectiveAt: Date; plan: unknown };

/**
 * The text of a preview whose hash is in its `preview_id`. Whoever executes it makes the plan anew, at the preview's own instant, and compares:
 * the same plan has the same text to the byte, and a plan that anything has changed has another.
 */
export function previewText({ operation, subjectId, effectiveAt, plan }: Preview): string {
  return canonicalText({ effectiveAt, operation, plan, subjectId });
}

/**
 * JSON with one spelling: keys sorted by their code units, instants as ISO 8601, big integers as decimal texts, no spaces. What is undefined is
 * absent. Throws RangeError on a number that is not whole (amounts never are otherwise, and its spelling is no matter of money), an invalid
 * date, or what JSON cannot say.
 */
export function canonicalText(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `"${value}"`;
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError(`Not a whole number: ${value}`);
    // -0 is 0
    return String(value);
  }
  if (value instanceof Date) return `"${isoInstant(value)}"`;
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (typeof value !== "object" || !isPlain(value)) throw new RangeError("Not to be written");
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonicalText(field)}`).join(",")}}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
