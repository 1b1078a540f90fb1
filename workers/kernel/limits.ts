import type { TenantRow } from "#db/tenants/callers";
import { addressClass } from "#rules/addresses";
import { type LimitNumbers, limitsOf } from "#rules/limits/numbers";
import { UNLIMITED, windowAt, type WindowLimits } from "#rules/limits/windows";
import { settingsOf } from "#rules/tenants/settings";
import type { Env } from "./env.ts";
import { type LeaseContext, Leases, type Subject } from "./leases.ts";
import type { Permit } from "./permits.ts";
import { quotaOf } from "./quota.object.ts";
import { count } from "./tallies.ts";

export type { LeaseContext, Subject } from "./leases.ts";
export type { Permit, Refusal } from "./permits.ts";

/** What limits are read from; snapshots of tenants hold it as well as rows. */
export type Limited = Pick<TenantRow, "id" | "tier" | "limits" | "settings">;

const leases = new Leases({
  refused: (policy) => count("rate_limited", policy),
  blind: () => count("limits_blind"),
});

/**
 * One request of each subject, or of none. Answers without a promise while this isolate's leases suffice: a warm request awaits nothing.
 * Where the object does not answer in time the request is let through.
 */
export const takePermit = (at: LeaseContext, subjects: readonly Subject[]): Permit | Promise<Permit> => leases.take(at, subjects);

/** Whether a subject is known to have nothing left until its window ends. Takes nothing and asks nobody. */
export const isSpent = (subject: Subject, realNow: Date): boolean => leases.isSpent(subject, realNow);

/** The numbers that hold for a tenant: its own where they are lower than what its tier, or the operator, allows. */
export function limitNumbers(tenant: Limited): LimitNumbers {
  let numbers = known.get(tenant);
  if (numbers === undefined) {
    numbers = limitsOf(tenant.tier, tenant.limits, settingsOf(tenant.settings).limits);
    known.set(tenant, numbers);
  }
  return numbers;
}

/** What was worked out of a row that is kept, which costs more than taking a permit. */
const known = new WeakMap<Limited, LimitNumbers>();

/** A tenant's requests with secret keys to what publishable keys may not call. */
export function tenantSubject({ id }: Pick<Limited, "id">, numbers: LimitNumbers): Subject {
  const { requests_per_minute: minute, requests_per_hour: hour, requests_per_month: month } = numbers;
  // what has no limit is counted all the same: a tenant wants to know what it used
  return { object: `${id}/requests`, policy: "requests", limits: windowsOf({ minute, hour, month: month ?? UNLIMITED }) };
}

/** What stays open while the month is used up: a minute's count of its own. */
export function settingsSubject({ id }: Pick<Limited, "id">, numbers: LimitNumbers): Subject {
  return { object: `${id}/settings`, policy: "settings", limits: minuteOf(numbers.requests_per_minute) };
}

/** The same requests with one key alone; undefined where the tenant sets no limit for keys. */
export function keySubject({ id }: Pick<Limited, "id">, keyId: string, numbers: LimitNumbers): Subject | undefined {
  const { key_requests_per_minute: minute, key_requests_per_hour: hour } = numbers;
  if (minute === null && hour === null) return undefined;
  return { object: `${id}/key/${keyId}`, policy: "key", limits: windowsOf({ minute, hour }) };
}

/** What comes with a tenant's publishable keys from one address (of IPv6 from one /64). */
export function addressSubject(tenantId: string, ip: string | null, numbers: LimitNumbers): Subject {
  return addresses.of(numbers, ip ?? "", () => {
    const minute = numbers.address_requests_per_minute;
    return { object: `${tenantId}/address/${classOf(ip)}`, policy: "address", limits: minuteOf(minute) };
  });
}

/** What comes with publishable keys about one license, from wherever. */
export function licenseSubject(tenantId: string, licenseId: string, numbers: LimitNumbers): Subject {
  return licenses.of(numbers, licenseId, () => {
    const minute = numbers.license_requests_per_minute;
    return { object: `${tenantId}/license/${licenseId}`, policy: "license", limits: minuteOf(minute) };
  });
}

/** License keys that one address asked a tenant for and that are not there: the budget of somebody who guesses. */
export function notFoundSubject(tenantId: string, ip: string | null, numbers: LimitNumbers): Subject {
  const minute = numbers.not_found_per_minute;
  return { object: `${tenantId}/not_found/${classOf(ip)}`, policy: "not_found", limits: minuteOf(minute) };
}

/** How much of a tenant's own limits is used; a limit of null is none. */
export type TenantUse = { api_calls: { used: number; limit: number | null; resets_at: string } };

/**
 * What a tenant used of its month's API calls, as its object granted them: what isolates hold and have not used yet counts as used.
 * Throws where the object does not answer.
 */
export async function usedOf(env: Env, tenant: Limited, realNow: Date): Promise<TenantUse> {
  const month = windowAt("month", realNow.getTime());
  const [used = 0] = await quotaOf(env, tenantSubject(tenant, limitNumbers(tenant)).object).granted([month]);
  const limit = limitNumbers(tenant).requests_per_month;
  return { api_calls: { used, limit, resets_at: new Date(month.endsAt).toISOString() } };
}

const MOST_NAMED = 1_000;

/** Subjects by what names them within a tenant, whose numbers they hang on: every request has two, and mostly they are those of the last one. */
class Named {
  readonly #named = new WeakMap<LimitNumbers, Map<string, Subject>>();

  of(numbers: LimitNumbers, name: string, make: () => Subject): Subject {
    let named = this.#named.get(numbers);
    if (named === undefined) this.#named.set(numbers, (named = new Map()));
    let subject = named.get(name);
    if (subject === undefined) {
      subject = make();
      if (named.size >= MOST_NAMED) named.clear();
      named.set(name, subject);
    }
    return subject;
  }
}

const addresses = new Named();
const licenses = new Named();

const minuteOf = (minute: number | null): WindowLimits => (minute === null ? {} : { minute });

function windowsOf(limits: Record<string, number | null>): WindowLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== null));
}

const MOST_CLASSES = 10_000;
const classes = new Map<string, string>();

/** Reading an address costs more than everything else here, so an isolate remembers what it read. */
function classOf(ip: string | null): string {
  if (ip === null) return "unknown";
  let known = classes.get(ip);
  if (known === undefined) {
    known = addressClass(ip);
    if (classes.size >= MOST_CLASSES) classes.clear();
    classes.set(ip, known);
  }
  return known;
}
