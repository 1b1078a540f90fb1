import { isAmount } from "../money.ts";
import { type Rational, add, decimalOf, mul, roundHalfAwayFromZero, sum, toRational } from "../rational.ts";
import type { Derivation, TierShare } from "./documents.ts";
import { PRICE_SCHEMES, type StoredPriceTerms } from "./price-terms.ts";

/** What a price needs to make an amount of a quantity. */
export type PriceTerms = Pick<StoredPriceTerms, "scheme" | "unitAmount" | "tiers" | "packageSize">;

/** A line's amount, and how it came about. `unitAmount` is null where no one price stands for all of the quantity. */
export type PricedQuantity = {
  /** minor units, rounded once, half away from zero */
  amount: number;
  unitAmount: string | null;
  derivation: Extract<Derivation, { kind: "scheme" }>;
};

/** Tiers that one price may have. */
export const MAX_TIERS = 50;

/** Decimals that a unit amount may have beyond the minor unit. */
export const UNIT_AMOUNT_DECIMALS = 12;

/**
 * What a quantity costs:
 * - `flat` costs the same whatever the quantity, none included.
 * - `per_unit` costs the unit amount for each.
 * - `graduated` puts each unit into its tier and costs what the tiers cost together. A tier's fee is due as soon as a unit reaches it, the
 *   first tier's always.
 * - `volume` costs each unit, and one fee, by the tier that the whole quantity falls into.
 * - `package` costs the unit amount for each package, begun ones included.
 *
 * Exact until the end, and rounded once. Throws RangeError on terms that `whyNotPriceTerms` refuses, a quantity that is no whole number from
 * zero, or an amount beyond 2^53.
 */
export function priceQuantity(terms: PriceTerms, quantity: number): PricedQuantity {
  const refused = whyNotPriceTerms(terms);
  if (refused) throw new RangeError(refused.detail);
  if (!isAmount(quantity) || quantity < 0) throw new RangeError(`Not a quantity: ${quantity}`);

  const tiers = sharesOf(terms, quantity);
  return {
    amount: roundHalfAwayFromZero(sum(tiers.map(({ amount }) => toRational(amount)))),
    unitAmount: terms.scheme === "flat" || terms.scheme === "per_unit" ? terms.unitAmount : null,
    derivation: { kind: "scheme", scheme: terms.scheme, quantity, tiers, packageSize: terms.packageSize },
  };
}

/**
 * The amount of a line, made anew from its derivation, before discount; null where it was put by hand. Throws RangeError on tiers whose own
 * amounts do not follow from their prices.
 */
export function recompute(derivation: Derivation): number | null {
  switch (derivation.kind) {
    case "manual":
      return null;
    case "flat":
      return roundHalfAwayFromZero(mul(toRational(derivation.quantity), toRational(derivation.unitAmount)));
    case "proration": {
      const part: Rational = { n: BigInt(derivation.part.n), d: BigInt(derivation.part.d) };
      const amount = roundHalfAwayFromZero(mul(part, toRational(derivation.fullAmount)));
      return derivation.of === "credit" && amount !== 0 ? -amount : amount;
    }
    case "scheme":
      return recomputeTiers(derivation);
  }
}

/** Why terms are no price; `pointer` is a JSON pointer into the terms as the wire spells them. */
export type PriceTermsRefused = {
  code:
    | "unit_amount_required"
    | "unit_amount_unexpected"
    | "invalid_unit_amount"
    | "tiers_required"
    | "tiers_unexpected"
    | "too_many_tiers"
    | "tiers_not_rising"
    | "last_tier_closed"
    | "package_size_required"
    | "package_size_unexpected";
  pointer: string;
  detail: string;
};

/** Null where the terms are a price, else what is wrong with them first. */
export function whyNotPriceTerms(terms: PriceTerms): PriceTermsRefused | null {
  if (!PRICE_SCHEMES.includes(terms.scheme)) throw new RangeError(`Not a scheme: ${terms.scheme}`);
  const tiered = terms.scheme === "graduated" || terms.scheme === "volume";
  return (tiered ? whyNotTiers(terms) : whyNotUnitAmount(terms)) ?? whyNotPackage(terms);
}

/** Whether the text is a unit amount: a decimal number of minor units, not negative, with at most 12 decimals. */
export function isUnitAmount(text: string): boolean {
  return /^(0|[1-9]\d{0,15})(\.\d{1,12})?$/.test(text);
}

function whyNotUnitAmount({ scheme, unitAmount, tiers }: PriceTerms): PriceTermsRefused | null {
  if (tiers.length > 0) return no("tiers_unexpected", "/tiers", `A ${scheme} price has no tiers.`);
  if (unitAmount === null) return no("unit_amount_required", "/unit_amount", `A ${scheme} price has a unit amount.`);
  if (!isUnitAmount(unitAmount))
    return no("invalid_unit_amount", "/unit_amount", "A unit amount is a decimal number of minor units from 0.");
  if (scheme === "flat" && !/^\d+(\.0+)?$/.test(unitAmount))
    return no(
      "invalid_unit_amount",
      "/unit_amount",
      "A flat price is charged as it is, and so is a whole number of minor units.",
    );
  return null;
}

