import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentPrice } from "./presenters.ts";
import { priceNotFound } from "./problems.ts";
import { Price } from "./schemas.ts";

export const getPrice = endpoint({
  route: createRoute({
    operationId: "prices.get",
    method: "get",
    path: "/v1/prices/{id}",
    security: scope("prices:read"),
    summary: "Get a price",
    request: { params: idParam("prc") },
    responses: { 200: json(Price, "The price"), ...problems(priceNotFound) },
  }),

  handler: async (c) => {
    const price = await c.var.repo.prices.byId(c.req.valid("param").id);
    if (!price) throw priceNotFound({});
    return c.json(presentPrice(price), 200);
  },
});
