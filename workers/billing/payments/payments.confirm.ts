import { createRoute } from "@hono/zod-openapi";
import { Payment } from "#kernel/billing/payment";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { invoiceNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { paymentProviderFailed, paymentProviderMissing, paymentProviderUnreachable, stripeOf } from "#kernel/stripe/problems";
import { followed } from "./charging.ts";
import { paymentNotFound } from "./problems.ts";

export const confirmPayment = endpoint({
  route: createRoute({
    operationId: "payments.confirm",
    method: "post",
    path: "/v1/payments/{id}/confirm",
    security: scope("payments:write"),
    summary: "Ask the provider how a payment stands",
    description:
      "Moves the payment, and its invoice, to where the provider says it stands, without waiting for its webhook: to be called when the customer comes back from paying.",
    request: { params: idParam("pay") },
    responses: {
      200: json(Payment, "The payment as it is now"),
      ...problems(
        paymentNotFound,
        invoiceNotFound,
        paymentProviderMissing,
        paymentProviderFailed,
        paymentProviderUnreachable,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, vault } = c.var;
    const { id } = c.req.valid("param");
    const before = await repo.payments.byId(id);
    if (!before) throw paymentNotFound({});
    const stripe = before.provider === "stripe" ? await stripeOf(c.env, repo, vault) : undefined;
    return c.json(await followed(c, stripe, id, 200), 200);
  },
});
