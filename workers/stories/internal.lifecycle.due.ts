import { createRoute } from "@hono/zod-openapi";
import { listDue, type DuePlace } from "#db/stories/due";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { presentWaiting, ToldEvent } from "#kernel/waiting-events";
import { z } from "#kernel/wire";
import { Shard, shardDatabase } from "./asked-of.ts";

const Place = z.strictObject({ source: z.int().min(0), tenant_id: z.string().max(100), id: z.string().max(100) });
const Asked = z.strictObject({ shard: Shard, after: Place.nullable(), limit: z.int().min(1).max(500) });

const Due = z.object({
  /** the facts that began the stories */
  starts: z.array(ToldEvent),
  /** where to go on; null: that was all */
  next: Place.nullable(),
});

/** What is under way in a shard, page by page, each as the fact that began its story: the host looks whether there is one. */
export const listDueWork = internalEndpoint({
  route: createRoute({
    operationId: "internal.lifecycle.due",
    method: "post",
    path: "/internal/lifecycle/due",
    request: { body: jsonBody(Asked) },
    responses: { 200: json(Due, "The next work that demands a story") },
  }),

  handler: async (c) => {
    const { shard, after, limit } = c.req.valid("json");
    const place: DuePlace | null = after && { source: after.source, tenantId: after.tenant_id, id: after.id };
    const { starts, next } = await listDue(shardDatabase(c.env, shard), place, { limit, realNow: c.var.realNow });
    return c.json(
      {
        starts: starts.map(presentWaiting),
        next: next && { source: next.source, tenant_id: next.tenantId, id: next.id },
      },
      200,
    );
  },
});
