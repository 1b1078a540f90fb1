import { createRoute } from "@hono/zod-openapi";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { shardsOf } from "#kernel/shards";
import { z } from "#kernel/wire";

/** Which shards this edge has a database for: the host relays and delivers for each. */
export const listShards = internalEndpoint({
  route: createRoute({
    operationId: "internal.shards.list",
    method: "post",
    path: "/internal/shards",
    request: { body: jsonBody(z.strictObject({})) },
    responses: { 200: json(z.object({ shards: z.array(z.string()) }), "The shards") },
  }),

  handler: (c) => c.json({ shards: shardsOf(c.env) }, 200),
});
