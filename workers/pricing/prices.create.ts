import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { featureArchived, featureNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { meteredIdOf } from "./naming.ts";
import { presentPrice } from "./presenters.ts";
import { planArchived, planNotFound } from "./problems.ts";
import { NewPrice, Price } from "./schemas.ts";
import { termsWith } from "./terms.ts";

export const createPrice = endpoint({
  route: createRoute({
    operationId: "prices.create",
    method: "post",
    path: "/v1/prices",
    security: scope("prices:write"),
    summary: "Create a price of a plan",
    description:
      "How much a plan costs in one currency and rhythm. Any currency may be named; whether a payment provider takes it is found out when somebody pays.",
    request: { body: jsonBody(NewPrice) },
    responses: {
      201: json(Price, "The price"),
      ...problems(planNotFound, planArchived, featureNotFound, featureArchived, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const plan = await repo.plans.byId(body.plan_id);
    if (!plan) throw planNotFound({});

    const fixed = {
      currency: body.currency,
      interval: body.interval,
      intervalCount: body.interval_count,
      meteredFeatureId: await meteredIdOf(repo, body.metered_feature),
      taxBehavior: body.tax_behavior,
    };
    const nothing = { scheme: body.scheme, unitAmount: null, tiers: [], packageSize: null, trial: null };
    const price = {
      tenantId: repo.tenantId,
      id: newId("price", repo.shard, c.var.realNow),
      planId: plan.id,
      nickname: body.nickname ?? null,
      rev: 1,
      ...fixed,
      terms: termsWith({ ...fixed, ...nothing }, body),
      archivedAt: null,
      ...newOwned(body, now),
    };
    const shown = presentPrice(price);
    const told = { facts: [fact("price.created", shown)], answer: [201, shown] as const };
    const inserted = await repo.prices.insert(price, told).catch(asTaken({}));
    if (!inserted) throw planArchived({});
    return c.json(shown, 201);
  },
});
