import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentDelivery } from "./presenters.ts";
import { deliveryNotFound, webhookEndpointDeleted, webhookEndpointDisabled } from "./problems.ts";
import { Delivery } from "./schemas.ts";

export const resendDelivery = endpoint({
  route: createRoute({
    operationId: "deliveries.resend",
    method: "post",
    path: "/v1/deliveries/{id}/resend",
    security: scope("webhook_endpoints:write"),
    summary: "Send a delivery again",
    description:
      "With the same `webhook-id` and the same bytes. One that waits is tried now; one that ended gets a new round of attempts; one that is being sent is left alone.",
    request: { params: idParam("del") },
    responses: {
      202: json(Delivery, "The delivery is on its way"),
      ...problems(deliveryNotFound, webhookEndpointDisabled, webhookEndpointDeleted, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, realNow } = c.var;
    const { id } = c.req.valid("param");
    const sent = await changing(async () => {
      const before = await repo.deliveries.byId(id);
      if (!before) throw deliveryNotFound({});
      if (before.endpointDeletedAt !== null) throw webhookEndpointDeleted({});
      if (before.endpointDisabledAt !== null) throw webhookEndpointDisabled({});
      if (before.leaseUntil !== null && before.leaseUntil > realNow) return presentDelivery(before);

      const resentAfter = before.state === "pending" ? before.resentAfter : before.attempts;
      const row = { ...before, state: "pending" as const, endedAt: null, nextAt: realNow, resentAfter };
      const after = presentDelivery(row);
      const told = { facts: [changeFact("delivery.resent", presentDelivery(before), after)], answer: [202, after] as const };
      return (await repo.deliveries.resend(before, row, told)) && after;
    });
    return c.json(sent, 202);
  },
});
