import { createRoute } from "@hono/zod-openapi";
import { listDue, type DuePlace } from "#db/stories/due";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { z, Instant } from "#kernel/wire";
import { Shard, shardDatabase } from "./asked-of.ts";

const Place = z.strictObject({ source: z.int().min(0), tenant_id: z.string().max(100), id: z.string().max(100) });
const Asked = z.strictObject({ shard: Shard, after: Place.nullable(), limit: z.int().min(1).max(500) });

/** The fact that began the story, in the form in which the relay is told of it. */
const Start = z.object({
  tenant_id: z.string(),
  seq: z.int(),
  id: z.string(),
  type: z.string(),
  subject: z.object({ type: z.string(), id: z.string() }),
  at: Instant,
  clock: z.object({ livemode: z.boolean() }),
});

const Due = z.object({
  starts: z.array(Start),
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
        starts: starts.map(({ tenant_id, seq, id, type, subject_type, subject_id, at, livemode }) => ({
          tenant_id,
          seq,
          id,
          type,
          subject: { type: subject_type, id: subject_id },
          at: new Date(at).toISOString(),
          clock: { livemode: livemode === 1 },
        })),
        next: next && { source: next.source, tenant_id: next.tenantId, id: next.id },
      },
      200,
    );
  },
});
