import { invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import type { StoredPriceTerms } from "#rules/billing/price-terms";
import { whyNotPriceTerms } from "#rules/billing/pricing";
import type { PricePatch } from "./schemas.ts";

type Said = Pick<
  z.infer<typeof PricePatch>,
  "scheme" | "unit_amount" | "unit_amount_decimal" | "tiers" | "package_size" | "trial"
>;

/**
 * The terms with what a caller says of them. What another scheme has no use for falls away, so that a scheme changes with its amounts alone.
 * Throws `invalid_request` where they are no price.
 */
export function termsWith(held: StoredPriceTerms, said: Said): StoredPriceTerms {
  const scheme = said.scheme ?? held.scheme;
  const isTiered = scheme === "graduated" || scheme === "volume";
  const terms = {
    currency: held.currency,
    scheme,
    unitAmount: unitAmountIn(said, "") ?? (isTiered ? null : held.unitAmount),
    tiers: said.tiers ? tiersFrom(said.tiers) : isTiered ? held.tiers : [],
    packageSize: said.package_size ?? (scheme === "package" ? held.packageSize : null),
    interval: held.interval,
    intervalCount: held.intervalCount,
    meteredFeatureId: held.meteredFeatureId,
    taxBehavior: held.taxBehavior,
    trial: said.trial === undefined ? held.trial : said.trial,
  };
  const refused = whyNotPriceTerms(terms) ?? whyNotOnce(terms);
  if (refused) throw invalidRequest({ what: refused.detail }, { errors: [refused] });
  return terms;
}

function whyNotOnce({ interval, intervalCount, trial, meteredFeatureId }: StoredPriceTerms) {
  if (interval !== "one_time") return null;
  const no = (pointer: string, detail: string) => ({ code: "not_for_one_time", pointer, detail });
  if (intervalCount !== 1) return no("/interval_count", "What is charged once has an interval_count of 1.");
  if (trial !== null) return no("/trial", "What is charged once has no trial.");
  if (meteredFeatureId !== null) return no("/metered_feature", "What is charged once cannot be counted by use.");
  return null;
}

const tiersFrom = (tiers: NonNullable<Said["tiers"]>) =>
  tiers.map((tier, index) => ({
    upTo: tier.up_to,
    unitAmount: unitAmountIn(tier, `/tiers/${index}`) ?? "0",
    flatAmount: tier.flat_amount ?? 0,
  }));

/** Equal amounts are equal texts: no zeros at the end of decimals. */
function unitAmountIn(said: Pick<Said, "unit_amount" | "unit_amount_decimal">, at: string): string | undefined {
  const { unit_amount: whole, unit_amount_decimal: decimal } = said;
  if (typeof whole === "number" && typeof decimal === "string") {
    const detail = "Give unit_amount or unit_amount_decimal, not both.";
    throw invalidRequest({ what: detail }, { errors: [{ pointer: `${at}/unit_amount_decimal`, code: "both_given", detail }] });
  }
  if (typeof decimal === "string") return decimal.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  return typeof whole === "number" ? String(whole) : undefined;
}
