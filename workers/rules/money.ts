/** Who moves the money. `manual` = outside of this system, noted by hand. */
export const PROVIDERS = ["stripe", "paypal", "manual"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** ISO 4217: the money of states, by how many decimals it has. Codes without one (gold, test codes, fund codes of 4 decimals) are not money here. */
const DECIMALS: ReadonlyMap<string, number> = new Map([
  ...codes("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF", 0),
  ...codes(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD " +
      "EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD " +
      "LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR " +
      "SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR " +
      "ZMW ZWG",
    2,
  ),
  ...codes("BHD IQD JOD KWD LYD OMR TND", 3),
]);

/** Where a provider counts otherwise than ISO 4217: `decimals` of its amounts, `step` = the smallest amount in its units that it takes. */
const PECULIAR: Record<Exclude<Provider, "manual">, ReadonlyMap<string, { decimals: number; step: number }>> = {
  stripe: new Map([
    // zero-decimal by ISO, two-decimal for history's sake at Stripe, and the decimals must be 00
    ...each("ISK UGX", { decimals: 2, step: 100 }),
    ...each("MGA", { decimals: 0, step: 1 }),
    // three-decimal amounts must end in 0
    ...each("BHD IQD JOD KWD LYD OMR TND", { decimals: 3, step: 10 }),
  ]),
  paypal: new Map(each("HUF JPY TWD", { decimals: 0, step: 1 })),
};

/** PayPal settles in these only. */
const PAYPAL_CURRENCIES = new Set(
  "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD".split(" "),
);

/** Whether the text is the code of a currency, upper case. */
export function isCurrency(code: string): boolean {
  return DECIMALS.has(code);
}

/** All currencies, sorted. */
export function listCurrencies(): string[] {
  return [...DECIMALS.keys()].toSorted();
}

/** How many decimals the currency has: amounts count in units of 10^-decimals. Throws RangeError on an unknown currency. */
export function decimalsOf(currency: string): number {
  const decimals = DECIMALS.get(currency);
  if (decimals === undefined) throw new RangeError(`Not a currency: ${currency}`);
  return decimals;
}

/** Whether the number can be an amount: a whole number of minor units that survives D1 and JSON. Negative ones are credits. */
export function isAmount(amount: number): boolean {
  return Number.isSafeInteger(amount);
}

/** Why a provider cannot take an amount. */
export type AmountRefused = "not_an_amount" | "currency_unsupported" | "too_fine" | "too_large";

/** An amount as the provider counts it: `units` is its integer form (Stripe), `decimal` the same as text (PayPal). */
export type ProviderAmount = { ok: true; units: number; decimal: string } | { ok: false; reason: AmountRefused; detail: string };

/** Our minor units in the provider's form, exactly; refused where the provider has no such amount. Never rounds. */
export function toProviderAmount(provider: Provider, currency: string, amount: number): ProviderAmount {
  if (!isAmount(amount) || amount < 0)
    return refused("not_an_amount", `${amount} is not a whole, non-negative number of minor units.`);
  const rule = ruleOf(provider, currency);
  if (!rule) return refused("currency_unsupported", `${provider} does not take ${currency}.`);

  const ours = decimalsOf(currency);
  const scaled = BigInt(amount) * 10n ** BigInt(Math.max(rule.decimals - ours, 0));
  const divisor = 10n ** BigInt(Math.max(ours - rule.decimals, 0));
  const units = scaled / divisor;
  if (scaled % divisor !== 0n || units % BigInt(rule.step) !== 0n)
    return refused(
      "too_fine",
      `${provider} takes ${currency} only in steps of ${decimalText(BigInt(rule.step), rule.decimals)}.`,
    );
  if (units > BigInt(Number.MAX_SAFE_INTEGER)) return refused("too_large", `${provider} cannot count that high.`);
  return { ok: true, units: Number(units), decimal: decimalText(units, rule.decimals) };
}

/** A provider's amount, its integer or its decimal text, in our minor units; null where it is none of this provider and currency. */
export function fromProviderAmount(provider: Provider, currency: string, amount: number | string): number | null {
  const rule = ruleOf(provider, currency);
  const units = rule && (typeof amount === "number" ? wholeUnits(amount) : unitsOfText(amount, rule.decimals));
  if (!rule || units == null) return null;
  const ours = decimalsOf(currency);
  const scaled = units * 10n ** BigInt(Math.max(ours - rule.decimals, 0));
  const divisor = 10n ** BigInt(Math.max(rule.decimals - ours, 0));
  const minor = scaled / divisor;
  return scaled % divisor === 0n && minor <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(minor) : null;
}

/** An amount as people of no particular language read it: `12.50`, `-3`. For texts that need no locale. */
export function decimalAmount(currency: string, amount: number): string {
  return decimalText(BigInt(amount), decimalsOf(currency));
}

/**
 * A whole cut in proportion to `weights`, in whole units that sum to it, always: everyone gets the share rounded towards zero, and what is
 * left goes out one by one to the largest remainders, ties to the earlier line. Weights of zero all around count as equal.
 * Throws RangeError on amounts that are none, negative weights, or a whole with nobody to take it.
 */
export function splitByLargestRemainder(whole: number, weights: readonly number[]): number[] {
  if (!isAmount(whole)) throw new RangeError(`Not an amount: ${whole}`);
  if (!weights.every((weight) => isAmount(weight) && weight >= 0)) throw new RangeError("Weights are whole and not negative");
  if (weights.length === 0) {
    if (whole !== 0) throw new RangeError("Nobody to split among");
    return [];
  }

  const sum = weights.reduce((total, weight) => total + BigInt(weight), 0n);
  const shares = sum === 0n ? weights.map(() => 1n) : weights.map(BigInt);
  const size = BigInt(Math.abs(whole));
  const parts = shares.map((share, line) => {
    const product = size * share;
    const divisor = sum === 0n ? BigInt(weights.length) : sum;
    return { line, floor: product / divisor, remainder: product % divisor };
  });

  const left = Number(size - parts.reduce((total, part) => total + part.floor, 0n));
  // the sort is stable: among equal remainders the earlier line stays in front
  const lucky = new Set(
    parts
      .toSorted((a, b) => (a.remainder === b.remainder ? 0 : a.remainder > b.remainder ? -1 : 1))
      .slice(0, left)
      .map((part) => part.line),
  );
  return parts.map(({ line, floor }) => signed(Number(floor) + (lucky.has(line) ? 1 : 0), whole));
}

/** A percentage in ten-thousandths of a percent (`12.5` = 125000n); null where it is negative or has more than 4 decimals. */
export function parsePercent(percent: number | string): bigint | null {
  const match = /^(\d{1,9})(?:\.(\d{1,4}))?$/.exec(String(percent));
  return match ? BigInt(`${match[1]}${(match[2] ?? "").padEnd(4, "0")}`) : null;
}

/** `percent` of an amount, rounded once, half away from zero. Throws RangeError on an amount or percentage that is none, or beyond 2^53. */
export function percentOf(amount: number, percent: number | string): number {
  const tenThousandths = parsePercent(percent);
  if (tenThousandths === null || !isAmount(amount)) throw new RangeError(`Cannot take ${percent} % of ${amount}`);
  return roundedQuotient(BigInt(amount) * tenThousandths, 1_000_000n);
}

/** `numerator / denominator`, rounded half away from zero, as an amount. Throws RangeError on a denominator below 1 or a result beyond 2^53. */
export function roundedQuotient(numerator: bigint, denominator: bigint): number {
  if (denominator < 1n) throw new RangeError("The denominator must be positive");
  const size = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * size + denominator) / (2n * denominator);
  if (rounded > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError("The amount is beyond 2^53");
  return signed(Number(rounded), numerator < 0n ? -1 : 1);
}

function ruleOf(provider: Provider, currency: string): { decimals: number; step: number } | null {
  const decimals = DECIMALS.get(currency);
  if (decimals === undefined || (provider === "paypal" && !PAYPAL_CURRENCIES.has(currency))) return null;
  const peculiar = provider === "manual" ? undefined : PECULIAR[provider].get(currency);
  return peculiar ?? { decimals, step: 1 };
}

function wholeUnits(amount: number): bigint | null {
  return isAmount(amount) && amount >= 0 ? BigInt(amount) : null;
}

function unitsOfText(text: string, decimals: number): bigint | null {
  const match = /^(\d{1,16})(?:\.(\d{1,4}))?$/.exec(text);
  if (!match) return null;
  const [, whole = "", fraction = ""] = match;
  // "10.00" of a currency without decimals is still ten, "10.50" is nothing
  if (!/^0*$/.test(fraction.slice(decimals))) return null;
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
}

function decimalText(units: bigint, decimals: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const sign = units < 0n ? "-" : "";
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** The size with the sign of the other number; zero has none: `-0` is no amount. */
function signed(size: number, like: number): number {
  return like < 0 && size !== 0 ? -size : size;
}

function refused(reason: AmountRefused, detail: string): ProviderAmount {
  return { ok: false, reason, detail };
}

function codes(list: string, decimals: number): [string, number][] {
  return list.split(" ").map((code) => [code, decimals]);
}

function each<T>(list: string, rule: T): [string, T][] {
  return list.split(" ").map((code) => [code, rule]);
}
