import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { Customer, presentCustomer } from "#kernel/customer";
import { CustomerQuery } from "./schemas.ts";

export const listCustomers = endpoint({
  route: createRoute({
    operationId: "customers.list",
    method: "get",
    path: "/v1/customers",
    security: scope("customers:read"),
    summary: "List customers",
    description: "Newest first.",
    request: { query: CustomerQuery },
    responses: { 200: json(listOf(Customer), "A page of customers"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { email, kind, external_id: externalId } = query;
    const found = await repo.customers.list(page, { email, kind, externalId });
    return c.json(await presentPage(repo.tenantId, query, found, presentCustomer), 200);
  },
});
