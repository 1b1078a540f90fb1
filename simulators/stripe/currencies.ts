import { refused } from "./errors.ts";

/** Presentment currencies of docs.stripe.com/currencies. */
const SUPPORTED = new Set(
  `usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop
  crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes
  kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd
  omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd
  tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw`.split(/\s+/),
);

/** Least amounts in minor units, from the same page; a currency without one of its own is held to 1. */
const MINIMUM: Readonly<Record<string, number>> = {
  usd: 50,
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
};

const WITHOUT_DECIMALS = new Set([
  "bif",
  "clp",
  "djf",
  "gnf",
  "jpy",
  "kmf",
  "krw",
  "mga",
  "pyg",
  "rwf",
  "ugx",
  "vnd",
  "vuv",
  "xaf",
  "xof",
  "xpf",
]);
const WITH_THREE_DECIMALS = new Set(["bhd", "jod", "kwd", "omr", "tnd"]);
const MAX_AMOUNT = 99_999_999;

/** The currency in lower case, as Stripe answers it. Throws 400 for one that Stripe does not take. */
export function checkCurrency(text: string): string {
  const currency = text.toLowerCase();
  if (SUPPORTED.has(currency)) return currency;
  throw refused(`Invalid currency: ${currency}. Stripe currently supports these currencies: ${[...SUPPORTED].join(", ")}`, {
    param: "currency",
  });
}

/** Refuses an amount (minor units) that Stripe does not charge: too small, too large, or not a multiple of ten with three decimals. */
export function checkAmount(amount: number, currency: string): void {
  if (amount < 1) {
    throw refused("This value must be greater than or equal to 1.", { code: "parameter_invalid_integer", param: "amount" });
  }
  const least = MINIMUM[currency] ?? 1;
  if (amount < least) {
    throw refused(`Amount must be at least ${money(least, currency)}`, { code: "amount_too_small", param: "amount" });
  }
  if (amount > MAX_AMOUNT) {
    throw refused(`Amount must be no more than ${money(MAX_AMOUNT, currency)}`, { code: "amount_too_large", param: "amount" });
  }
  if (WITH_THREE_DECIMALS.has(currency) && amount % 10 !== 0) {
    throw refused(`Invalid amount: for ${currency} the last digit must be 0.`, { param: "amount" });
  }
}

/** An amount for a sentence: `12.50 eur`. */
export function money(amount: number, currency: string): string {
  const decimals = WITHOUT_DECIMALS.has(currency) ? 0 : WITH_THREE_DECIMALS.has(currency) ? 3 : 2;
  const digits = String(amount).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  return decimals === 0 ? `${whole} ${currency}` : `${whole}.${digits.slice(-decimals)} ${currency}`;
}
