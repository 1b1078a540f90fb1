import { createRoute } from "@hono/zod-openapi";
import type { OrderWithLicenses } from "#db/sales/orders";
import { changing } from "#kernel/changing";
import { internalEndpoint, json, jsonBody, problems } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { orderNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { openForStory } from "#kernel/story";
import { z } from "#kernel/wire";
import { licensesOrdered, ORDER_STATUSES, whyNotMoveOrder } from "#rules/sales/orders";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import { moveProblem } from "./moves.ts";
import { presentOrder } from "./presenters.ts";
import { licensesMissing, orderNotApproved, paymentPending, paymentReversed } from "./problems.ts";
import { OrderRef } from "./schemas.ts";

/** Marks an order fulfilled, once every license of it exists. Done twice, or on a canceled order, it changes nothing. */
export const completeOrder = internalEndpoint({
  route: createRoute({
    operationId: "internal.orders.complete",
    method: "post",
    path: "/internal/orders/complete",
    request: { body: jsonBody(OrderRef) },
    responses: {
      200: json(z.object({ status: z.enum(ORDER_STATUSES) }), "The status that the order has now"),
      ...problems(orderNotFound, orderNotApproved, paymentPending, paymentReversed, licensesMissing, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { tenant_id, order_id } = c.req.valid("json");
    const { repo, now } = await openForStory(c, tenant_id, workflowIdOf.order(order_id));

    const status = await changing(async () => {
      const before = await repo.orders.withLicenses(order_id);
      if (!before) throw orderNotFound({});
      if (before.status === "fulfilled" || before.status === "canceled") return before.status;
      const refused = whyNotMoveOrder(before, "fulfill");
      if (refused) throw moveProblem(refused);
      const [issued, quantity] = [before.licenseIds.length, licensesOrdered(before.lines)];
      if (issued < quantity) throw licensesMissing({ issued, quantity });

      const row: OrderWithLicenses = { ...before, status: "fulfilled", fulfilledAt: now, updatedAt: now };
      const present = (order: OrderWithLicenses) => presentOrder(order, { licenseIds: order.licenseIds });
      const facts = [changeFact("order.fulfilled", present(before), present(row))];
      return (await repo.orders.update(row, { facts, answer: [200, { status: row.status }] })) && row.status;
    });
    return c.json({ status }, 200);
  },
});
