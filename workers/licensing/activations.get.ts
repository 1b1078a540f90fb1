import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentActivation } from "./presenters.ts";
import { activationNotFound } from "./problems.ts";
import { Activation } from "./schemas.ts";

export const getActivation = endpoint({
  route: createRoute({
    operationId: "activations.get",
    method: "get",
    path: "/v1/activations/{id}",
    security: scope("activations:read"),
    summary: "Get an activation",
    request: { params: idParam("act") },
    responses: {
      200: json(Activation, "The activation, with the metrics that its heartbeats told"),
      ...problems(activationNotFound),
    },
  }),

  handler: async (c) => {
    const activation = await c.var.repo.activations.byId(c.req.valid("param").id);
    if (!activation) throw activationNotFound({});
    return c.json(presentActivation(activation), 200);
  },
});
