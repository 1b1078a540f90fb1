import type { Env } from "./env.ts";
import { timed } from "./timed.ts";

/** The shard that new tenants are put into. */
export const HOME_SHARD = "00";

/** The database of a shard, by its binding `DB_<shard>`; undefined when no such shard is bound. What it does not answer in time throws. */
export function databaseOf(env: Env, shard: string): D1Database | undefined {
  const bound = (env as unknown as Record<string, D1Database | undefined>)[`DB_${shard.toUpperCase()}`];
  return bound && timed(bound);
}

/** Every shard that has a database: what relay, bells and the cron loop over. */
export function shardsOf(env: Env): string[] {
  return Object.keys(env)
    .filter((name) => /^DB_[0-9A-Z]{2}$/.test(name))
    .map((name) => name.slice(3).toLowerCase())
    .sort();
}
