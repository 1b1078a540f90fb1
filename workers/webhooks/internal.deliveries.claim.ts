import { createRoute } from "@hono/zod-openapi";
import { type DeliveryRef, keepWithin, leaseDue, leaseNextInOrder } from "#db/webhooks/pump";
import { bellOf } from "#kernel/bell.object";
import { realNow } from "#kernel/clock";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { invalidRequest } from "#kernel/problems";
import { databaseOf } from "#kernel/shards";
import { z, Instant, Ref } from "#kernel/wire";
import { Delivery, LEASE_MS, resultOf, Told } from "./pumping.ts";
import { recordResults } from "./recording.ts";
import { paceEndpoints, prepare } from "./sending.ts";

/** What one answer carries of event data at the most: an isolate has 128 MB, and bodies are held as text and as JSON. */
const ANSWER_BYTES = 8 * 1024 * 1024;

const Claim = z
  .strictObject({
    shard: z.string().length(2),
    results: z.array(Told).max(500),
    limit: z.int().min(0).max(200),
    wait_ms: z.int().min(0).max(20_000),
    in_order: z.strictObject({ tenant_id: Ref, endpoint_id: Ref }).optional(),
    takes_over: z.union([z.literal("now"), Instant]).optional(),
  })
  // leases are held against the moment of the call: while one waits, others that live lease anew
  .refine(({ takes_over, wait_ms }) => takes_over !== "now" || wait_ms === 0, {
    path: ["wait_ms"],
    message: 'must be 0 where takes_over is "now"',
  });

const Claimed = z.object({ deliveries: z.array(Delivery), next_at: Instant.nullable(), claimed_at: Instant });

/**
 * The pump says how its attempts went, and gets what is due; while nothing is, the answer waits. With `in_order` it gets what comes next at an
 * endpoint that wants its deliveries one after the other. A pump that follows one that died says so with `takes_over`, first "now", then when that was:
 * what the dead one had claimed is not waited for.
 */
export const claimForPump = internalEndpoint({
  route: createRoute({
    operationId: "internal.deliveries.claim",
    method: "post",
    path: "/internal/deliveries/claim",
    request: { body: jsonBody(Claim) },
    responses: { 200: json(Claimed, "Deliveries, signed and leased for 60 s, and when the next one is due") },
  }),

  handler: async (c) => {
    const { shard, results, limit, wait_ms, in_order: ordered, takes_over } = c.req.valid("json");
    const d1 = databaseOf(c.env, shard);
    if (!d1) throw invalidRequest({ what: "There is no such shard." });
    const bell = bellOf(c.env, "deliveries", shard);
    const until = c.var.realNow.getTime() + wait_ms;
    await recordResults(c, d1, shard, results.map(resultOf));

    for (;;) {
      const rings = await bell.rings(); // before looking: a delivery that comes between looking and waiting has rung then
      const now = realNow();
      const since = takes_over === undefined ? null : takes_over === "now" ? now : new Date(takes_over);
      const lease = { now, limit, leaseMs: LEASE_MS, since };
      const { leased, nextAt } = ordered ? await inOrder(d1, ordered, lease) : await leaseDue(d1, lease);
      const carried = await keepWithin(d1, leased, ANSWER_BYTES);
      const { ready, unsignable } = await prepare(c.env, d1, carried, now);
      await paceEndpoints(d1, ready, now);
      await recordResults(c, d1, shard, unsignable);
      const leftMs = until - now.getTime();
      if (ready.length > 0 || limit === 0 || leftMs <= 0) {
        const deliveries = ready.map(({ outgoing }) => outgoing);
        return c.json({ deliveries, next_at: nextAt?.toISOString() ?? null, claimed_at: now.toISOString() }, 200);
      }
      await bell.waitBeyond(rings, Math.min(leftMs, nextAt === null ? leftMs : nextAt.getTime() - now.getTime()));
    }
  },
});

async function inOrder(
  d1: D1Database,
  { tenant_id: tenantId, endpoint_id: endpointId }: { tenant_id: string; endpoint_id: string },
  { now, leaseMs }: { now: Date; leaseMs: number },
): Promise<{ leased: DeliveryRef[]; nextAt: null }> {
  return { leased: await leaseNextInOrder(d1, { tenantId, endpointId }, { now, leaseMs }), nextAt: null };
}
