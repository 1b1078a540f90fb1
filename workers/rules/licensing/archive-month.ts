const DAY_MS = 86_400_000;

/** Released seats are archived by the calendar month, in UTC, that they were released in: `2026-11`. */
export const monthOf = (at: Date): string => at.toISOString().slice(0, 7);

/** The instant at which a month is over. */
export function endOfMonth(month: string): Date {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number, 1));
}

/**
 * A churn limit counts the activations of thirty days, released ones too: the seats of a month are archived at the earliest so many days after
 * it is over.
 */
export const SOONEST_DAYS = 31;

/** From when on it makes sense to ask whether the seats of a month may be archived. */
export const soonestArchive = (month: string): Date => new Date(endOfMonth(month).getTime() + SOONEST_DAYS * DAY_MS);
