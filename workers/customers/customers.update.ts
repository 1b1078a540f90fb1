import { createRoute } from "@hono/zod-openapi";
import type { CustomerRow } from "#db/customers/customers";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { customerNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { Customer, presentCustomer } from "#kernel/customer";
import { CustomerPatch } from "./schemas.ts";

export const updateCustomer = endpoint({
  route: createRoute({
    operationId: "customers.update",
    method: "patch",
    path: "/v1/customers/{id}",
    security: scope("customers:write"),
    summary: "Change a customer",
    description: "Fields that are left out stay as they are; null empties a field. Address and contacts are replaced as a whole.",
    request: { params: idParam("cus"), body: jsonBody(CustomerPatch) },
    responses: {
      200: json(Customer, "The customer as it is now"),
      ...problems(customerNotFound, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const customer = await changing(async () => {
      const before = await repo.customers.byId(id);
      if (!before) throw customerNotFound({});
      const row = { ...before, ...changedFields(before, body), ...changedOwned(before, body, now) };
      const after = presentCustomer(row);
      const told = { facts: [changeFact("customer.updated", presentCustomer(before), after)], answer: [200, after] as const };
      return (await repo.customers.update(row, told)) && after;
    }).catch(asTaken({}));
    return c.json(customer, 200);
  },
});

/** What a patch says of a customer: null empties a field, an absent one stays. */
function changedFields(before: CustomerRow, body: z.infer<typeof CustomerPatch>) {
  return {
    kind: body.kind ?? before.kind,
    name: body.name ?? before.name,
    email: body.email ?? before.email,
    billingEmail: changed(before.billingEmail, body.billing_email),
    phone: changed(before.phone, body.phone),
    company: changed(before.company, body.company),
    address: changed(before.address, body.address),
    country: changed(before.country, body.country),
    vatId: changed(before.vatId, body.vat_id),
    taxExemptReason: changed(before.taxExemptReason, body.tax_exempt_reason),
    contacts: body.contacts ?? before.contacts,
    locale: changed(before.locale, body.locale),
    timeZone: changed(before.timeZone, body.time_zone),
  };
}

const changed = <T>(before: T, after: T | undefined): T => (after === undefined ? before : after);
