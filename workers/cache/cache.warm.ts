import { createRoute } from "@hono/zod-openapi";
import { json, jsonBody, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { warmQuestions } from "#kernel/hot/warming";
import { licenseNotFound, productNotFound, tenantNotFound } from "#kernel/not-found";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor, temporarilyUnavailable } from "#kernel/problems";
import { noteOperator } from "#kernel/noting";
import { mustHaveLicenses, mustHaveProduct, openedFor } from "./opened.ts";
import { Warmed, Warming } from "./schemas.ts";

export const warmCache = operatorEndpoint({
  route: createRoute({
    operationId: "cache.warm",
    method: "post",
    path: "/v1/cache/warm",
    security: operator(),
    summary: "Put a tenant's snapshots into KV",
    description:
      "Reads licenses, and the devices that hold seats of them, from the database and keeps them where every isolate finds them, page by page. A snapshot saves reads of the database for a minute; while the database is away, validations of what is kept go on being answered, marked stale, for as long as the platform allows.",
    request: { body: jsonBody(Warming) },
    responses: {
      200: json(Warmed, "What was kept"),
      ...problems(tenantNotFound, licenseNotFound, productNotFound, invalidCursor, temporarilyUnavailable),
    },
  }),
  idempotent: false,

  handler: async (c) => {
    const body = c.req.valid("json");
    const opened = await openedFor(c, body.tenant_id);
    await mustHaveProduct(opened, body.product_id);
    await mustHaveLicenses(opened, body.license_ids);
    const { repo, now } = opened;
    const page = await pageAsked(body.tenant_id, body);
    const found = await repo.warming.likelyQuestions(page, { productId: body.product_id, licenseIds: body.license_ids });
    const kept = await warmQuestions(c.env, repo, found.rows, { now, realNow: c.var.realNow });
    const licenses = new Set(found.rows.map(({ licenseId }) => licenseId)).size;
    noteOperator(c, "cache.warm", { tenant_id: body.tenant_id, snapshots: kept.written });
    const { has_more, next_cursor } = await presentPage(body.tenant_id, body, found, ({ id }) => id);
    const answer = {
      object: "cache_warming" as const,
      tenant_id: body.tenant_id,
      snapshots: kept.written,
      skipped: kept.skipped,
      licenses,
      has_more,
      next_cursor,
      at: c.var.realNow.toISOString(),
    };
    return c.json(answer, 200);
  },
});
