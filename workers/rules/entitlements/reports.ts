/** By what usage is added up. */
export const REPORT_PERIODS = ["day", "month", "year"] as const;
export type ReportPeriod = (typeof REPORT_PERIODS)[number];

/** How many days a report looks back where nobody says, and how many it takes at most. */
export const REPORTED: Record<ReportPeriod, { days: number; most: number }> = {
  day: { days: 31, most: 366 },
  month: { days: 366, most: 1827 },
  year: { days: 1827, most: 7305 },
};

const DAY_MS = 24 * 3600 * 1000;

/** How many days lie between two calendar dates (`YYYY-MM-DD`); below zero where the second one is earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/** The calendar date so many days before another one. Nothing lies before 1970, where all counting begins. */
export function daysBefore(date: string, days: number): string {
  return new Date(Math.max(0, Date.parse(date) - days * DAY_MS)).toISOString().slice(0, 10);
}
