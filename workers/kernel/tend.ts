import { purge } from "#db/purge";
import { realNow } from "./clock.ts";
import type { Env } from "./env.ts";
import { databaseOf, shardsOf } from "./shards.ts";

/** The hourly round: takes away what has aged, shard by shard. */
export async function tend(env: Env): Promise<void> {
  for (const shard of shardsOf(env)) {
    const d1 = databaseOf(env, shard);
    // oxlint-disable-next-line no-console -- the edge's log is the console
    if (d1) console.log(JSON.stringify({ at: "purge", shard, ...(await purge(d1, realNow())) }));
  }
}
