import { createRoute } from "@hono/zod-openapi";
import { PaymentMethod, presentPaymentMethod } from "#kernel/billing/payment-method";
import { fetchSetup, savedBy, writeSaved } from "#kernel/billing/saving";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import {
  paymentProviderFailed,
  paymentProviderMissing,
  paymentProviderUnreachable,
  providerProblem,
  stripeOf,
} from "#kernel/stripe/problems";
import { openMethodSecret } from "./methods.ts";
import { paymentMethodNotFound } from "./problems.ts";

export const confirmPaymentMethod = endpoint({
  route: createRoute({
    operationId: "payment_methods.confirm",
    method: "post",
    path: "/v1/payment_methods/{id}/confirm",
    security: scope("payment_methods:write"),
    summary: "Ask the provider whether a method is saved",
    description:
      "Moves the method to where the provider says it stands, without waiting for its webhook: to be called when the customer comes back from saving it.",
    request: { params: idParam("pm") },
    responses: {
      200: json(PaymentMethod, "The method as it is now"),
      ...problems(
        paymentMethodNotFound,
        paymentProviderMissing,
        paymentProviderFailed,
        paymentProviderUnreachable,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, vault, now } = c.var;
    const { id } = c.req.valid("param");
    const method = await changing(async () => {
      const before = await repo.paymentMethods.byId(id);
      if (!before) throw paymentMethodNotFound({});
      const shown = presentPaymentMethod(before, { clientSecret: await openMethodSecret(vault, before) });
      if (before.setupRef === null || shown.client_secret === null) return shown;
      const stripe = await stripeOf(c.env, repo, vault);
      const setup = await fetchSetup(stripe, before.setupRef).catch((error: unknown) => {
        throw providerProblem(error) ?? error;
      });
      const saved = await savedBy(repo, before, setup, now);
      if (!saved) return shown;
      return writeSaved(saved, before, async ({ row, change, facts }) => {
        const answer = presentPaymentMethod(row, { clientSecret: await openMethodSecret(vault, row) });
        return (await repo.books.write(change, { facts, answer: [200, answer] })) && answer;
      });
    });
    return c.json(method, 200);
  },
});
