import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { customerNotFound } from "#kernel/not-found";
import { Customer, presentCustomer } from "#kernel/customer";

export const getCustomer = endpoint({
  route: createRoute({
    operationId: "customers.get",
    method: "get",
    path: "/v1/customers/{id}",
    security: scope("customers:read"),
    summary: "Get a customer",
    request: { params: idParam("cus") },
    responses: { 200: json(Customer, "The customer"), ...problems(customerNotFound) },
  }),

  handler: async (c) => {
    const customer = await c.var.repo.customers.byId(c.req.valid("param").id);
    if (!customer) throw customerNotFound({});
    return c.json(presentCustomer(customer), 200);
  },
});
