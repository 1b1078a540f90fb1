import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentDeliveryWithAttempts } from "./presenters.ts";
import { deliveryNotFound } from "./problems.ts";
import { DeliveryWithAttempts } from "./schemas.ts";

export const getDelivery = endpoint({
  route: createRoute({
    operationId: "deliveries.get",
    method: "get",
    path: "/v1/deliveries/{id}",
    security: scope("webhook_endpoints:read"),
    summary: "Get a delivery with its attempts",
    request: { params: idParam("del") },
    responses: { 200: json(DeliveryWithAttempts, "The delivery"), ...problems(deliveryNotFound) },
  }),

  handler: async (c) => {
    const found = await c.var.repo.deliveries.withAttempts(c.req.valid("param").id);
    if (!found) throw deliveryNotFound({});
    return c.json(presentDeliveryWithAttempts(found.delivery, found.attempts), 200);
  },
});
