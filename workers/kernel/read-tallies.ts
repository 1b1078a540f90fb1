import { addTold, type Told } from "#rules/cache/sums";
import type { Env } from "./env.ts";
import { temporarilyUnavailable } from "./problems.ts";
import { shardsOf } from "./shards.ts";
import { flushNow } from "./tallies.ts";
import { tallyOf } from "./tally.object.ts";
import { within } from "./within.ts";

const READ_TIMEOUT_MS = 3_000;

/**
 * What the tallies of all shards tell, with everything that this isolate has counted until now. Throws `temporarily_unavailable` when one of
 * them does not answer: sums without it would look as if counters had gone back.
 */
export async function readTallies(env: Env, realNow: Date): Promise<Told> {
  await flushNow(env);
  const all = Promise.all(shardsOf(env).map((shard) => tallyOf(env, shard).told()));
  const told = await within(all, READ_TIMEOUT_MS).catch(() => null);
  if (told === null) throw temporarilyUnavailable({}, { headers: { "retry-after": "5" } });
  return addTold(told, realNow.getTime());
}
