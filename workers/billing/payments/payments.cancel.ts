import { createRoute } from "@hono/zod-openapi";
import type { PaymentRow } from "#db/billing/payments";
import { Payment, presentPayment } from "#kernel/billing/payment";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { cancelIntent } from "#kernel/stripe/intents";
import {
  paymentProviderFailed,
  paymentProviderMissing,
  paymentProviderUnreachable,
  providerProblem,
  stripeOf,
} from "#kernel/stripe/problems";
import { paymentNotCancelable, paymentNotFound } from "./problems.ts";

export const cancelPayment = endpoint({
  route: createRoute({
    operationId: "payments.cancel",
    method: "post",
    path: "/v1/payments/{id}/cancel",
    security: scope("payments:write"),
    summary: "Cancel a payment",
    description: "Ends it at the provider first, so that nobody pays what was given up. Canceling twice changes nothing.",
    request: { params: idParam("pay") },
    responses: {
      200: json(Payment, "The payment as it is now"),
      ...problems(
        paymentNotFound,
        paymentNotCancelable,
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
    const payment = await changing(async () => {
      const before = await repo.payments.byId(id);
      if (!before) throw paymentNotFound({});
      if (before.status === "canceled") return presentPayment(before);
      if (before.status === "succeeded" || before.provider !== "stripe") throw paymentNotCancelable(before);
      if (before.ref !== null) {
        const stripe = await stripeOf(c.env, repo, vault);
        const status = await cancelIntent(stripe, before.ref).catch((error: unknown) => {
          throw providerProblem(error) ?? error;
        });
        if (status !== "canceled") throw paymentNotCancelable({ status });
      }
      const row: PaymentRow = { ...before, status: "canceled", updatedAt: now };
      const answer = presentPayment(row);
      const facts = [changeFact("payment.canceled", presentPayment(before), answer)];
      return (await repo.books.write({ update: { payments: [row] } }, { facts, answer: [200, answer] })) && answer;
    });
    return c.json(payment, 200);
  },
});
