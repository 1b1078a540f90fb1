import { createRoute } from "@hono/zod-openapi";
import { openTenant } from "#kernel/asking";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { z, Ref } from "#kernel/wire";
import { disable } from "./recording.ts";

const GivenUp = z.strictObject({ tenant_id: Ref, endpoint_id: Ref });

/** Nobody expects an endpoint back that recovers: it is disabled, and its queue is kept. One that takes webhooks again stays as it is. */
export const giveUpEndpoint = internalEndpoint({
  route: createRoute({
    operationId: "internal.webhook_endpoints.give_up",
    method: "post",
    path: "/internal/webhook_endpoints/give_up",
    request: { body: jsonBody(GivenUp) },
    responses: { 200: json(z.object({}), "It is sent nothing any more, or never was in need of that") },
  }),

  handler: async (c) => {
    const { tenant_id: tenantId, endpoint_id: endpointId } = c.req.valid("json");
    const opened = await openTenant(c, tenantId, { type: "system", id: null, ip: null });
    const queue = await opened?.repo.webhookQueues.byId(endpointId);
    if (queue && queue.recoveringSince !== null) await disable(c, tenantId, endpointId, "paused");
    return c.json({}, 200);
  },
});
