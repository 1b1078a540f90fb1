import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { presentPrice } from "./presenters.ts";
import { priceNotFound } from "./problems.ts";
import { Price, PricePatch } from "./schemas.ts";
import { termsWith } from "./terms.ts";

export const updatePrice = endpoint({
  route: createRoute({
    operationId: "prices.update",
    method: "patch",
    path: "/v1/prices/{id}",
    security: scope("prices:write"),
    summary: "Change a price",
    description:
      "Fields that are left out stay as they are, tiers are replaced as a whole. Changed terms are a new revision: subscribers keep theirs. Currency, interval, metered_feature and tax_behavior never change: make another price.",
    request: { params: idParam("prc"), body: jsonBody(PricePatch) },
    responses: { 200: json(Price, "The price as it is now"), ...problems(priceNotFound, externalIdTaken, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const price = await changing(async () => {
      const before = await repo.prices.byId(id);
      if (!before) throw priceNotFound({});
      const terms = termsWith(before.terms, body);
      // what is shown of both was built field by field in one order, so equal terms are equal texts
      const textOf = (each: typeof terms) => JSON.stringify(presentPrice({ ...before, terms: each }));
      const revised = textOf(terms) !== textOf(before.terms);
      const row = {
        ...before,
        nickname: body.nickname === undefined ? before.nickname : body.nickname,
        rev: revised ? before.rev + 1 : before.rev,
        terms,
        ...changedOwned(before, body, now),
      };
      const after = presentPrice(row);
      const told = { facts: [changeFact("price.updated", presentPrice(before), after)], answer: [200, after] as const };
      return (await repo.prices.update(row, { revised }, told)) && after;
    }).catch(asTaken({}));
    return c.json(price, 200);
  },
});
