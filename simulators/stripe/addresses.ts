import type Stripe from "stripe";
import type { Params } from "./form.ts";

type Address = Stripe.Address;

const LINES = ["line1", "line2", "city", "postal_code", "state", "country"] as const;

/** Reads an address; lines that are left out are null. An empty value takes the address away: null then. */
export function readAddress(params: Params, name = "address"): Address | null | undefined {
  if (!params.isHash(name)) return params.unsettable(name) === null ? null : undefined;
  const given = params.hash(name);
  if (!given) return undefined;
  const [line1, line2, city, postalCode, state, country] = LINES.map((line) => given.unsettable(line) ?? null);
  given.done();
  return {
    line1: line1 ?? null,
    line2: line2 ?? null,
    city: city ?? null,
    postal_code: postalCode ?? null,
    state: state ?? null,
    country: country ?? null,
  };
}

/** Reads `billing_details` over what is held. */
export function readBilling(params: Params, held: Stripe.PaymentMethod.BillingDetails): Stripe.PaymentMethod.BillingDetails {
  const given = params.hash("billing_details");
  if (!given) return held;
  const address = readAddress(given);
  const or = (value: string | null | undefined, old: string | null) => (value === undefined ? old : value);
  const read = {
    address: address === undefined ? held.address : address,
    email: or(given.unsettable("email", 512), held.email),
    name: or(given.unsettable("name"), held.name),
    phone: or(given.unsettable("phone"), held.phone),
    tax_id: or(given.unsettable("tax_id"), held.tax_id),
  };
  given.done();
  return read;
}
