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
export const policyHeader = (standings: readonly Standing[]): string =>
  standings.map(({ policy, window, ...each }) => policyItem(policyName(policy, window), each)).join(", ");

/** What that header says of one limit. */
export const policyItem = (name: string, { limit, startsAt, endsAt }: Pick<Standing, "limit" | "startsAt" | "endsAt">): string =>
  `"${name}";q=${limit};w=${(endsAt - startsAt) / 1000}`;

/** `RateLimit`: `"address_minute";r=5990;t=31`. */
export const limitHeader = (standings: readonly Standing[], nowMs: number): string =>
  standings.map(({ policy, window, left, endsAt }) => limitItem(policyName(policy, window), left, endsAt, nowMs)).join(", ");

/** What that header says of one limit. */
export const limitItem = (name: string, left: number, endsAt: number, nowMs: number): string =>
  `"${name}";r=${left};t=${secondsUntil(endsAt, nowMs)}`;

/** Whole seconds until an instant, at least one: whoever comes back after them is not too early. */
export function secondsUntil(endsAt: number, nowMs: number): number {
  return Math.max(1, Math.ceil((endsAt - nowMs) / 1000));
}
