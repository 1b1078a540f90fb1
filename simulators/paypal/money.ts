import { businessFault } from "./errors.ts";

/** An amount as PayPal writes it. */
export type Money = { currency_code: string; value: string };

const CURRENCIES = new Set(
  "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD".split(" "),
);
const WITHOUT_DECIMALS = new Set(["HUF", "JPY", "TWD"]);
const MAX_MINOR = 999_999_999_99;

/** Minor units as text, in the currency's own form. */
export function money(currency: string, minor: number): Money {
  if (WITHOUT_DECIMALS.has(currency)) return { currency_code: currency, value: String(minor) };
  const digits = String(Math.abs(minor)).padStart(3, "0");
  return { currency_code: currency, value: `${minor < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}` };
}

/** The minor units of an amount that was checked before. */
export function minorOf({ currency_code: currency, value }: Money): number {
  const [whole = "0", decimals = ""] = value.replace("-", "").split(".");
  const minor = WITHOUT_DECIMALS.has(currency) ? Number(whole) : Number(whole) * 100 + Number(decimals.padEnd(2, "0"));
  return value.startsWith("-") ? -minor : minor;
}

/** An amount of a request in its normal form, or the refusal that PayPal has for it. */
export function checkedMoney(currency: string, value: string, field: string, allowZero = false): Money {
  const refuse = (issue: string, description: string) => businessFault(issue, description, { field, value });
  if (!CURRENCIES.has(currency)) {
    throw refuse("CURRENCY_NOT_SUPPORTED", "This currency is not one of those that the account can receive.");
  }
  if (!/^-?(\d+|\d*\.\d+)$/.test(value) || value.length > 32) {
    throw refuse("INVALID_PARAMETER_SYNTAX", "The amount is not a number written as text.");
  }
  if (value.startsWith("-")) throw refuse("CANNOT_BE_NEGATIVE", "The amount must not be below zero.");
  const decimals = value.split(".")[1] ?? "";
  if (WITHOUT_DECIMALS.has(currency) && decimals !== "") {
    throw refuse("DECIMALS_NOT_SUPPORTED", "This currency has no decimals.");
  }
  if (decimals.length > 2) throw refuse("DECIMAL_PRECISION", "The amount has more than two decimals.");
  const minor = minorOf({ currency_code: currency, value });
  if (minor === 0 && !allowZero) throw refuse("CANNOT_BE_ZERO_OR_NEGATIVE", "The amount must be above zero.");
  if (minor > MAX_MINOR) throw refuse("MAX_VALUE_EXCEEDED", "The amount is larger than any that can be paid.");
  return money(currency, minor);
}

/** What PayPal keeps of a payment: 2.99 % and a fixed part, never more than the amount. An example, not anybody's tariff. */
export function feeOf(amount: Money): Money {
  const minor = minorOf(amount);
  const fixed = WITHOUT_DECIMALS.has(amount.currency_code) ? 30 : 39;
  return money(amount.currency_code, Math.min(minor, Math.round((minor * 299) / 10_000) + fixed));
}
