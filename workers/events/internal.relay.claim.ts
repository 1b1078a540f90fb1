import { createRoute } from "@hono/zod-openapi";
import { claimEvents } from "#db/events/relay";
import { bellOf } from "#kernel/bell.object";
import { realNow } from "#kernel/clock";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { invalidRequest } from "#kernel/problems";
import { databaseOf } from "#kernel/shards";
import { presentWaiting, ToldEvent } from "#kernel/waiting-events";
import { z, Ref } from "#kernel/wire";

const LEASE_MS = 30_000;

const Claim = z.strictObject({
  shard: z.string().length(2),
  done: z.array(z.strictObject({ tenant_id: Ref, seq: z.int().min(1) })).max(1_000),
  limit: z.int().min(0).max(200),
  wait_ms: z.int().min(0).max(20_000),
});

const Claimed = z.object({ events: z.array(ToldEvent) });

/** The relay says what it has carried on, and gets what waits; while nothing does, the answer waits. */
export const claimForRelay = internalEndpoint({
  route: createRoute({
    operationId: "internal.relay.claim",
    method: "post",
    path: "/internal/relay/claim",
    request: { body: jsonBody(Claim) },
    responses: { 200: json(Claimed, "Events, leased for 30 s") },
  }),

  handler: async (c) => {
    const { shard, done, limit, wait_ms } = c.req.valid("json");
    const d1 = databaseOf(c.env, shard);
    if (!d1) throw invalidRequest({ what: "There is no such shard." });
    const bell = bellOf(c.env, "events", shard);
    const until = c.var.realNow.getTime() + wait_ms;

    for (let told = done; ; told = []) {
      const rings = await bell.rings(); // before looking: an event that comes between looking and waiting has rung then
      const now = realNow();
      const events = await claimEvents(d1, { done: told, limit, now, leaseMs: LEASE_MS });
      const leftMs = until - now.getTime();
      if (events.length > 0 || limit === 0 || leftMs <= 0) return c.json({ events: events.map(presentWaiting) }, 200);
      await bell.waitBeyond(rings, leftMs);
    }
  },
});
