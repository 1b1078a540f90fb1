import type { Metered, Usage } from "#rules/entitlements/counting";
import { QUOTAS_KNOWN_FOR_MS, ASK_AFTER_MS } from "#rules/hot/bounds";
import { usagesOf } from "../meter.ts";
import { count } from "../tallies.ts";
import type { HotAsking } from "./door.ts";
import type { LicenseEntry } from "./memory.ts";

/** What was used of some quotas, and how old that is; null where the meter does not answer and nothing is known. */
export type UsagesKnown = { usages: Usage[]; ageMs: number } | null;

/**
 * What was used of a license's quotas as this isolate last heard it, at most ten seconds ago; it asks the meter behind the answer before
 * that. A quota of which nothing is left is asked for anew, since somebody may have given it back or a period may have begun.
 */
export async function usagesKnown(asking: HotAsking, entry: LicenseEntry, metered: readonly Metered[]): Promise<UsagesKnown> {
  if (metered.length === 0) return { usages: [], ageMs: 0 };
  const now = asking.realNow.getTime();
  const uses = asking.usesOf(entry.asked.license.id);
  const kept = entry.usages?.uses === uses ? keptUsages(asking, entry, metered) : null;
  const ageMs = now - (entry.usages?.readAt ?? 0);
  const mayServe = kept !== null && ageMs < QUOTAS_KNOWN_FOR_MS;
  if (mayServe && !kept.some(({ remaining }) => remaining === 0)) {
    if (ageMs > ASK_AFTER_MS) askBehind(asking, entry, metered);
    return { usages: kept, ageMs };
  }
  count("hot_calls", "object/awaited");
  const read = await ask(asking, entry, metered);
  return read ? { usages: read, ageMs: 0 } : null;
}

/** What is kept of all of them, where nothing began anew since. */
function keptUsages({ now }: HotAsking, { usages }: LicenseEntry, metered: readonly Metered[]): Usage[] | null {
  if (usages === null) return null;
  const kept = metered.flatMap(({ featureId, limit }) => {
    const usage = usages.byFeature.get(featureId);
    return usage && usage.limit === limit && (usage.resetsAt === null || usage.resetsAt > now) ? [usage] : [];
  });
  return kept.length === metered.length ? kept : null;
}

function askBehind(asking: HotAsking, entry: LicenseEntry, metered: readonly Metered[]): void {
  if (entry.usages) entry.usages = { ...entry.usages, readAt: asking.realNow.getTime() - ASK_AFTER_MS };
  count("hot_calls", "object/background");
  asking.waitUntil(ask(asking, entry, metered));
}

async function ask(asking: HotAsking, entry: LicenseEntry, metered: readonly Metered[]): Promise<Usage[] | null> {
  const { env, tenantId, known, now, realNow } = asking;
  const { license, snapshot } = entry.asked;
  const uses = asking.usesOf(license.id);
  const calendar = { zone: known.tenant.timeZone, now, since: snapshot.license.startsAt };
  const read = await usagesOf(env, tenantId, license.id, metered, calendar);
  if (read === null) return null;
  const byFeature = new Map(entry.usages?.uses === uses ? entry.usages.byFeature : []);
  for (const usage of read) byFeature.set(usage.featureId, usage);
  entry.usages = { byFeature, readAt: realNow.getTime(), uses };
  return read;
}
