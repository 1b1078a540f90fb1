import type { ResetPeriod } from "../licensing/terms.ts";

/** What a license may use of one feature, as it is counted. */
export type Metered = {
  featureId: string;
  /** the feature's code */
  feature: string;
  /** units a period; null = counted, but without end */
  limit: number | null;
  reset: ResetPeriod;
  /** what is left when a period ends is added to the next one, once */
  rollover: boolean;
};

/** What was used of one feature in the period that an instant lies in. */
export type Usage = {
  featureId: string;
  feature: string;
  used: number;
  /** held back for work that is under way */
  reserved: number;
  /** the period's own limit; null = none */
  limit: number | null;
  /** what is added to the limit from the period before */
  carried: number;
  /** what may still be used; null = no end */
  remaining: number | null;
  periodStartsAt: Date;
  /** exclusive end of the period; null = it never ends */
  resetsAt: Date | null;
};

/** What a counter of one period stands at. */
export type Count = { used: number; reserved: number; limit: number | null; carried: number };

/** The most that one entry counts, and the most that a counter holds: beyond it numbers are no longer exact. */
export const MAX_UNITS = 2 ** 50;
export const MAX_COUNT = Number.MAX_SAFE_INTEGER;

/** How much may be used in the period; null = no end. */
export function ceilingOf({ limit, carried }: Pick<Count, "limit" | "carried">): number | null {
  return limit === null ? null : Math.min(limit + carried, MAX_COUNT);
}

/** What may still be used; null = no end. Never below zero, also where the limit was lowered below what was used. */
export function remainingOf(count: Count): number | null {
  const ceiling = ceilingOf(count);
  return ceiling === null ? null : Math.max(0, ceiling - count.used - count.reserved);
}

/** Whether so many units more may be used. */
export function fits(count: Count, units: number): boolean {
  return units <= (remainingOf(count) ?? MAX_COUNT - count.used - count.reserved);
}

/** When units that do not fit now may fit, or why no time brings them. */
export type Hope = { waitMs: number; hopeless: null } | { waitMs: null; hopeless: "beyond_period" | "never_resets" };

/** What is known of the time ahead, both in milliseconds from now: when the period ends, and when reservations end that hold enough back. */
export type Ahead = { periodEndsInMs: number | null; roomInMs: number | null };

/** When so many units may fit that do not now: as soon as what is held back ends, or with the next period, if that one will have as many. */
export function hopeFor(count: Count, units: number, rollover: boolean, { periodEndsInMs, roomInMs }: Ahead): Hope {
  const next = count.limit === null ? MAX_COUNT : count.limit + (rollover ? leftOver(count) : 0);
  const waits = [roomInMs, units <= next ? periodEndsInMs : null].filter((wait) => wait !== null);
  if (waits.length > 0) return { waitMs: Math.min(...waits), hopeless: null };
  return { waitMs: null, hopeless: units > next ? "beyond_period" : "never_resets" };
}

/** How many units must become free before so many more fit. */
export function lackOf({ used, reserved, ...count }: Count, units: number): number {
  return used + reserved + units - (ceilingOf(count) ?? MAX_COUNT);
}

/**
 * What a period leaves to the next one: what was not used of its own limit, where what it had carried itself is used first. So nothing
 * outlives the period after its own, and no period gets more than one limit on top.
 */
export function leftOver({ used, carried, limit }: Pick<Count, "used" | "carried" | "limit">): number {
  if (limit === null) return 0;
  return Math.min(limit, Math.max(0, limit - Math.max(0, used - carried)));
}

/** How much of a quota is used when it is told, in percent. */
export const THRESHOLDS = [80, 100] as const;
export type Threshold = (typeof THRESHOLDS)[number];

/** The thresholds that a use has reached: both where one step went over both. None where there is no limit, or nothing may be used anyway. */
export function reachedThresholds({ used, limit, carried }: Pick<Count, "used" | "limit" | "carried">): Threshold[] {
  const ceiling = ceilingOf({ limit, carried });
  if (ceiling === null || ceiling === 0) return [];
  return THRESHOLDS.filter((percent) => used / ceiling >= percent / 100);
}
