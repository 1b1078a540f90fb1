import { createRoute } from "@hono/zod-openapi";
import { leaseForProbe } from "#db/webhooks/pump";
import { openTenant } from "#kernel/asking";
import { realNow } from "#kernel/clock";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { databaseOf } from "#kernel/shards";
import { z, Instant, Ref } from "#kernel/wire";
import { nextProbeAt } from "#rules/webhooks/recovery";
import { Delivery, LEASE_MS, Told, resultOf } from "./pumping.ts";
import { presentEndpoint } from "./presenters.ts";
import { recordResults } from "./recording.ts";
import { prepare } from "./sending.ts";

/** As long as a delivery is leased to the pump. */

const Probe = z.strictObject({
  tenant_id: Ref,
  endpoint_id: Ref,
  /** how many tries failed so far */
  probes: z.int().min(0),
  /** how the last try went */
  result: Told.nullable(),
});

const Probed = z.object({
  state: z.enum(["recovering", "recovered", "ended"]),
  delivery: Delivery.nullable(),
  probe_at: Instant.nullable(),
});

/**
 * How an endpoint that recovers goes on. Without a result it hands out the delivery to try it with; with one it says what follows: it is tried again
 * at `probe_at`, has recovered, or the story has ended because the endpoint is disabled, deleted or recovered otherwise.
 */
export const probeEndpoint = internalEndpoint({
  route: createRoute({
    operationId: "internal.webhook_endpoints.probe",
    method: "post",
    path: "/internal/webhook_endpoints/probe",
    request: { body: jsonBody(Probe) },
    responses: { 200: json(Probed, "How the endpoint stands, and a delivery to try it with") },
  }),

  handler: async (c) => {
    const { tenant_id: tenantId, endpoint_id: endpointId, probes, result } = c.req.valid("json");
    const ended = { state: "ended" as const, delivery: null, probe_at: null };
    const opened = await openTenant(c, tenantId, { type: "system", id: null, ip: null });
    if (!opened) return c.json(ended, 200);
    const { repo } = opened;
    const d1 = databaseOf(c.env, repo.shard) as D1Database;
    if (result) await recordResults(c, d1, repo.shard, [resultOf(result)]);

    const [endpoint, queue] = await Promise.all([repo.webhookEndpoints.byId(endpointId), repo.webhookQueues.byId(endpointId)]);
    if (!endpoint || endpoint.disabledAt !== null || !queue || queue.recoveringSince === null) return c.json(ended, 200);
    const recovered = async () => {
      const facts = [fact("webhook_endpoint.recovered", presentEndpoint(endpoint))];
      await repo.webhookQueues.endRecovery(endpoint, { facts, answer: [200, null] });
      return c.json({ state: "recovered" as const, delivery: null, probe_at: null }, 200);
    };
    // the last try arrived
    if (result && queue.failures === 0) return recovered();
    if (result) {
      const retryAfterS = result.outcome.kind === "answered" ? result.outcome.retry_after_s : null;
      const at = nextProbeAt({ probes, retryAfterS, jitter: Math.random() }, c.var.realNow);
      await repo.webhookQueues.probeAt(endpointId, at);
      return c.json({ state: "recovering" as const, delivery: null, probe_at: at.toISOString() }, 200);
    }

    const now = realNow();
    const leased = await leaseForProbe(d1, { tenantId, endpointId }, { now, leaseMs: LEASE_MS });
    const { ready, unsignable } = await prepare(c.env, d1, leased, now);
    await recordResults(c, d1, repo.shard, unsignable);
    const delivery = ready[0]?.outgoing ?? null;
    // nothing is left to try it with: what comes next may
    if (leased.length === 0 && !(await repo.webhookQueues.hasWaiting(endpointId))) return recovered();
    const at = nextProbeAt({ probes, retryAfterS: null, jitter: Math.random() }, now);
    return c.json({ state: "recovering" as const, delivery, probe_at: delivery ? null : at.toISOString() }, 200);
  },
});
