import type { Derivation } from "#rules/billing/documents";
import { type DocumentLocale, count, fineMoney, money } from "./figures.ts";
import { type Words, wordsOf } from "./words.ts";

type Range = (zone: string, startAt: string, endAt: string, locale: DocumentLocale) => string;

/** How a line came to its amount, in words that let the reader reckon it again; null where quantity and price say it already. */
export function derivationText(
  derivation: Derivation,
  told: { currency: string; locale: DocumentLocale; range: Range },
): string | null {
  const words = wordsOf(told.locale);
  switch (derivation.kind) {
    case "flat":
    case "manual":
      return null;
    case "scheme":
      return schemeText(derivation, told, words);
    case "proration":
      return prorationText(derivation, told, words);
  }
}

function schemeText(
  { scheme, tiers, packageSize }: Extract<Derivation, { kind: "scheme" }>,
  { currency, locale }: { currency: string; locale: DocumentLocale },
  words: Words,
): string | null {
  if (scheme === "flat" || scheme === "per_unit") return null;
  const shares = tiers
    .filter((tier) => tier.quantity !== 0 || tier.flatAmount !== 0)
    .map(({ quantity, unitAmount, flatAmount }) => {
      const price = fineMoney(currency, unitAmount, locale);
      const counted =
        scheme === "package" && packageSize !== null
          ? `${words.packages(count(quantity, locale), count(packageSize, locale))} × ${price}`
          : `${count(quantity, locale)} × ${price}`;
      const fee = flatAmount === 0 ? [] : [words.flatFee(money(currency, flatAmount, locale))];
      return [...(quantity === 0 ? [] : [counted]), ...fee].join(" + ");
    });
  return shares.length === 0 ? null : shares.join(" + ");
}

const DAY_S = 86_400;

function prorationText(
  proration: Extract<Derivation, { kind: "proration" }>,
  { currency, locale, range }: { currency: string; locale: DocumentLocale; range: Range },
  words: Words,
): string {
  const { of, by, zone, periodStartAt, periodEndAt, part, fullAmount } = proration;
  const span = range(zone, periodStartAt, periodEndAt, locale);
  const n = BigInt(part.n);
  const d = BigInt(part.d);
  const seconds = BigInt(Math.round((Date.parse(periodEndAt) - Date.parse(periodStartAt)) / 1000));
  // calendar days are 23 to 25 hours long, and a period has a whole number of them
  const days = BigInt(Math.round(Number(seconds) / DAY_S));
  const full = money(currency, fullAmount, locale);
  const told = (text: string) => (of === "credit" ? words.credit(text, full) : words.charge(text, full));
  if (by === "day" && d > 0n && days % d === 0n)
    return told(words.days(count((n * days) / d, locale), count(days, locale), span));
  if (by === "second" && d > 0n && seconds % d === 0n)
    return told(words.spans(duration((n * seconds) / d, words, locale), duration(seconds, words, locale), span));
  return told(words.fraction(count(n, locale), count(d, locale), span));
}

/** `15 days 6 hours`: a day here is 24 hours. */
function duration(seconds: bigint, words: Words, locale: DocumentLocale): string {
  const parts = [
    ["day", seconds / 86_400n],
    ["hour", (seconds / 3600n) % 24n],
    ["minute", (seconds / 60n) % 60n],
    ["second", seconds % 60n],
  ] as const;
  const said = parts
    .filter(([, value]) => value !== 0n)
    .map(([unit, value]) => words.units[unit](count(value, locale), value === 1n));
  return said.length === 0 ? words.units.second("0", false) : said.join(" ");
}
