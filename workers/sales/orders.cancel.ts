import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { OrderRow } from "#db/sales/orders";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope, type TenantEnv } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { orderNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { failureOf } from "#kernel/stripe/client";
import { cancelIntent } from "#kernel/stripe/intents";
import {
  paymentProviderFailed,
  paymentProviderMissing,
  paymentProviderUnreachable,
  providerProblem,
  stripeOf,
} from "#kernel/stripe/problems";
import { whyNotMoveOrder } from "#rules/sales/orders";
import { moveProblem } from "./moves.ts";
import { isPaidAtStripe } from "./placing.ts";
import { presentOrder } from "./presenters.ts";
import { orderApproved, orderPaid, paymentProcessing } from "./problems.ts";
import { Order } from "./schemas.ts";
import { createIntent } from "./stripe.ts";

export const cancelOrder = endpoint({
  route: createRoute({
    operationId: "orders.cancel",
    method: "post",
    path: "/v1/orders/{id}/cancel",
    security: scope("orders:write"),
    summary: "Cancel an order",
    description:
      "Ends the payment at the provider first, so that nobody pays for a canceled order. Canceling twice changes nothing.",
    request: { params: idParam("ord") },
    responses: {
      200: json(Order, "The order as it is now"),
      ...problems(
        orderNotFound,
        orderPaid,
        orderApproved,
        paymentProcessing,
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

    const order = await changing(async () => {
      const before = await repo.orders.withLicenses(id);
      if (!before) throw orderNotFound({});
      const refused = whyNotMoveOrder(before, "cancel");
      if (refused?.code === "already_done") return presentOrder(before, { licenseIds: before.licenseIds });
      if (refused) throw moveProblem(refused);
      // what was paid and went back has nothing left to end
      if (isPaidAtStripe(before) && before.paymentStatus !== "refunded") await endPayment(c, before);

      const row: OrderRow = { ...before, status: "canceled", canceledAt: now, updatedAt: now };
      const after = presentOrder(row);
      const facts = [changeFact("order.canceled", presentOrder(before), after)];
      return (await repo.orders.update(row, { facts, answer: [200, after] })) && after;
    });
    return c.json(order, 200);
  },
});

/** Sees the payment ended at Stripe, or throws why it cannot be: money that is there or on its way is not canceled. */
async function endPayment(c: Context<TenantEnv>, order: OrderRow): Promise<void> {
  const stripe = await stripeOf(c.env, c.var.repo, c.var.vault);
  try {
    const status = await cancelIntent(stripe, order.providerRef ?? (await createIntent(stripe, order)).id);
    if (status === "succeeded") throw orderPaid({});
    if (status !== "canceled") throw paymentProcessing({});
  } catch (error) {
    // where nobody knows whether the payment was made it is made to be ended; a refusal to make it is as good as its end
    if (order.providerRef === null && failureOf(error)?.kind === "refused") return;
    throw providerProblem(error) ?? error;
  }
}
