import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Stripe } from "stripe";
import type { PaymentMethodRow } from "#db/billing/payment-methods";
import { presentPaymentMethod } from "#kernel/billing/payment-method";
import { changing } from "#kernel/changing";
import { empty, endpoint, idParam, problems, scope, type TenantEnv } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import {
  paymentProviderFailed,
  paymentProviderMissing,
  paymentProviderUnreachable,
  providerProblem,
  stripeOf,
} from "#kernel/stripe/problems";
import { paymentMethodNotFound } from "./problems.ts";

export const deletePaymentMethod = endpoint({
  route: createRoute({
    operationId: "payment_methods.delete",
    method: "delete",
    path: "/v1/payment_methods/{id}",
    security: scope("payment_methods:write"),
    summary: "Detach a payment method",
    description: "It is taken away at the provider too, and is never charged again. What it has paid keeps naming it.",
    request: { params: idParam("pm") },
    responses: {
      204: empty("The method is detached"),
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
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    await changing(async () => {
      const before = await repo.paymentMethods.byId(id);
      if (!before) throw paymentMethodNotFound({});
      if (before.status === "detached") return true;
      await detachAtStripe(c, before);
      const row: PaymentMethodRow = { ...before, status: "detached", isDefault: false, detachedAt: now, updatedAt: now };
      const facts = [changeFact("payment_method.detached", presentPaymentMethod(before), presentPaymentMethod(row))];
      return (await repo.books.write({ update: { paymentMethods: [row] } }, { facts, answer: [204, null] })) && true;
    });
    return c.body(null, 204);
  },
});

/** Takes away at Stripe what is there: the card, or the intent that would save one. What is gone already is gone. */
async function detachAtStripe(c: Context<TenantEnv>, { ref, setupRef }: PaymentMethodRow): Promise<void> {
  if (ref === null && setupRef === null) return;
  const stripe = await stripeOf(c.env, c.var.repo, c.var.vault);
  try {
    if (ref !== null) await stripe.paymentMethods.detach(ref);
    else if (setupRef !== null) await stripe.setupIntents.cancel(setupRef);
  } catch (error) {
    const isGone = error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode !== 401;
    if (!isGone) throw providerProblem(error) ?? error;
  }
}
