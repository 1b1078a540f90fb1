import { createRoute } from "@hono/zod-openapi";
import { json, jsonBody, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { feedOf } from "#kernel/feed.object";
import { licenseNotFound, productNotFound, tenantNotFound } from "#kernel/not-found";
import { temporarilyUnavailable } from "#kernel/problems";
import { REFUSED_WITHIN_MS } from "#rules/hot/bounds";
import { noteOperator } from "#kernel/noting";
import { mustHaveLicenses, mustHaveProduct, openedFor } from "./opened.ts";
import { Invalidated, Invalidation } from "./schemas.ts";

export const invalidateCache = operatorEndpoint({
  route: createRoute({
    operationId: "cache.invalidate",
    method: "post",
    path: "/v1/cache/invalidate",
    security: operator(),
    summary: "Drop what is kept of a tenant",
    description:
      "Every change that goes through the API reaches the caches by itself. This is for rows that were changed in another way, such as by a repair in the database: what was read before is not answered from any more, in no isolate and whatever KV holds, within the time that the answer names. For a row that is gone altogether, which no call of the API brings about, drop everything of the tenant (`all`).",
    request: { body: jsonBody(Invalidation) },
    responses: {
      200: json(Invalidated, "Told to the change feed"),
      ...problems(tenantNotFound, licenseNotFound, productNotFound, temporarilyUnavailable),
    },
  }),
  idempotent: false,

  handler: async (c) => {
    const { tenant_id: tenantId, license_id, product_id } = c.req.valid("json");
    const opened = await openedFor(c, tenantId);
    await mustHaveProduct(opened, product_id);
    await mustHaveLicenses(opened, license_id === undefined ? [] : [license_id]);
    const subject = license_id ?? product_id ?? null;
    const number = await feedOf(c.env, opened.repo.shard)
      .drop(tenantId, subject)
      .catch(() => {
        throw temporarilyUnavailable({}, { headers: { "retry-after": "1" } });
      });
    noteOperator(c, "cache.invalidate", { tenant_id: tenantId, subject, number });
    const at = c.var.realNow.toISOString();
    return c.json(
      { object: "cache_invalidation" as const, tenant_id: tenantId, subject, number, within_ms: REFUSED_WITHIN_MS, at },
      200,
    );
  },
});
