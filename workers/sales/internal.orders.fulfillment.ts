import { createRoute } from "@hono/zod-openapi";
import { internalEndpoint, json, jsonBody, problems } from "#kernel/endpoint";
import { orderNotFound } from "#kernel/not-found";
import { openForStory } from "#kernel/story";
import { z } from "#kernel/wire";
import { LICENSES_AT_ONCE, licensesOrdered, orderNumberText, ORDER_STATUSES, PAYMENT_STATUSES } from "#rules/sales/orders";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import { OrderRef } from "./schemas.ts";

const Fulfillment = z.object({
  status: z.enum(ORDER_STATUSES),
  payment_status: z.enum(PAYMENT_STATUSES),
  quantity: z.int(),
  issued: z.int(),
  chunk: z.int(),
  customer_id: z.string(),
  number: z.string(),
  licenses_ready: z.boolean(),
});

/** What the story that fulfills an order needs to know of it. */
export const readFulfillment = internalEndpoint({
  route: createRoute({
    operationId: "internal.orders.fulfillment",
    method: "post",
    path: "/internal/orders/fulfillment",
    request: { body: jsonBody(OrderRef) },
    responses: { 200: json(Fulfillment, "How far the order is"), ...problems(orderNotFound) },
  }),

  handler: async (c) => {
    const { tenant_id, order_id } = c.req.valid("json");
    const { repo } = await openForStory(c, tenant_id, workflowIdOf.order(order_id));
    const order = await repo.orders.withLicenses(order_id);
    if (!order) throw orderNotFound({});
    const [quantity, issued] = [licensesOrdered(order.lines), order.licenseIds.length];
    const { status, paymentStatus: payment_status, customerId: customer_id } = order;
    const number = orderNumberText(order.number);
    const answer = {
      status,
      payment_status,
      quantity,
      issued,
      chunk: LICENSES_AT_ONCE,
      customer_id,
      number,
      licenses_ready: issued >= quantity,
    };
    return c.json(answer, 200);
  },
});
