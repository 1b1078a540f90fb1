import type { Tier } from "../tenants/tiers.ts";

/** The limits that a tenant has, by their names in settings. Null: no limit. */
export type LimitNumbers = {
  /** Requests with secret keys to what programs with a publishable key may not call. */
  requests_per_minute: number | null;
  requests_per_hour: number | null;
  requests_per_month: number | null;
  /** The same for each secret key alone. */
  key_requests_per_minute: number | null;
  key_requests_per_hour: number | null;
  /** What is called with publishable keys: from one address (of IPv6 a /64), and about one license. */
  address_requests_per_minute: number | null;
  license_requests_per_minute: number | null;
  /** Validations of unknown keys that one address may send. */
  not_found_per_minute: number | null;
};

export type LimitName = keyof LimitNumbers;

export const LIMIT_NAMES = [
  "requests_per_minute",
  "requests_per_hour",
  "requests_per_month",
  "key_requests_per_minute",
  "key_requests_per_hour",
  "address_requests_per_minute",
  "license_requests_per_minute",
  "not_found_per_minute",
] as const satisfies readonly LimitName[];

const OF_EVERY_TIER = {
  key_requests_per_minute: null,
  key_requests_per_hour: null,
  address_requests_per_minute: 6_000,
  license_requests_per_minute: 6_000,
  not_found_per_minute: 600,
};

const tier = (minute: number, hour: number, month: number | null): LimitNumbers => ({
  requests_per_minute: minute,
  requests_per_hour: hour,
  requests_per_month: month,
  ...OF_EVERY_TIER,
});

/** What each tier comes with. */
export const TIER_LIMITS: Record<Tier, LimitNumbers> = {
  free: tier(60, 1_000, 1_000),
  starter: tier(120, 3_000, 10_000),
  professional: tier(600, 20_000, 100_000),
  enterprise: tier(6_000, 200_000, 1_000_000),
  white_label: tier(6_000, 200_000, null),
};

/** Numbers that replace others; null and absent ones replace nothing. */
export type LimitOverrides = { [Name in LimitName]?: number | null | undefined };

/** The most that a tenant may set: its tier's numbers, or those that the operator gave it. */
export function ceilingsOf(tier: Tier, given: LimitOverrides | null): LimitNumbers {
  const numbers = { ...TIER_LIMITS[tier] };
  for (const name of LIMIT_NAMES) numbers[name] = given?.[name] ?? numbers[name];
  return numbers;
}

/** What holds for a tenant: its own numbers where they are lower than what it may set at most. */
export function limitsOf(tier: Tier, given: LimitOverrides | null, own: LimitOverrides): LimitNumbers {
  const numbers = ceilingsOf(tier, given);
  for (const name of LIMIT_NAMES) numbers[name] = lower(numbers[name], own[name] ?? null);
  return numbers;
}

/** Who set a limit: what holds is the tenant's own number, the operator's, or what the tier comes with. */
export const LIMIT_SETTERS = ["tier", "operator", "tenant"] as const;

/** Every limit that holds for a tenant, and who set it. */
export function limitsInForce(
  tier: Tier,
  given: LimitOverrides | null,
  own: LimitOverrides,
): { name: LimitName; limit: number | null; setBy: (typeof LIMIT_SETTERS)[number] }[] {
  const [ceilings, numbers] = [ceilingsOf(tier, given), limitsOf(tier, given, own)];
  return LIMIT_NAMES.map((name) => {
    const isOwn = numbers[name] !== null && numbers[name] === (own[name] ?? null) && numbers[name] !== ceilings[name];
    const byCeiling = (given?.[name] ?? null) === null ? ("tier" as const) : ("operator" as const);
    return { name, limit: numbers[name], setBy: isOwn ? ("tenant" as const) : byCeiling };
  });
}

/** The numbers among those asked for that lie above what the tenant may set. */
export function aboveCeiling(ceilings: LimitNumbers, asked: LimitOverrides): { name: LimitName; most: number }[] {
  return LIMIT_NAMES.flatMap((name) => {
    const [most, wanted] = [ceilings[name], asked[name] ?? null];
    return most !== null && wanted !== null && wanted > most ? [{ name, most }] : [];
  });
}

function lower(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
