import { createRoute } from "@hono/zod-openapi";
import { claimRun } from "#db/stories/lifecycle";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { newId } from "#kernel/ids";
import { HOME_SHARD } from "#kernel/shards";
import { z } from "#kernel/wire";
import { idsSince } from "#rules/ids";
import { SWEEP_EVERY_MS } from "#rules/stories/lifecycle";
import { Shard, shardDatabase } from "./asked-of.ts";

const Claimed = z.object({
  /** the sweep that this host has until `lease`; null: there is none to make */
  run: z.object({ id: z.string(), lease: z.int() }).nullable(),
});

/** A worker host asks whether a sweep is to be made: one that somebody asked for, one whose host is gone, or the one of this hour. */
export const claimLifecycleRun = internalEndpoint({
  route: createRoute({
    operationId: "internal.lifecycle.claim",
    method: "post",
    path: "/internal/lifecycle/claim",
    request: { body: jsonBody(z.strictObject({ shard: Shard })) },
    responses: { 200: json(Claimed, "The sweep to make, leased for a minute") },
  }),

  handler: async (c) => {
    const { shard } = c.req.valid("json");
    const { realNow } = c.var;
    shardDatabase(c.env, shard);
    const run = await claimRun(shardDatabase(c.env, HOME_SHARD), {
      shard,
      id: newId("lifecycle_run", HOME_SHARD, realNow),
      since: idsSince("lifecycle_run", HOME_SHARD, new Date(realNow.getTime() - SWEEP_EVERY_MS)),
      realNow,
    });
    return c.json({ run }, 200);
  },
});
