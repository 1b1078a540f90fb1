import { createRoute } from "@hono/zod-openapi";
import { keepWithin, leaseDue } from "#db/webhooks/pump";
import { bellOf } from "#kernel/bell.object";
import { realNow } from "#kernel/clock";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { invalidRequest } from "#kernel/problems";
import { databaseOf } from "#kernel/shards";
import { z, Instant, Ref } from "#kernel/wire";
import { recordResults, type Result } from "./recording.ts";
import { prepare } from "./sending.ts";

const LEASE_MS = 60_000;
/** What one answer carries of event data at the most: an isolate has 128 MB, and bodies are held as text and as JSON. */
const ANSWER_BYTES = 8 * 1024 * 1024;

const duration_ms = z.int().min(0);

const Told = z.strictObject({
  tenant_id: Ref,
  delivery_id: Ref,
  attempt: z.int().min(1),
  outcome: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("answered"),
      status: z.int().min(100).max(999),
      retry_after_s: z.number().min(0).nullable(),
      body: z.string().max(65_536),
      duration_ms,
    }),
    z.strictObject({ kind: z.literal("failed"), error: z.string().min(1).max(50), detail: z.string().max(1_000), duration_ms }),
  ]),
});

const Claim = z.strictObject({
  shard: z.string().length(2),
  results: z.array(Told).max(500),
  limit: z.int().min(0).max(200),
  wait_ms: z.int().min(0).max(20_000),
});

const Claimed = z.object({
  deliveries: z.array(
    z.object({
      tenant_id: z.string(),
      delivery_id: z.string(),
      endpoint_id: z.string(),
      event_id: z.string(),
      attempt: z.int(),
      url: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.string(),
    }),
  ),
  next_at: Instant.nullable(),
});

/** The pump says how its attempts went, and gets what is due; while nothing is, the answer waits. */
export const claimForPump = internalEndpoint({
  route: createRoute({
    operationId: "internal.deliveries.claim",
    method: "post",
    path: "/internal/deliveries/claim",
    request: { body: jsonBody(Claim) },
    responses: { 200: json(Claimed, "Deliveries, signed and leased for 60 s, and when the next one is due") },
  }),

  handler: async (c) => {
    const { shard, results, limit, wait_ms } = c.req.valid("json");
    const d1 = databaseOf(c.env, shard);
    if (!d1) throw invalidRequest({ what: "There is no such shard." });
    const bell = bellOf(c.env, "deliveries", shard);
    const until = c.var.realNow.getTime() + wait_ms;
    await recordResults(c, d1, shard, results.map(resultOf));

    for (;;) {
      const rings = await bell.rings(); // before looking: a delivery that comes between looking and waiting has rung then
      const now = realNow();
      const { leased, nextAt } = await leaseDue(d1, { now, limit, leaseMs: LEASE_MS });
      const carried = await keepWithin(d1, leased, ANSWER_BYTES);
      const { ready, unsignable } = await prepare(c.env, d1, carried, now);
      await recordResults(c, d1, shard, unsignable);
      const leftMs = until - now.getTime();
      if (ready.length > 0 || limit === 0 || leftMs <= 0) {
        return c.json({ deliveries: ready, next_at: nextAt?.toISOString() ?? null }, 200);
      }
      await bell.waitBeyond(rings, Math.min(leftMs, nextAt === null ? leftMs : nextAt.getTime() - now.getTime()));
    }
  },
});

function resultOf({ tenant_id, delivery_id, attempt, outcome }: z.infer<typeof Told>): Result {
  const about = { tenantId: tenant_id, id: delivery_id, attempt };
  if (outcome.kind === "failed") {
    const { error, detail, duration_ms } = outcome;
    return { ...about, outcome: { kind: "failed", error, detail, durationMs: duration_ms } };
  }
  const { status, retry_after_s, body, duration_ms } = outcome;
  return { ...about, outcome: { kind: "answered", status, retryAfterS: retry_after_s, body, durationMs: duration_ms } };
}
