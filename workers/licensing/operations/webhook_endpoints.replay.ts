import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { webhookEndpointDisabled, webhookEndpointNotFound } from "#kernel/not-found";
import { replayRangeInvalid, tooManyOperations } from "./problems.ts";
import { Operation, Replay } from "./schemas.ts";
import { startOperation } from "./starting.ts";

export const replayToWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.replay",
    method: "post",
    path: "/v1/webhook_endpoints/{id}/replay",
    security: scope("webhook_endpoints:write"),
    summary: "Send the events of a span of time again",
    description:
      "Begins an operation that sends what happened from `from` until before `to`, as far as the endpoint subscribes to it by now: the same `webhook-id` and bytes, and never more than 100 waiting, so that what happens meanwhile is not held up. A `fifo` endpoint gets them in the order of events, before what is newer. It has succeeded when the last one is on its way. Events are kept for good; which of them arrived is known for 30 days, so that older ones count as missed.",
    request: { params: idParam("whe"), body: jsonBody(Replay) },
    responses: {
      202: json(Operation, "The operation that does it"),
      ...problems(replayRangeInvalid, webhookEndpointNotFound, webhookEndpointDisabled, tooManyOperations),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { from, to, events, only } = c.req.valid("json");
    if (from >= to) throw replayRangeInvalid({ from, to });
    const found = await repo.webhookEndpoints.byId(c.req.valid("param").id);
    if (!found) throw webhookEndpointNotFound({});
    if (found.disabledAt !== null) throw webhookEndpointDisabled({});
    const span = { endpointId: found.id, from: from.getTime(), to: to.getTime(), patterns: events ?? null };
    const { total, ...range } = await repo.operations.surveyReplay(span, repo.tenant.livemode);
    return c.json(await startOperation(c, { kind: "webhooks.replay", only, ...span, ...range }, total), 202);
  },
});
