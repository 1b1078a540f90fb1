import { addDuration, endOfDay } from "../time.ts";
import { anchorDayOf, graceEnd, type Period, type PeriodTerms } from "./expiry.ts";

/** From where a renewal counts: from the old end unless that is in the past, from the old end whatever, or from now. */
export const RENEWAL_BASES = ["from_now_if_expired", "from_expiry", "from_now"] as const;
export type RenewalBasis = (typeof RENEWAL_BASES)[number];

/** Why a term of a license began. */
export const TERM_CAUSES = ["creation", "first_activation", "first_validation", "renewal", "conversion"] as const;
export type TermCause = (typeof TERM_CAUSES)[number];

/** By how much a license is extended: by a duration (the terms' own where neither is given), or until an instant. */
export type RenewalAsk = { duration?: string | undefined; until?: Date | undefined; basis?: RenewalBasis | undefined };

/** The period that runs, or ran out. */
export type RunningPeriod = {
  expiresAt: Date;
  maintenanceUntil: Date | null;
  /** the day of the month to which its ends return; null = the day of its end */
  anchorDay: number | null;
};

/** The period after a renewal, with the term that it adds. */
export type RenewedPeriod = Period & { expiresAt: Date; anchorDay: number | null; term: { startsAt: Date; basis: RenewalBasis } };

/** Why a renewal is refused. */
export type RenewalRefused = { code: "no_duration" | "not_later"; detail: string };

/**
 * The period of a license after it is renewed at `now`, in the calendar of `zone`. Whole months keep the day on which the license began:
 * 31 January, 28 February, 31 March. A counted end is moved to the end of its day where the terms say so; `until` stands as it is.
 * Throws RangeError on a duration or zone that is none.
 */
export function renewedPeriod(
  terms: PeriodTerms,
  running: RunningPeriod,
  ask: RenewalAsk,
  now: Date,
  zone = "UTC",
): RenewedPeriod | RenewalRefused {
  const { basis, fromNow, startsAt } = beginningOf(running.expiresAt, ask.basis, now);
  const counted = ask.until === undefined ? countedEnd(terms, { ...running, startsAt, fromNow }, ask.duration, zone) : undefined;
  const expiresAt = ask.until ?? counted?.expiresAt;
  if (expiresAt === undefined)
    return { code: "no_duration", detail: "The license's terms have no duration: say duration or until." };
  if (expiresAt <= running.expiresAt) {
    const detail = `The license ends at ${running.expiresAt.toISOString()} already: a renewal must end later.`;
    return { code: "not_later", detail };
  }
  return {
    expiresAt,
    graceUntil: graceEnd(terms, expiresAt, zone),
    maintenanceUntil: maintainedUntil(terms, running, startsAt, zone),
    anchorDay: counted?.anchorDay ?? null,
    term: { startsAt, basis },
  };
}

/** The maintenance of a license without an end after it is renewed, with the term that it adds. */
export type RenewedMaintenance = { maintenanceUntil: Date; term: { startsAt: Date; basis: RenewalBasis } };

/**
 * Until when new versions are included after the maintenance of a license without an end is renewed at `now`, by the terms' own length of it
 * unless another is asked for. Counted as `renewedPeriod` counts an end.
 */
export function renewedMaintenance(
  terms: Pick<PeriodTerms, "maintenance">,
  maintenanceUntil: Date,
  ask: RenewalAsk,
  now: Date,
  zone = "UTC",
): RenewedMaintenance | RenewalRefused {
  const { basis, startsAt } = beginningOf(maintenanceUntil, ask.basis, now);
  const duration = ask.duration ?? terms.maintenance;
  const until = ask.until ?? (duration === null ? undefined : addDuration(startsAt, duration, zone));
  if (until === undefined)
    return { code: "no_duration", detail: "The license's terms have no maintenance: say duration or until." };
  if (until <= maintenanceUntil) {
    const detail = `Maintenance ends at ${maintenanceUntil.toISOString()} already: a renewal must end later.`;
    return { code: "not_later", detail };
  }
  return { maintenanceUntil: until, term: { startsAt, basis } };
}

function beginningOf(end: Date, asked: RenewalBasis | undefined, now: Date) {
  const basis = asked ?? "from_now_if_expired";
  const fromNow = basis === "from_now" || (basis === "from_now_if_expired" && end <= now);
  return { basis, fromNow, startsAt: fromNow ? now : end };
}

type From = { startsAt: Date; fromNow: boolean; anchorDay: number | null };

function countedEnd(terms: PeriodTerms, { startsAt, fromNow, anchorDay }: From, asked: string | undefined, zone: string) {
  const duration = asked ?? terms.duration;
  if (duration === null) return undefined;
  // an end at midnight belongs to the day before, whose day of the month it is that returns
  const base = terms.endOfDay && !fromNow && isBorder(startsAt, zone) ? new Date(startsAt.getTime() - 1) : startsAt;
  const day = fromNow || anchorDay === null ? anchorDayOf({ duration }, base, zone) : anchorDay;
  const end = addDuration(base, duration, zone, day);
  return { expiresAt: terms.endOfDay ? endOfDay(end, zone) : end, anchorDay: day ?? null };
}

const isBorder = (at: Date, zone: string) => endOfDay(at, zone).getTime() === at.getTime();

/** New versions are included for as long again as at first; a renewal never shortens that. */
function maintainedUntil(terms: PeriodTerms, { maintenanceUntil }: RunningPeriod, startsAt: Date, zone: string): Date | null {
  if (terms.maintenance === null) return null;
  const until = addDuration(startsAt, terms.maintenance, zone);
  return maintenanceUntil !== null && maintenanceUntil > until ? maintenanceUntil : until;
}

/** The day of the month to which the renewals of a period return that was counted from `from`; null for an end that was given outright. */
export function anchorOf(
  terms: Pick<PeriodTerms, "duration">,
  from: Date,
  expiresAt: Date | null | undefined,
  zone = "UTC",
): number | null {
  return expiresAt === undefined ? (anchorDayOf(terms, from, zone) ?? null) : null;
}
