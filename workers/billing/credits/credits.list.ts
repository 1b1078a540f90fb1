import { createRoute } from "@hono/zod-openapi";
import { Credit, presentCredit } from "#kernel/billing/payment";
import { endpoint, idParam, json, listOf, listQuery, problems, scope } from "#kernel/endpoint";
import { customerNotFound } from "#kernel/not-found";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";

export const listCredits = endpoint({
  route: createRoute({
    operationId: "credits.list",
    method: "get",
    path: "/v1/customers/{id}/credits",
    security: scope("credits:read"),
    summary: "List a customer's credits",
    description: "Newest first, those that are spent too: `remaining` says what is left of each.",
    request: { params: idParam("cus"), query: listQuery({}) },
    responses: { 200: json(listOf(Credit), "A page of credits"), ...problems(customerNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const { id } = c.req.valid("param");
    const filter = { ...query, customer_id: id };
    const found = await repo.credits.ofCustomer(id, await pageAsked(repo.tenantId, filter));
    if (!found) throw customerNotFound({});
    return c.json(await presentPage(repo.tenantId, filter, found, presentCredit), 200);
  },
});
