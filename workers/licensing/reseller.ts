import type { CustomerRow } from "#db/customers/customers";
import { customerNotFound } from "#kernel/not-found";
import { invalidRequest } from "#kernel/problems";

/** The reseller of a license, who must be an organization. Throws `customer_not_found` or `invalid_request`. */
export function resellerOf(customer: CustomerRow | undefined): CustomerRow {
  if (!customer) throw customerNotFound({});
  if (customer.kind === "organization") return customer;
  const detail = "A reseller is a customer of kind organization.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer: "/reseller_id", code: "not_an_organization", detail }] });
}
