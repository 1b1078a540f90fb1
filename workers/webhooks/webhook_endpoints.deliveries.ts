import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { idsSince } from "#rules/ids";
import { presentDelivery } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";
import { Delivery, DeliveryQuery } from "./schemas.ts";

export const listEndpointDeliveries = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.deliveries",
    method: "get",
    path: "/v1/webhook_endpoints/{id}/deliveries",
    security: scope("webhook_endpoints:read"),
    summary: "List an endpoint's deliveries",
    description: "Newest first. GET /v1/deliveries/{id} tells of each attempt.",
    request: { params: idParam("whe"), query: DeliveryQuery },
    responses: { 200: json(listOf(Delivery), "A page of deliveries"), ...problems(webhookEndpointNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id } = c.req.valid("param");
    const query = c.req.valid("query");
    const bound = { ...query, endpoint_id: id }; // a cursor of one endpoint's list does not fit another's
    const page = await pageAsked(repo.tenantId, bound);
    if (!(await repo.webhookEndpoints.byId(id))) throw webhookEndpointNotFound({});
    const filter = {
      state: query.state,
      eventId: query.event_id,
      eventType: query.event_type,
      from: query.created_after && idsSince("delivery", repo.shard, query.created_after),
      to: query.created_before && idsSince("delivery", repo.shard, query.created_before),
    };
    const found = await repo.deliveries.list(id, page, filter);
    return c.json(await presentPage(repo.tenantId, bound, found, presentDelivery), 200);
  },
});
