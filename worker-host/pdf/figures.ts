import { decimalAmount, decimalsOf } from "#rules/money";
import { decimalOf, div, toRational } from "#rules/rational";

/** The languages that a document can be written in. */
export type DocumentLocale = "en" | "de";

/** The signs that stand for one currency alone, and are read so in both languages. All others are told by their code. */
const SIGNS: Readonly<Record<string, string>> = {
  EUR: "€",
  GBP: "£",
  USD: "$",
  JPY: "¥",
  INR: "₹",
  KRW: "₩",
  PLN: "zł",
  CZK: "Kč",
};

/** No break and no stretching between a figure and what it is of. */
export const NBSP = "\u00a0";

const MONTHS: Record<DocumentLocale, readonly string[]> = {
  en: "January February March April May June July August September October November December".split(" "),
  de: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(" "),
};

/*
 * None of this asks `Intl`: what that answers changes with the machine's version of it, and a document has the same bytes for ever.
 */

/** Minor units as a plain figure, `1,234.50` or `1.234,50`, with the decimals of the currency. */
export function figure(currency: string, amount: number, locale: DocumentLocale): string {
  return grouped(decimalAmount(currency, amount), locale);
}

/** Minor units with their currency: `€1,234.50`, `1.234,50 €`, `KWD 1.500`. */
export function money(currency: string, amount: number, locale: DocumentLocale): string {
  return withCurrency(currency, figure(currency, amount, locale), locale);
}

/** A price each, which may be finer than the currency is: a decimal text in minor units, as a figure with all of its decimals. */
export function fineFigure(currency: string, minor: string, locale: DocumentLocale): string {
  const decimals = decimalsOf(currency);
  const text = decimalOf(div(toRational(minor), toRational(10n ** BigInt(decimals)))) ?? "0";
  const [whole = "0", fraction = ""] = text.split(".");
  const padded = fraction.padEnd(decimals, "0");
  return grouped(padded === "" ? whole : `${whole}.${padded}`, locale);
}

/** The same with its currency. */
export function fineMoney(currency: string, minor: string, locale: DocumentLocale): string {
  return withCurrency(currency, fineFigure(currency, minor, locale), locale);
}

/** A count: `12,500`. */
export function count(value: number | bigint | string, locale: DocumentLocale): string {
  return grouped(String(value), locale);
}

/** A rate of tax: `19%`, `5,5 %`. */
export function percent(rate: string, locale: DocumentLocale): string {
  const text = decimalOf(toRational(rate)) ?? rate;
  return locale === "de" ? `${text.replace(".", ",")}${NBSP}%` : `${text}%`;
}

/** A day in words: `2026-11-05` is `5 November 2026`, `5. November 2026`. */
export function longDate(date: string, locale: DocumentLocale): string {
  const { year, month, day } = partsOf(date);
  const name = MONTHS[locale][month - 1] ?? "";
  return locale === "de" ? `${day}.${NBSP}${name} ${year}` : `${day}${NBSP}${name} ${year}`;
}

/** A day in little room: `5 Nov 2026`, `05.11.2026`. */
export function shortDate(date: string, locale: DocumentLocale): string {
  const { year, month, day } = partsOf(date);
  if (locale === "de") return `${String(day).padStart(2, "0")}.${String(month).padStart(2, "0")}.${year}`;
  return `${day}${NBSP}${(MONTHS.en[month - 1] ?? "").slice(0, 3)}${NBSP}${year}`;
}

/** From one day to another, both counted. */
export function dateRange(startOn: string, endOn: string, locale: DocumentLocale): string {
  return startOn === endOn ? shortDate(startOn, locale) : `${shortDate(startOn, locale)} – ${shortDate(endOn, locale)}`;
}

function withCurrency(currency: string, text: string, locale: DocumentLocale): string {
  const sign = SIGNS[currency];
  if (locale === "de") return `${text}${NBSP}${sign ?? currency}`;
  const [minus, size] = text.startsWith("-") ? ["-", text.slice(1)] : ["", text];
  // letters need room before a figure
  return sign !== undefined && sign.length === 1 ? `${minus}${sign}${size}` : `${minus}${currency}${NBSP}${size}`;
}

/** A decimal text with the separators of the language. */
function grouped(text: string, locale: DocumentLocale): string {
  const [thousand, point] = locale === "de" ? [".", ","] : [",", "."];
  const [whole = "", fraction] = text.split(".");
  const digits = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, thousand);
  return fraction === undefined ? digits : `${digits}${point}${fraction}`;
}

function partsOf(date: string): { year: string; month: number; day: number } {
  const [year = "", month = "", day = ""] = date.split("-");
  return { year, month: Number(month), day: Number(day) };
}
