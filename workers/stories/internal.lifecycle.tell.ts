import { createRoute } from "@hono/zod-openapi";
import { tellRun } from "#db/stories/lifecycle";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { HOME_SHARD } from "#kernel/shards";
import { z, Ref } from "#kernel/wire";
import { FOUND_STORIES } from "#rules/stories/lifecycle";
import { Shard, shardDatabase } from "./asked-of.ts";

const Told = z.strictObject({
  shard: Shard,
  run_id: Ref,
  /** as it was given with the claim, or with what was told last */
  lease: z.int(),
  state: z.enum(["running", "done", "failed"]),
  /** all that was looked at */
  looked: z.int().min(0),
  /** stories that were started since it was told last */
  found: z
    .array(z.strictObject({ workflow_id: z.string().max(255), kind: z.string().max(100), was: z.enum(FOUND_STORIES) }))
    .max(500),
  error: z.string().max(2000).nullable(),
});

const Kept = z.object({
  /** until when the host has the sweep; null: it is over, or another host has it */
  lease: z.int().nullable(),
});

/** How far a sweep has come. A host that hears `null` leaves it alone. */
export const tellLifecycleRun = internalEndpoint({
  route: createRoute({
    operationId: "internal.lifecycle.tell",
    method: "post",
    path: "/internal/lifecycle/tell",
    request: { body: jsonBody(Told) },
    responses: { 200: json(Kept, "Whether the host has it still") },
  }),

  handler: async (c) => {
    const { run_id: id, ...told } = c.req.valid("json");
    const kept = await tellRun(shardDatabase(c.env, HOME_SHARD), { id, ...told }, c.var.realNow);
    return c.json({ lease: kept && told.state === "running" ? kept.lease : null }, 200);
  },
});
