import { createRoute } from "@hono/zod-openapi";
import { storeSeen } from "#db/stories/mirror";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { z } from "#kernel/wire";
import { shardDatabase, Shard } from "./asked-of.ts";
import { Seen, seenStory } from "./seen.ts";

const Mirror = z.strictObject({ shard: Shard, seen: z.array(Seen).max(200) });

/** The host tells how stories stand, so that the edge can show them while the host, or Temporal, is away. What came late changes nothing. */
export const mirrorStories = internalEndpoint({
  route: createRoute({
    operationId: "internal.stories.mirror",
    method: "post",
    path: "/internal/stories/mirror",
    request: { body: jsonBody(Mirror) },
    responses: { 200: json(z.object({ stored: z.int() }), "How many of them were news") },
  }),
  // errors come as long as they are, and are cut here
  bodyLimit: 8 * 1024 * 1024,

  handler: async (c) => {
    const { shard, seen } = c.req.valid("json");
    const d1 = shardDatabase(c.env, shard);
    const rows = seen.map((story) => seenStory(story, shard));
    const stored = await storeSeen(d1, { shard, realNow: c.var.realNow }, rows);
    return c.json({ stored }, 200);
  },
});
