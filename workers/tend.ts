import { purge } from "#db/purge";
import type { Asked } from "./kernel/asking.ts";
import { realNow } from "./kernel/clock.ts";
import { randomBytes } from "./kernel/crypto.ts";
import type { Env } from "./kernel/env.ts";
import { base64url } from "./kernel/keyring.ts";
import { databaseOf, shardsOf } from "./kernel/shards.ts";
import { applyWaiting } from "./sales/waiting.ts";

/** The cron trigger's round, shard by shard: takes away what has aged, and applies provider events that could not be applied when they came. */
export async function tend(env: Env, executionCtx: Asked["executionCtx"]): Promise<void> {
  const requestId = `cron_${base64url(randomBytes(15))}`;
  for (const shard of shardsOf(env)) {
    const d1 = databaseOf(env, shard);
    if (!d1) continue;
    const purged = await purge(d1, realNow());
    const applied = await applyWaiting({ env, executionCtx, var: { realNow: realNow(), requestId } }, shard);
    // oxlint-disable-next-line no-console -- the edge's log is the console
    console.warn(JSON.stringify({ at: "cron", request_id: requestId, shard, ...purged, provider_events_applied: applied }));
  }
}
