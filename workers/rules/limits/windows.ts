/** The windows that requests are counted in, shortest first: fixed, and aligned to the clock in UTC. */
export const WINDOWS = ["minute", "hour", "month"] as const;

export type WindowName = (typeof WINDOWS)[number];

/** One window in time, as milliseconds since 1970; it ends before `endsAt`. */
export type Window = { name: WindowName; startsAt: number; endsAt: number };

/** How many requests each window takes. A window without a number counts nothing. */
export type WindowLimits = Partial<Record<WindowName, number>>;

/** The limit of a window that is only counted. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The window that an instant lies in. */
export function windowAt(name: WindowName, nowMs: number): Window {
  switch (name) {
    case "minute":
      return evenWindow(name, nowMs, MINUTE_MS);
    case "hour":
      return evenWindow(name, nowMs, HOUR_MS);
    case "month": {
      const day = new Date(nowMs);
      const [year, month] = [day.getUTCFullYear(), day.getUTCMonth()];
      return { name, startsAt: Date.UTC(year, month, 1), endsAt: Date.UTC(year, month + 1, 1) };
    }
  }
}

function evenWindow(name: WindowName, nowMs: number, lengthMs: number): Window {
  const startsAt = Math.floor(nowMs / lengthMs) * lengthMs;
  return { name, startsAt, endsAt: startsAt + lengthMs };
}
