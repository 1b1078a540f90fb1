import type { Env } from "./env.ts";

/** Where a request comes from, as the platform tells it. */
export type Place = { ip: string | null; country: string | null };

/** The platform's word; in development a header stands in for it, which production ignores. */
export function placeOf(env: Env, request: Request): Place {
  const { headers } = request;
  const standsIn = env.LATCHKEY_ENV === "development";
  const ip = (standsIn ? headers.get("x-latchkey-ip") : null) ?? headers.get("cf-connecting-ip");
  const country = (standsIn ? headers.get("x-latchkey-country") : null) ?? (request.cf?.country as string | undefined) ?? null;
  return { ip, country };
}
