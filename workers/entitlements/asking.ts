import type { Asked } from "#db/licensing/asked";
import { keyDigests } from "#kernel/digests";
import type { TenantEnv } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { mayKnow } from "#kernel/for-caller";
import { fromMeter, meterOf, type Calendar, type Item, type MeterCalls, type Once, type Short } from "#kernel/meter";
import { licenseNotFound } from "#kernel/not-found";
import type { ProblemError } from "#kernel/problem";
import { idempotencyKeyReused, invalidRequest } from "#kernel/problems";
import { count } from "#kernel/tallies";
import { addressKey } from "#rules/addresses";
import { judgeLicense, meteredBy, rightTo } from "#rules/entitlements/check";
import type { Hope, Usage } from "#rules/entitlements/counting";
import { featureNotLicensed, licenseNotUsable, quotaExceeded } from "./problems.ts";
import { presentUsage } from "./presenters.ts";

export type Asking = { env: Env; var: TenantEnv["Variables"] };

type Wanted = { feature: string; units: number };

/** The license of a key, as far as the caller may know of it; what a program asks is judged by where it asks from, too. */
export async function licenseOf(
  { env, var: { repo, caller, limits, now, ip } }: Asking,
  licenseKey: string,
): Promise<Asked | undefined> {
  const keyHashes = await keyDigests(env, repo.tenantId, licenseKey);
  const from = caller.kind === "publishable" && ip !== null ? addressKey(ip) : null;
  const asked = await repo.asked.byKey({ keyHashes, devices: [] }, { at: now, from });
  if (!asked || !mayKnow(caller, asked.license.productId)) return undefined;
  await limits.license(asked.license.id);
  return asked;
}

/** By which calendar the license's use is counted. */
export const calendarOf = ({ repo, now }: Pick<Asking["var"], "repo" | "now">, startsAt: Date): Calendar => ({
  zone: repo.tenant.timeZone,
  now,
  since: startsAt,
});

/** What is to be used, of which license, and the meter that counts it. */
export type Using = { license: Asked["license"]; items: Item[]; calendar: Calendar; meter: MeterCalls };

/**
 * Finds out what items of which license are to be used, and uses them by `act`. Throws `license_not_found`, `license_not_usable` and
 * `feature_not_licensed`; but who comes again under the Idempotency-Key of an answer gets that answer, whatever became of the license.
 */
export async function using<T>(
  c: Asking,
  { license_key, items }: { license_key: string; items: readonly Wanted[] },
  act: (using: Using) => Promise<Once<T>>,
): Promise<{ license: Asked["license"]; replayed: boolean; answer: T }> {
  const asked = await licenseOf(c, license_key);
  if (!asked) throw licenseNotFound({});
  const { license, snapshot } = asked;
  const meter = meterOf(c.env, c.var.repo.tenantId, license.id);
  const found = itemsOf(asked, items, c.var.now);
  const once = Array.isArray(found)
    ? await fromMeter(act({ license, items: found, calendar: calendarOf(c.var, snapshot.license.startsAt), meter }))
    : await answeredBefore<T>(c, meter);
  if (!once) throw found;
  return { license, ...answerOf(once) };
}

/** What a meter answered; throws `idempotency_key_reused`. */
export function answerOf<T>(once: Once<T>): { replayed: boolean; answer: T } {
  if (once.outcome === "reused") throw idempotencyKeyReused({});
  return once;
}

/** Who is refused now may have been answered before, under the same Idempotency-Key. */
async function answeredBefore<T>({ var: { intent } }: Asking, meter: MeterCalls): Promise<Once<T> | null> {
  return intent && ((await fromMeter(meter.answered(intent))) as Once<T> | null);
}

/** The items as they are counted, or the problem that stands against them. Throws where one feature is named twice. */
function itemsOf({ snapshot }: Asked, wanted: readonly Wanted[], now: Date): Item[] | ProblemError {
  const { valid, reasons } = judgeLicense(snapshot, now);
  if (!valid) {
    const denials = reasons.filter(({ severity }) => severity === "deny");
    return licenseNotUsable({ reasons: denials.map(({ detail }) => detail).join(" ") }, { extra: { reasons: denials } });
  }
  const rights = wanted.map(({ feature }) => rightTo(snapshot.terms, feature, now));
  const faults = rights.flatMap(({ whyNot }, index) =>
    whyNot === null
      ? []
      : [{ pointer: `/items/${index}/feature`, code: "feature_not_licensed", detail: "The license has no right to it now." }],
  );
  if (faults.length > 0) return featureNotLicensed({}, { errors: faults });
  const items = rights.flatMap(({ entitlement }, index): Item[] => {
    const units = wanted[index]?.units;
    return entitlement && units !== undefined ? [{ ...meteredBy(entitlement), units }] : [];
  });
  refuseDoubles(items);
  return items;
}

function refuseDoubles(items: readonly Item[]): void {
  const double = items.findIndex(({ featureId }, index) => items.findIndex((each) => each.featureId === featureId) !== index);
  if (double < 0) return;
  const detail = "Name each feature once.";
  throw invalidRequest(
    { what: "A feature is named twice." },
    { errors: [{ pointer: `/items/${double}/feature`, code: "duplicate_feature", detail }] },
  );
}

/** The problem of items of which there is not enough. It says when each starts again. */
export function exceeded(items: readonly Wanted[], short: readonly Short[], usages: readonly Usage[]): ProblemError {
  const lacking = short.flatMap((each) => {
    const [usage, item] = [usages[each.index], items[each.index]];
    return usage && item ? [{ ...each, usage, units: item.units }] : [];
  });
  count("quota_calls", "exceeded");
  // one that no time brings is the one to speak of: whoever waits for the others waits in vain
  const first = lacking.find(({ hopeless }) => hopeless !== null) ?? lacking[0];
  const facts = {
    feature: first?.usage.feature ?? "",
    remaining: first?.usage.remaining ?? 0,
    units: first?.units ?? 0,
    hopeless: first?.hopeless ?? null,
  };
  return quotaExceeded(facts, {
    errors: lacking.map(({ index, usage: { remaining } }) => ({
      pointer: `/items/${index}/units`,
      code: "quota_exceeded",
      detail: `${remaining ?? 0} ${remaining === 1 ? "is" : "are"} left.`,
    })),
    extra: {
      items: lacking.map(({ usage, units }) => ({
        feature: usage.feature,
        feature_id: usage.featureId,
        units,
        ...presentUsage(usage),
      })),
    },
    headers: retryAfter(lacking),
  });
}

/** When all of it may fit. Where one never does, waiting does not help. */
function retryAfter(lacking: readonly Hope[]): Record<string, string> {
  let longestMs = 0;
  for (const { waitMs } of lacking) {
    if (waitMs === null) return {};
    longestMs = Math.max(longestMs, waitMs);
  }
  return { "retry-after": String(Math.max(1, Math.ceil(longestMs / 1000))) };
}
