import type { LikelyQuestion } from "#db/licensing/warming";
import type { Repo } from "#db/repo";
import type { Env } from "../env.ts";
import { feedOf } from "../feed.object.ts";
import { temporarilyUnavailable } from "../problems.ts";
import { keptText, licenseKeptAs, putIntoSecondTier } from "./second-tier.ts";
import { within } from "../within.ts";

/** How many questions one batch of the database answers. */
const READ_AT_ONCE = 50;
const FEED_TIMEOUT_MS = 1_500;

/**
 * Keeps in the second tier what questions will be answered from. Like everything there it counts only while the feed knows of no change since.
 * Throws `temporarily_unavailable` where the shard's feed does not answer: without its number nobody could tell whether to trust a snapshot.
 */
export async function warmQuestions(
  env: Env,
  repo: Repo,
  questions: readonly LikelyQuestion[],
  { now, realNow }: { now: Date; realNow: Date },
): Promise<{ written: number; skipped: number }> {
  const drops = await lastDrop(env, repo.shard); // before reading: an invalidation that comes between is newer than what was read
  const told = { written: 0, skipped: 0 };
  for (let start = 0; start < questions.length; start += READ_AT_ONCE) {
    const part = questions.slice(start, start + READ_AT_ONCE);
    const rows = await repo.asked.rowsByKey(
      part.map(({ keyHash, deviceHash }) => ({ keyHashes: [keyHash], devices: deviceHash === null ? [] : [deviceHash] })),
      { at: now },
    );
    const puts = part.map(async ({ keyHash, deviceHash }, i) => {
      const row = rows[i];
      // where a tenant shuts out addresses, what holds for one says nothing about another
      if (!row || row.ranges !== 0) return false;
      const key = licenseKeptAs(repo.tenantId, { keyHash, deviceHash, more: "" });
      await putIntoSecondTier(env, key, keptText({ row, readAt: realNow.getTime(), drops }));
      return true;
    });
    for (const put of await Promise.allSettled(puts)) {
      if (put.status === "fulfilled" && put.value) told.written++;
      else told.skipped++;
    }
  }
  return told;
}

async function lastDrop(env: Env, shard: string): Promise<number> {
  try {
    return await within(feedOf(env, shard).lastDrop(), FEED_TIMEOUT_MS);
  } catch {
    throw temporarilyUnavailable({}, { headers: { "retry-after": "1" } });
  }
}
