import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { Customer, presentCustomer } from "#kernel/customer";
import { NewCustomer } from "./schemas.ts";

export const createCustomer = endpoint({
  route: createRoute({
    operationId: "customers.create",
    method: "post",
    path: "/v1/customers",
    security: scope("customers:write"),
    summary: "Create a customer",
    description: "Who buys from a tenant. Several customers may have one e-mail address; an external_id belongs to one.",
    request: { body: jsonBody(NewCustomer) },
    responses: { 201: json(Customer, "The customer"), ...problems(externalIdTaken) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const row = {
      tenantId: repo.tenantId,
      id: newId("customer", repo.shard, c.var.realNow),
      kind: body.kind,
      name: body.name,
      email: body.email,
      billingEmail: body.billing_email ?? null,
      phone: body.phone ?? null,
      company: body.company ?? null,
      address: body.address ?? null,
      country: body.country ?? null,
      vatId: body.vat_id ?? null,
      taxExemptReason: body.tax_exempt_reason ?? null,
      contacts: body.contacts ?? [],
      locale: body.locale ?? null,
      timeZone: body.time_zone ?? null,
      ...newOwned(body, now),
    };
    const customer = presentCustomer(row);
    await repo.customers.insert(row, { facts: [fact("customer.created", customer)], answer: [201, customer] }).catch(asTaken({}));
    return c.json(customer, 201);
  },
});
