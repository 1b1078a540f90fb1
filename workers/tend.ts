import { purge } from "#db/purge";
import { type Asked, askedByItself } from "./kernel/asking.ts";
import { realNow } from "./kernel/clock.ts";
import type { Env } from "./kernel/env.ts";
import { databaseOf, shardsOf } from "./kernel/shards.ts";
import { expireCredits } from "./billing/credits/expiring.ts";
import { applyWaiting } from "./sales/waiting.ts";

/** The cron trigger's round, shard by shard: takes away what has aged, applies provider events that could not be applied when they came, and ends credit whose time is over. */
export async function tend(env: Env, executionCtx: Asked["executionCtx"]): Promise<void> {
  const asked = askedByItself(env, executionCtx, "cron");
  for (const shard of shardsOf(env)) {
    const d1 = databaseOf(env, shard);
    if (!d1) continue;
    const purged = await purge(d1, realNow());
    const applied = await applyWaiting({ ...asked, var: { ...asked.var, realNow: realNow() } }, shard);
    const expired = await expireCredits({ ...asked, var: { ...asked.var, realNow: realNow() } }, shard);
    // oxlint-disable-next-line no-console -- the edge's log is the console
    console.warn(
      JSON.stringify({
        at: "cron",
        request_id: asked.var.requestId,
        shard,
        ...purged,
        provider_events_applied: applied,
        credits_expired: expired,
      }),
    );
  }
}
