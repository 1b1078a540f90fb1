import type { Env } from "./env.ts";

/** Where a request comes from, as the platform tells it. */
export type Place = { ip: string | null; country: string | null };

/** The platform's word; in development a header stands in for it, which production ignores. */
export function placeOf(env: Env, request: Request): Place {
  return { ip: ipIn(env, request.headers), country: countryOf(env, request) };
}

/** The address alone. */
export function ipIn(env: Env, headers: Headers): string | null {
  return (isDevelopment(env) ? headers.get("x-latchkey-ip") : null) ?? headers.get("cf-connecting-ip");
}

/** The country alone. It stands in what the platform tells of a request, which is only read, all of it at once, by who asks. */
export function countryOf(env: Env, request: Request): string | null {
  const standsIn = isDevelopment(env) ? request.headers.get("x-latchkey-country") : null;
  return standsIn ?? (request.cf?.country as string | undefined) ?? null;
}

const isDevelopment = (env: Env) => env.LATCHKEY_ENV === "development";
