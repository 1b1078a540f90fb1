import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { orderNotFound } from "#kernel/not-found";
import { openClientSecret } from "./payment.ts";
import { presentOrder } from "./presenters.ts";
import { Order } from "./schemas.ts";

export const getOrder = endpoint({
  route: createRoute({
    operationId: "orders.get",
    method: "get",
    path: "/v1/orders/{id}",
    security: scope("orders:read"),
    summary: "Get an order",
    request: { params: idParam("ord") },
    responses: { 200: json(Order, "The order"), ...problems(orderNotFound) },
  }),

  handler: async (c) => {
    const { repo, vault } = c.var;
    const order = await repo.orders.withLicenses(c.req.valid("param").id);
    if (!order) throw orderNotFound({});
    return c.json(presentOrder(order, { licenseIds: order.licenseIds, clientSecret: await openClientSecret(vault, order) }), 200);
  },
});
