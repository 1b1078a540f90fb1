import { fromProviderAmount, toProviderAmount } from "#rules/money";

/** An amount as PayPal writes it. */
export type PaypalMoney = { currency_code: string; value: string };

/** Minor units in PayPal's form. Throws where PayPal has no such amount: whoever places an order asks the rule before. */
export function moneyOf(currency: string, amount: number): PaypalMoney {
  const told = toProviderAmount("paypal", currency, amount);
  if (!told.ok) throw new Error(`An amount was to be sent that PayPal does not take: ${told.detail}`);
  return { currency_code: currency, value: told.decimal };
}

/** PayPal's amount in our minor units, with its sign; null where it is none of that currency. */
export function amountOf(money: PaypalMoney | undefined): number | null {
  if (!money) return null;
  const isNegative = money.value.startsWith("-");
  const size = fromProviderAmount("paypal", money.currency_code, isNegative ? money.value.slice(1) : money.value);
  return size === null || size === 0 || !isNegative ? size : -size;
}

/** The same of the older APIs, which have other names for currency and value. */
export const amountOfOlder = (money: { currency: string; total?: string; value?: string } | undefined): number | null =>
  money ? amountOf({ currency_code: money.currency, value: money.total ?? money.value ?? "" }) : null;
