import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { empty, endpoint, idParam, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { deletedEndpoint } from "./deleting.ts";
import { presentEndpoint } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";

export const deleteWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.delete",
    method: "delete",
    path: "/v1/webhook_endpoints/{id}",
    security: scope("webhook_endpoints:write"),
    summary: "Delete a webhook endpoint",
    description: "Nothing is sent to it any more; deliveries that had not arrived are canceled. Its secret is forgotten.",
    request: { params: idParam("whe") },
    responses: { 204: empty("The endpoint is deleted"), ...problems(webhookEndpointNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    await changing(async () => {
      const before = await repo.webhookEndpoints.byId(id);
      if (!before) throw webhookEndpointNotFound({});
      const row = deletedEndpoint(before, now);
      return repo.webhookEndpoints.delete(row, {
        facts: [fact("webhook_endpoint.deleted", presentEndpoint(before))],
        answer: [204, null],
      });
    });
    return c.body(null, 204);
  },
});
