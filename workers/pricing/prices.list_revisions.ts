import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentPriceRevision } from "./presenters.ts";
import { priceNotFound } from "./problems.ts";
import { PriceRevision, PriceRevisionQuery } from "./schemas.ts";

export const listPriceRevisions = endpoint({
  route: createRoute({
    operationId: "prices.list_revisions",
    method: "get",
    path: "/v1/prices/{id}/revisions",
    security: scope("prices:read"),
    summary: "List a price's revisions",
    description: "Newest first: the terms as they stood at each.",
    request: { params: idParam("prc"), query: PriceRevisionQuery },
    responses: { 200: json(listOf(PriceRevision), "A page of revisions"), ...problems(priceNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const price = await repo.prices.byId(c.req.valid("param").id);
    if (!price) throw priceNotFound({});

    // the cursor is bound to the price, as it is to filters
    const query = { ...c.req.valid("query"), price: price.id };
    const { limit, before } = await pageAsked(repo.tenantId, query);
    const found = await repo.priceRevisions.list(price.id, limit, before === null ? null : revIn(before));
    const rows = found.rows.map((row) => ({ ...row, id: String(row.rev) }));
    return c.json(await presentPage(repo.tenantId, query, { ...found, rows }, presentPriceRevision), 200);
  },
});

function revIn(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw invalidCursor({});
  return Number(cursor);
}
