import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentPrice } from "./presenters.ts";
import { priceNotFound } from "./problems.ts";
import { Price } from "./schemas.ts";

export const archivePrice = endpoint({
  route: createRoute({
    operationId: "prices.archive",
    method: "post",
    path: "/v1/prices/{id}/archive",
    security: scope("prices:write"),
    summary: "Archive a price",
    description: "It leaves the pricing page and is sold to nobody new; who pays it goes on.",
    request: { params: idParam("prc") },
    responses: { 200: json(Price, "The archived price"), ...problems(priceNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const price = await changing(async () => {
      const before = await repo.prices.byId(id);
      if (!before) throw priceNotFound({});
      if (before.archivedAt !== null) return presentPrice(before);

      const row = { ...before, archivedAt: now, updatedAt: now };
      const after = presentPrice(row);
      const told = { facts: [changeFact("price.archived", presentPrice(before), after)], answer: [200, after] as const };
      return (await repo.prices.update(row, { revised: false }, told)) && after;
    });
    return c.json(price, 200);
  },
});
