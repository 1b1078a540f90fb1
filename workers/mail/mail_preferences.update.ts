import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { customerNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { NOTICE_KINDS } from "#rules/mail/kinds";
import { presentPreferences } from "./presenters.ts";
import { MailPreferences, MailPreferencesInput } from "./schemas.ts";

export const updateMailPreferences = endpoint({
  route: createRoute({
    operationId: "mail_preferences.update",
    method: "put",
    path: "/v1/customers/{id}/mail_preferences",
    security: scope("mail:write"),
    summary: "Set what a customer wants to be mailed",
    description:
      "All the kinds that they want no more; what is always sent cannot be among them. `lift_bounce` lets mail go to an address that was refused.",
    request: { params: idParam("cus"), body: jsonBody(MailPreferencesInput) },
    responses: {
      200: json(MailPreferences, "Their preferences as they are now"),
      ...problems(customerNotFound, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    const customer = await repo.customers.byId(id);
    if (!customer) throw customerNotFound({});
    const unsubscribed = NOTICE_KINDS.filter((kind) => body.unsubscribed.includes(kind));
    const preferences = await changing(async () => {
      const before = await repo.mailPreferences.of(id, customer.email);
      const after = presentPreferences(id, unsubscribed, body.lift_bounce ? null : before.bounce);
      const facts = [changeFact("mail_preferences.updated", presentPreferences(id, before.unsubscribed, before.bounce), after)];
      const change = { recipientId: id, unsubscribed, version: before.version, lift: body.lift_bounce ? customer.email : null };
      return (await repo.mailPreferences.put(change, { facts, answer: [200, after] })) && after;
    });
    return c.json(preferences, 200);
  },
});
