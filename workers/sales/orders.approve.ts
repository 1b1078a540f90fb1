import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { orderNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { whyNotMoveOrder } from "#rules/sales/orders";
import { approvalFacts, approved, moveProblem } from "./moves.ts";
import { presentOrder } from "./presenters.ts";
import { orderCanceled, paymentPending } from "./problems.ts";
import { Order } from "./schemas.ts";

export const approveOrder = endpoint({
  route: createRoute({
    operationId: "orders.approve",
    method: "post",
    path: "/v1/orders/{id}/approve",
    security: scope("orders:write"),
    summary: "Approve an order by hand",
    description:
      "For orders of provider manual and those that cost nothing. With fulfillment_method auto its licenses are issued now. Approving twice changes nothing.",
    request: { params: idParam("ord") },
    responses: {
      200: json(Order, "The order as it is now"),
      ...problems(orderNotFound, paymentPending, orderCanceled, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");

    const order = await changing(async () => {
      const before = await repo.orders.withLicenses(id);
      if (!before) throw orderNotFound({});
      const refused = whyNotMoveOrder(before, "approve");
      if (refused?.code === "already_done") return presentOrder(before, { licenseIds: before.licenseIds });
      if (refused) throw moveProblem(refused);

      const row = approved(before, now);
      const after = presentOrder(row);
      return (await repo.orders.update(row, { facts: approvalFacts(before, row), answer: [200, after] })) && after;
    });
    return c.json(order, 200);
  },
});
