import type { WindowName } from "./windows.ts";

/** A limit as the headers tell it: how many requests a window takes, how many are left, and when it starts again. */
export type Standing = {
  policy: string;
  window: WindowName;
  limit: number;
  left: number;
  startsAt: number;
  endsAt: number;
};

/** The name that a limit has in headers and problems, such as `tenant_minute`. */
export const policyName = (policy: string, window: WindowName): string => `${policy}_${window}`;

/** `RateLimit-Policy` as draft-ietf-httpapi-ratelimit-headers writes it: `"address_minute";q=6000;w=60`. */
export function policyHeader(standings: readonly Standing[]): string {
  let text = "";
  for (const { policy, window, limit, startsAt, endsAt } of standings) {
    text += `${text && ", "}"${policyName(policy, window)}";q=${limit};w=${(endsAt - startsAt) / 1000}`;
  }
  return text;
}

/** `RateLimit`: `"address_minute";r=5990;t=31`. */
export function limitHeader(standings: readonly Standing[], nowMs: number): string {
  let text = "";
  for (const { policy, window, left, endsAt } of standings) {
    text += `${text && ", "}"${policyName(policy, window)}";r=${left};t=${secondsUntil(endsAt, nowMs)}`;
  }
  return text;
}

/** Whole seconds until an instant, at least one: whoever comes back after them is not too early. */
export function secondsUntil(endsAt: number, nowMs: number): number {
  return Math.max(1, Math.ceil((endsAt - nowMs) / 1000));
}
