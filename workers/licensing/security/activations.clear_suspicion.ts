import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentActivation } from "../presenters.ts";
import { activationNotFound, activationReleased } from "../problems.ts";
import { Activation } from "../schemas.ts";

export const clearSuspicion = endpoint({
  route: createRoute({
    operationId: "activations.clear_suspicion",
    method: "post",
    path: "/v1/activations/{id}/clear_suspicion",
    security: scope("activations:write"),
    summary: "Trust a device that was taken for a clone",
    description:
      "Takes the mark away that makes it validate with CLONE_SUSPECTED. A device that gives its seat back and takes one again keeps the mark until then. Reports of it stay as they are, and what is seen from now on marks it again.",
    request: { params: idParam("act") },
    responses: {
      200: json(Activation, "The activation, under no suspicion"),
      ...problems(activationNotFound, activationReleased, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const activation = await changing(async () => {
      const before = await repo.activations.byId(id);
      if (!before) throw activationNotFound({});
      if (before.cloneSuspectedAt === null) return presentActivation(before);
      if (before.releasedAt !== null) throw activationReleased({ at: before.releasedAt.toISOString() });
      const row = { ...before, cloneSuspectedAt: null, updatedAt: now };
      const after = presentActivation(row);
      const facts = [changeFact("activation.updated", presentActivation(before), after)];
      return (await repo.suspicions.mark(row, { facts, answer: [200, after] })) && after;
    });
    return c.json(activation, 200);
  },
});
