import { parsePercent } from "../money.ts";
import type { TaxCategory } from "./documents.ts";

/** A rate that a tenant charges in a country, or in one state of it, for one category of goods, as long as it is valid. */
export type TaxRate = {
  id: string;
  /** VAT, GST, Sales tax: what people read */
  name: string;
  country: string;
  /** null: the whole country */
  state: string | null;
  /** what a plan or product is: standard, reduced, … */
  taxCategory: string;
  category: TaxCategory;
  /** at most 4 decimals */
  percent: string;
  /** `YYYY-MM-DD`; null: always was */
  validFromOn: string | null;
  /** `YYYY-MM-DD`, the first day on which it is valid no more; null: no end is known */
  validUntilOn: string | null;
  archivedAt: Date | null;
};

/** Where, when and what is taxed. */
export type TaxQuestion = {
  country: string;
  state: string | null;
  taxCategory: string;
  /** the tax point, `YYYY-MM-DD` */
  on: string;
};

/** What the tenant's rates answer. Only `found` is a rate: nothing else may be read as zero. */
export type RateChoice =
  | { kind: "found"; rate: TaxRate }
  /** no rate of this place at all: the tenant has never said that it is taxed there */
  | { kind: "nowhere" }
  /** rates of this place, but none for this category of goods */
  | { kind: "no_category" }
  /** a rate for this, but not on that day */
  | { kind: "not_then" }
  /** more than one on that day */
  | { kind: "ambiguous"; rates: TaxRate[] };

/** The tenant's rate for this place, day and category. A rate of the state comes before one of the whole country. */
export function chooseRate(rates: readonly TaxRate[], { country, state, taxCategory, on }: TaxQuestion): RateChoice {
  const here = rates.filter(
    (rate) => rate.archivedAt === null && rate.country === country && (rate.state === null || sameState(rate.state, state)),
  );
  const ofGoods = here.filter((rate) => rate.taxCategory === taxCategory);
  const valid = ofGoods.filter((rate) => isValidOn(rate, on));
  const ofState = valid.filter((rate) => rate.state !== null);
  const nearest = ofState.length > 0 ? ofState : valid;
  const [rate] = nearest;
  if (nearest.length > 1) return { kind: "ambiguous", rates: nearest };
  if (rate) return { kind: "found", rate };
  if (ofGoods.length > 0) return { kind: "not_then" };
  return here.length > 0 ? { kind: "no_category" } : { kind: "nowhere" };
}

/** Whether the rate counts on that day. Half-open: on the day that it is valid until, the next one counts. */
export function isValidOn({ validFromOn, validUntilOn }: Pick<TaxRate, "validFromOn" | "validUntilOn">, on: string): boolean {
  return (validFromOn === null || on >= validFromOn) && (validUntilOn === null || on < validUntilOn);
}

/** Why a rate cannot be one of a tenant's. `pointer` is a JSON pointer into it as the wire spells it. */
export type TaxRateRefused = {
  code: "invalid_percent" | "percent_of_category" | "invalid_validity" | "overlapping";
  pointer: string;
  detail: string;
};

/** Null where the rate may stand beside the tenant's others: no two are valid on one day for the same place and goods. */
export function whyNotTaxRate(rate: TaxRate, others: readonly TaxRate[]): TaxRateRefused | null {
  const percent = parsePercent(rate.percent);
  if (percent === null || percent > 1_000_000n)
    return no("invalid_percent", "/percent", "The percentage is from 0 to 100, with at most 4 decimals.");
  if ((rate.category === "S") !== percent > 0n)
    return no("percent_of_category", "/percent", "Category S, and no other, has a percentage above 0.");
  const { validFromOn: from, validUntilOn: until } = rate;
  if (from !== null && until !== null && until <= from)
    return no("invalid_validity", "/valid_until_on", "A rate ends after it begins.");
  const clash = others.find(
    (other) => other.id !== rate.id && other.archivedAt === null && isForTheSame(rate, other) && overlaps(rate, other),
  );
  if (clash)
    return no("overlapping", "/valid_from_on", `The rate ${clash.id} is valid at the same time, for the same place and goods.`);
  return null;
}

function isForTheSame(a: TaxRate, b: TaxRate): boolean {
  return (
    a.country === b.country &&
    a.taxCategory === b.taxCategory &&
    (a.state === null ? b.state === null : b.state !== null && sameState(a.state, b.state))
  );
}

function overlaps(a: TaxRate, b: TaxRate): boolean {
  const before = (until: string | null, from: string | null) => until !== null && from !== null && until <= from;
  return !before(a.validUntilOn, b.validFromOn) && !before(b.validUntilOn, a.validFromOn);
}

/** States are written by people: `ca` is `CA`. */
function sameState(a: string, b: string | null): boolean {
  return b !== null && a.trim().toUpperCase() === b.trim().toUpperCase();
}

function no(code: TaxRateRefused["code"], pointer: string, detail: string): TaxRateRefused {
  return { code, pointer, detail };
}
