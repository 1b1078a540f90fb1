import type { Env } from "#kernel/env";
import { invalidRequest } from "#kernel/problems";
import { databaseOf } from "#kernel/shards";
import { z } from "#kernel/wire";

/** Whose stories the host speaks of: each has a database of its own. */
export const Shard = z.string().length(2);

/** The database of a shard that the host named. Throws `invalid_request` where there is none. */
export function shardDatabase(env: Env, shard: string): D1Database {
  const d1 = databaseOf(env, shard);
  if (!d1) throw invalidRequest({ what: "There is no such shard." });
  return d1;
}
