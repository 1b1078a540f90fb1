import { addDuration, dayOfMonth, endOfDay, parseDuration } from "../time.ts";
import type { TemplateTerms } from "./terms.ts";

/** The terms that say how long a license runs. */
export type PeriodTerms = Pick<
  TemplateTerms,
  "duration" | "expiryBasis" | "endOfDay" | "gracePeriod" | "graceApplies" | "maintenance"
>;

/** When a license ends, until when it is then still usable, and until when new versions are included. All exclusive; null = none. */
export type Period = { expiresAt: Date | null; graceUntil: Date | null; maintenanceUntil: Date | null };

/**
 * The first period of a license made now, in the calendar of `zone` (IANA name). With basis `creation` it runs from `startsAt`; with the
 * others nothing is known before the first use (call `periodFrom` then), unless `expiresAt` was given outright (null = never).
 * Throws RangeError on a duration or zone that is none.
 */
export function firstPeriod(terms: PeriodTerms, startsAt: Date, zone = "UTC", expiresAt?: Date | null): Period {
  if (terms.expiryBasis === "creation") return periodFrom(terms, startsAt, zone, expiresAt);
  if (expiresAt === undefined) return { expiresAt: null, graceUntil: null, maintenanceUntil: null };
  return { expiresAt, graceUntil: graceEnd(terms, expiresAt, zone), maintenanceUntil: null };
}

/**
 * The period that begins at `from`: the start, or the first activation or validation. An `expiresAt` given outright stands as it is;
 * one that is counted is moved to the end of its day where the terms say so.
 */
export function periodFrom(terms: PeriodTerms, from: Date, zone = "UTC", expiresAt?: Date | null): Period {
  const ends = expiresAt === undefined ? expiryFrom(terms, from, zone) : expiresAt;
  return {
    expiresAt: ends,
    graceUntil: graceEnd(terms, ends, zone),
    maintenanceUntil: terms.maintenance === null ? null : addDuration(from, terms.maintenance, zone),
  };
}

/**
 * Until when a license that ends at `expiresAt` is usable with a warning; null where it is not: it never ends, grace is `P0D`,
 * or grace applies only after a failed renewal, and then the story of that renewal grants it.
 */
export function graceEnd(
  terms: Pick<PeriodTerms, "gracePeriod" | "graceApplies">,
  expiresAt: Date | null,
  zone = "UTC",
): Date | null {
  if (expiresAt === null || terms.graceApplies === "renewal_failed") return null;
  const end = addDuration(expiresAt, terms.gracePeriod, zone);
  return end > expiresAt ? end : null;
}

/** The day of the month to which the periods of a license that began at `from` return; undefined where its duration has no months. */
export function anchorDayOf(terms: Pick<PeriodTerms, "duration">, from: Date, zone = "UTC"): number | undefined {
  const parts = terms.duration === null ? null : parseDuration(terms.duration);
  return parts && parts.years + parts.months > 0 ? dayOfMonth(from, zone) : undefined;
}

function expiryFrom(terms: PeriodTerms, from: Date, zone: string): Date | null {
  if (terms.duration === null) return null;
  const end = addDuration(from, terms.duration, zone);
  return terms.endOfDay ? endOfDay(end, zone) : end;
}
