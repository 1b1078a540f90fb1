import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { orderNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { whyNotMoveOrder } from "#rules/sales/orders";
import { moveProblem } from "./moves.ts";
import { presentOrder } from "./presenters.ts";
import { orderCanceled, orderNotApproved, paymentPending, paymentReversed } from "./problems.ts";
import { Order } from "./schemas.ts";

export const fulfillOrder = endpoint({
  route: createRoute({
    operationId: "orders.fulfill",
    method: "post",
    path: "/v1/orders/{id}/fulfill",
    security: scope("orders:write"),
    summary: "Start the fulfillment of an order",
    description: "Issues the licenses of an approved order. The work goes on by itself; asking again starts nothing new.",
    request: { params: idParam("ord") },
    responses: {
      202: json(Order, "The order, whose licenses are on their way or issued"),
      ...problems(orderNotFound, orderNotApproved, orderCanceled, paymentPending, paymentReversed, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");

    const order = await changing(async () => {
      const before = await repo.orders.withLicenses(id);
      if (!before) throw orderNotFound({});
      const refused = whyNotMoveOrder(before, "fulfill");
      const present = (row: typeof before) => presentOrder(row, { licenseIds: before.licenseIds });
      if (refused?.code === "already_done") return present(before);
      if (refused) throw moveProblem(refused);
      if (before.fulfillmentRequestedAt !== null) return present(before);

      const row = { ...before, fulfillmentRequestedAt: now, updatedAt: now };
      const after = present(row);
      const facts = [changeFact("order.fulfillment_requested", present(before), after)];
      return (await repo.orders.update(row, { facts, answer: [202, after] })) && after;
    });
    return c.json(order, 202);
  },
});
