import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentOrder } from "./presenters.ts";
import { Order, OrderQuery } from "./schemas.ts";

export const listOrders = endpoint({
  route: createRoute({
    operationId: "orders.list",
    method: "get",
    path: "/v1/orders",
    security: scope("orders:read"),
    summary: "List orders",
    description: "Newest first. A client_secret is shown by orders.get alone.",
    request: { query: OrderQuery },
    responses: { 200: json(listOf(Order), "A page of orders"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { status, payment_status: paymentStatus, customer_id: customerId, external_id: externalId } = query;
    const found = await repo.orders.list(page, { status, paymentStatus, customerId, externalId });
    return c.json(
      await presentPage(repo.tenantId, query, found, (order) => presentOrder(order, { licenseIds: order.licenseIds })),
      200,
    );
  },
});
