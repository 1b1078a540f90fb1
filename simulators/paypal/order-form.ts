import type { Body } from "./body.ts";
import { businessFault, malformed, notSimulated } from "./errors.ts";
import { minorOf, type Money } from "./money.ts";
import type { Breakdown, PurchaseUnit } from "./objects.ts";

const PARTS = ["item_total", "tax_total", "shipping", "handling", "insurance", "shipping_discount", "discount"] as const;

/** The one purchase unit of a request. */
export function readUnit(body: Body): PurchaseUnit {
  const units = body.mustList("purchase_units", 10);
  const [unit, second] = units;
  if (!unit || second) throw notSimulated("/purchase_units/1");
  const amountBody = unit.mustObject("amount");
  const amount = readAmount(amountBody);
  const rawItems = unit.any("items");
  const items = unit.list("items", 1000);
  if (items) checkItems(items, amount);
  const read: PurchaseUnit = {
    reference_id: unit.string("reference_id", 256) ?? "default",
    amount,
    ...texts(unit),
    ...(Array.isArray(rawItems) ? { items: rawItems as unknown[] } : {}),
  };
  unit.any("payee", "shipping", "payment_instruction", "supplementary_data");
  unit.done();
  return read;
}

/** The amount of a purchase unit with its breakdown, which must add up. */
export function readAmount(body: Body): PurchaseUnit["amount"] {
  // the fields stand beside the breakdown here, so they are read one by one
  const amount = body.here();
  const parts = body.object("breakdown");
  body.done();
  if (!parts) return amount;
  const breakdown: Record<string, Money> = {};
  for (const part of PARTS) {
    const money = parts.money(part, { allowZero: true });
    if (money) breakdown[part] = money;
  }
  parts.done();
  checkBreakdown(amount, breakdown);
  return { ...amount, breakdown };
}

function checkBreakdown(amount: Money, breakdown: Breakdown): void {
  const of = (part: string) => (breakdown[part] ? minorOf(breakdown[part]) : 0);
  if (Object.values(breakdown).some(({ currency_code: currency }) => currency !== amount.currency_code)) {
    throw businessFault("CURRENCY_MISMATCH", "All amounts of an order are in one currency.");
  }
  const sum = of("item_total") + of("tax_total") + of("shipping") + of("handling") + of("insurance");
  if (sum - of("shipping_discount") - of("discount") !== minorOf(amount)) {
    throw businessFault("AMOUNT_MISMATCH", "The parts of the amount do not add up to it.", {
      field: "/purchase_units/0/amount/value",
    });
  }
}

function checkItems(items: Body[], amount: PurchaseUnit["amount"]): void {
  let total = 0;
  let tax = 0;
  for (const item of items) {
    item.mustString("name", 127);
    const quantity = Number(item.mustString("quantity", 10, /^[1-9]\d*$/));
    total += quantity * minorOf(item.mustMoney("unit_amount"));
    tax += quantity * minorOf(item.money("tax", { allowZero: true }) ?? { ...amount, value: "0" });
    item.any("description", "sku", "url", "image_url", "category", "upc", "billing_plan");
    item.done();
  }
  const { breakdown } = amount;
  if (!breakdown?.["item_total"]) {
    throw malformed("MISSING_REQUIRED_PARAMETER", "Items want item_total in the breakdown.", {
      field: "/purchase_units/0/amount/breakdown/item_total",
    });
  }
  if (minorOf(breakdown["item_total"]) !== total) {
    throw businessFault("ITEM_TOTAL_MISMATCH", "The items do not add up to item_total.");
  }
  if (tax !== 0 && minorOf(breakdown["tax_total"] ?? { ...amount, value: "0" }) !== tax) {
    throw businessFault("TAX_TOTAL_MISMATCH", "The taxes of the items do not add up to tax_total.");
  }
}

function texts(unit: Body): Pick<PurchaseUnit, "description" | "custom_id" | "invoice_id" | "soft_descriptor"> {
  const read = {
    description: unit.string("description", 127),
    custom_id: unit.string("custom_id", 255),
    invoice_id: unit.string("invoice_id", 127),
    soft_descriptor: unit.string("soft_descriptor", 22),
  };
  return Object.fromEntries(Object.entries(read).filter(([, text]) => text !== undefined));
}

/** How an order is to be paid, as a request says it. */
export type Source = {
  vaultTokenId: string | null;
  /** `MERCHANT`: the payer is away. */
  initiator: "CUSTOMER" | "MERCHANT";
  keep: { customerId: string | null; merchantCustomerId: string | null; usageType: string } | null;
  returnUrl: string | null;
  cancelUrl: string | null;
};

/** Reads `payment_source`; undefined where the request has none. PayPal wallets and their tokens, no cards. */
export function readSource(body: Body): Source | undefined {
  const source = body.object("payment_source");
  if (!source) return undefined;
  const wallet = source.mustObject("paypal");
  source.done();
  const context = wallet.object("experience_context");
  const attributes = wallet.object("attributes");
  const vault = attributes?.object("vault");
  const customer = attributes?.object("customer");
  const credential = wallet.object("stored_credential");
  const read: Source = {
    vaultTokenId: wallet.string("vault_id", 255, /^[0-9a-zA-Z_-]+$/) ?? null,
    initiator: credential?.oneOf("payment_initiator", ["CUSTOMER", "MERCHANT"] as const) ?? "CUSTOMER",
    keep: null,
    returnUrl: context?.string("return_url", 4000) ?? null,
    cancelUrl: context?.string("cancel_url", 4000) ?? null,
  };
  credential?.any("usage", "usage_pattern", "charge_pattern", "payment_type");
  credential?.done();
  if (vault?.oneOf("store_in_vault", ["ON_SUCCESS"] as const) !== undefined) {
    const usageType = vault.oneOf("usage_type", ["MERCHANT", "PLATFORM"] as const);
    if (usageType === undefined) {
      throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: vault.at("usage_type") });
    }
    read.keep = {
      usageType,
      customerId: customer?.string("id", 22) ?? null,
      merchantCustomerId: customer?.string("merchant_customer_id", 64) ?? null,
    };
  }
  wallet.any("email_address", "name", "phone", "birth_date", "tax_info", "address", "billing_agreement_id");
  wallet.done();
  return read;
}
