import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { idempotencyKeyReused, temporarilyUnavailable } from "#kernel/problems";
import { count } from "#kernel/tallies";
import { exceeded, using } from "./asking.ts";
import { presentConsumption } from "./presenters.ts";
import { featureNotLicensed, licenseNotUsable, quotaExceeded } from "./problems.ts";
import { Consuming, Consumption, KEYS_ARE_KEPT_BY_LICENSE } from "./schemas.ts";

export const consumeEntitlements = endpoint({
  keepsAnswers: true,
  route: createRoute({
    operationId: "entitlements.consume",
    method: "post",
    path: "/v1/entitlements/consume",
    security: scopeOrPublishable("entitlements:write"),
    summary: "Use up quotas",
    description:
      "Counts all items, or none of them: never more than the limit, however many ask at once. Send an Idempotency-Key, so that whoever got no answer may ask again and is counted once. What has no limit is counted too." +
      KEYS_ARE_KEPT_BY_LICENSE,
    request: { body: jsonBody(Consuming) },
    responses: {
      200: json(Consumption, "All items were counted"),
      ...problems(
        licenseNotFound,
        licenseNotUsable,
        featureNotLicensed,
        quotaExceeded,
        idempotencyKeyReused,
        temporarilyUnavailable,
      ),
    },
  }),

  handler: async (c) => {
    const body = c.req.valid("json");
    const { license, replayed, answer } = await using(c, body, ({ items, calendar, meter }) =>
      meter.consume({ intent: c.var.intent, items, calendar }),
    );
    if (!answer.taken) throw exceeded(body.items, answer.short, answer.usages);
    if (replayed) c.header("idempotency-replayed", "true");
    else count("quota_calls", "consumed");
    return c.json(presentConsumption(license.id, body.items, answer), 200);
  },
});
