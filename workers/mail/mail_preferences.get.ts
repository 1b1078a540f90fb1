import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { customerNotFound } from "#kernel/not-found";
import { presentPreferences } from "./presenters.ts";
import { MailPreferences } from "./schemas.ts";

export const getMailPreferences = endpoint({
  route: createRoute({
    operationId: "mail_preferences.get",
    method: "get",
    path: "/v1/customers/{id}/mail_preferences",
    security: scope("mail:read"),
    summary: "Get what a customer wants to be mailed",
    description: "What they unsubscribed from, and whether mail to their address came back for good.",
    request: { params: idParam("cus") },
    responses: { 200: json(MailPreferences, "Their preferences"), ...problems(customerNotFound) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const customer = await repo.customers.byId(c.req.valid("param").id);
    if (!customer) throw customerNotFound({});
    const { unsubscribed, bounce } = await repo.mailPreferences.of(customer.id, customer.email);
    return c.json(presentPreferences(customer.id, unsubscribed, bounce), 200);
  },
});
