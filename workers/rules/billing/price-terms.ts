import type { PriceScheme, TaxBehavior } from "./documents.ts";

/** How often a price is charged; `one_time` once. */
export const PRICE_INTERVALS = ["day", "week", "month", "year", "one_time"] as const;
export type PriceInterval = (typeof PRICE_INTERVALS)[number];

/** How a price makes an amount of a quantity. */
export const PRICE_SCHEMES = ["flat", "per_unit", "graduated", "volume", "package"] as const satisfies readonly PriceScheme[];

/** The terms of a price as a revision keeps them. Unit amounts are decimal texts in minor units, since they may be finer than one. */
export type StoredPriceTerms = {
  currency: string;
  scheme: PriceScheme;
  unitAmount: string | null; // null: the tiers say it
  tiers: { upTo: number | null; unitAmount: string; flatAmount: number }[];
  packageSize: number | null;
  interval: PriceInterval;
  intervalCount: number;
  meteredFeatureId: string | null;
  taxBehavior: TaxBehavior;
  /** ISO 8601 duration before the first charge; null: none */
  trial: string | null;
};
