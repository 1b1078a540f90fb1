import type { ExpirationStrategy, Entitlement } from "../licensing/terms.ts";

/** What ends a license, as far as it is known today. */
export type LicenseEnd = {
  expiresAt: Date | null;
  graceUntil: Date | null;
  /** the instant at which a cancellation takes effect */
  canceledAt: Date | null;
  expirationStrategy: ExpirationStrategy;
};

/** A right that a customer has by a valid license or, where there is none of a product, by what the product gives to everybody. */
export type GivenRight = {
  right: Entitlement;
  from: { licenseId: string } | { defaultOf: string };
  /** exclusive: until when the right holds; null = no end is known */
  until: Date | null;
};

/** What a customer may use of one feature, by all that gives it. */
export type MergedRight = Pick<Entitlement, "featureId" | "feature" | "limitType" | "reset"> & {
  enabled: boolean;
  /** null = unlimited, 0 = none */
  limitValue: number | null;
  /** exclusive: when the last that gives it ends; null = no end is known */
  expiresAt: Date | null;
  licenseIds: string[];
  /** products that give it to whoever has no license of them */
  defaultOf: string[];
};

/**
 * Merges rights by feature, each entry by this rule:
 *
 * 1. One that gives the feature is enough: it is enabled. A right that is disabled, has a limit of 0, or has ended gives nothing, and counts
 *    for nothing else here.
 * 2. One that gives it without a limit is enough: it is unlimited.
 * 3. Else the limits that are counted alike, by type and by period, add up, because each license is metered by itself. Rights that are
 *    counted otherwise cannot be added: each way of counting has an entry of its own, that with the longest period first.
 * 4. It ends when the last that gives it does.
 *
 * Entries are ordered by the feature's code, which is that of the first right of the feature.
 */
export function mergeRights(given: readonly GivenRight[], now: Date): MergedRight[] {
  const byFeature = Map.groupBy(given, ({ right }) => right.featureId);
  return [...byFeature.values()]
    .map((rights) => rights as [GivenRight, ...GivenRight[]])
    .sort(([{ right: a }], [{ right: b }]) =>
      a.feature < b.feature || (a.feature === b.feature && a.featureId < b.featureId) ? -1 : 1,
    )
    .flatMap((rights) => merged(rights, now));
}

/** Until when a right of a license holds: its own end or the license's, whichever comes first. Null = no end is known. */
export function rightEndsAt({ expiresAt }: Pick<Entitlement, "expiresAt">, license: LicenseEnd): Date | null {
  const ends = [expiresAt === null ? null : new Date(expiresAt), expiryOf(license), license.canceledAt].filter(
    (end) => end !== null,
  );
  return ends.reduce<Date | null>((first, end) => (first === null || end < first ? end : first), null);
}

/** When expiry would end the use of a license, its grace behind it; null where it does not. */
function expiryOf({ expiresAt, graceUntil, expirationStrategy }: LicenseEnd): Date | null {
  if (expiresAt === null || expirationStrategy !== "restrict") return null;
  return graceUntil !== null && graceUntil > expiresAt ? graceUntil : expiresAt;
}

function merged(rights: readonly [GivenRight, ...GivenRight[]], now: Date): MergedRight[] {
  const { featureId, feature, limitType, reset } = rights[0].right;
  const giving = rights.filter((each) => gives(each, now));
  if (giving.length === 0) {
    const nothing = { enabled: false, limitValue: 0, expiresAt: null, licenseIds: [], defaultOf: [] };
    return [{ featureId, feature, limitType, reset, ...nothing }];
  }
  const unlimited = giving.find(({ right }) => right.limitValue === null);
  const ways = unlimited ? [giving] : [...Map.groupBy(giving, ({ right }) => `${right.limitType} ${right.reset}`).values()];
  return ways
    .map((way): MergedRight => {
      const counted = (unlimited ?? way[0])?.right ?? rights[0].right;
      const limitValue = unlimited ? null : Math.min(sum(way), Number.MAX_SAFE_INTEGER);
      return {
        featureId,
        feature,
        enabled: true,
        limitValue,
        limitType: counted.limitType,
        reset: counted.reset,
        expiresAt: latest(way),
        licenseIds: way.flatMap(({ from }) => ("licenseId" in from ? [from.licenseId] : [])),
        defaultOf: way.flatMap(({ from }) => ("defaultOf" in from ? [from.defaultOf] : [])),
      };
    })
    .sort((a, b) => LONGEST_FIRST.indexOf(a.reset) - LONGEST_FIRST.indexOf(b.reset) || (a.limitType < b.limitType ? -1 : 1));
}

const LONGEST_FIRST: readonly Entitlement["reset"][] = ["never", "year", "month", "day"];

const gives = ({ right, until }: GivenRight, now: Date) =>
  right.enabled && right.limitValue !== 0 && (until === null || until > now);

const sum = (way: readonly GivenRight[]) => way.reduce((total, { right }) => total + (right.limitValue ?? 0), 0);

function latest(way: readonly GivenRight[]): Date | null {
  const ends = way.flatMap(({ until }) => until ?? []);
  if (ends.length < way.length) return null;
  return ends.reduce((last, end) => (end > last ? end : last));
}