function whyNotTiers({ scheme, unitAmount, tiers }: PriceTerms): PriceTermsRefused | null {
  if (unitAmount !== null)
    return no("unit_amount_unexpected", "/unit_amount", `The tiers of a ${scheme} price say what a unit costs.`);
  if (tiers.length === 0) return no("tiers_required", "/tiers", `A ${scheme} price has tiers.`);
  if (tiers.length > MAX_TIERS) return no("too_many_tiers", "/tiers", `A price has at most ${MAX_TIERS} tiers.`);
  let reached = 0;
  for (const [index, { upTo, unitAmount: each, flatAmount }] of tiers.entries()) {
    if (!isUnitAmount(each))
      return no("invalid_unit_amount", `/tiers/${index}/unit_amount`, "A unit amount is a decimal number of minor units from 0.");
    if (!isAmount(flatAmount) || flatAmount < 0)
      return no("invalid_unit_amount", `/tiers/${index}/flat_amount`, "A tier's fee is a whole number of minor units from 0.");
    const isLast = index === tiers.length - 1;
    if (isLast !== (upTo === null))
      return no("last_tier_closed", `/tiers/${index}/up_to`, "The last tier, and no other, goes up without end.");
    if (upTo !== null && (!isAmount(upTo) || upTo <= reached))
      return no("tiers_not_rising", `/tiers/${index}/up_to`, "Each tier goes further up than the one before.");
    reached = upTo ?? reached;
  }
  return null;
}

function whyNotPackage({ scheme, packageSize }: PriceTerms): PriceTermsRefused | null {
  if (scheme !== "package")
    return packageSize === null ? null : no("package_size_unexpected", "/package_size", `A ${scheme} price has no packages.`);
  return packageSize !== null && isAmount(packageSize) && packageSize >= 1
    ? null
    : no("package_size_required", "/package_size", "A package holds a whole number of units from 1.");
}

function sharesOf({ scheme, unitAmount, tiers, packageSize }: PriceTerms, quantity: number): TierShare[] {
  const each = unitAmount ?? "0";
  switch (scheme) {
    case "flat":
      return [share({ upTo: null, unitAmount: "0", flatAmount: Number(each) }, quantity)];
    case "per_unit":
      return [share({ upTo: null, unitAmount: each, flatAmount: 0 }, quantity)];
    case "package":
      return [share({ upTo: null, unitAmount: each, flatAmount: 0 }, quantity, packagesOf(quantity, packageSize))];
    case "volume": {
      const tier = tiers.find(({ upTo }) => upTo === null || quantity <= upTo);
      return tier ? [share(tier, quantity)] : [];
    }
    case "graduated":
      return tiers.flatMap((tier, index) => {
        const from = tiers[index - 1]?.upTo ?? 0;
        const inTier = Math.min(quantity, tier.upTo ?? quantity) - from;
        return inTier > 0 || index === 0 ? [share(tier, Math.max(inTier, 0))] : [];
      });
  }
}

/** What a tier costs for `quantity` units, of which `charged` are paid for: packages, where there are any. */
function share(
  { upTo, unitAmount, flatAmount }: PriceTerms["tiers"][number],
  quantity: number,
  charged: bigint = BigInt(quantity),
): TierShare {
  return { upTo, quantity, unitAmount, flatAmount, amount: costOf(unitAmount, charged, flatAmount) };
}

function costOf(unitAmount: string, charged: bigint, flatAmount: number): string {
  const exact = add(mul(toRational(unitAmount), toRational(charged)), toRational(flatAmount));
  // decimals times whole numbers always end
  return decimalOf(exact) ?? "0";
}

function packagesOf(quantity: number, size: number | null): bigint {
  const per = BigInt(size ?? 1);
  return (BigInt(quantity) + per - 1n) / per;
}

function recomputeTiers({ tiers, packageSize }: Extract<Derivation, { kind: "scheme" }>): number {
  for (const { quantity, unitAmount, flatAmount, amount } of tiers) {
    if (costOf(unitAmount, packagesOf(quantity, packageSize), flatAmount) !== amount)
      throw new RangeError(`${quantity} at ${unitAmount} with ${flatAmount} are not ${amount}`);
  }
  return roundHalfAwayFromZero(sum(tiers.map(({ amount }) => toRational(amount))));
}

function no(code: PriceTermsRefused["code"], pointer: string, detail: string): PriceTermsRefused {
  return { code, pointer, detail };
}
