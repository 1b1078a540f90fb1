import { Context } from "@temporalio/activity";
import type { WebhookActivities } from "#workflows/webhooks/activities";
import { drain, type DrainParts } from "./drain.ts";
import { viaEdge } from "../edge/errors.ts";
import type { DeliveryResult } from "../edge/routes.ts";

/** How often the server hears from a running drain; the SDK lets through what the heartbeat time-out needs. */
const BEAT_MS = 2_000;

export const webhookActivities = (parts: DrainParts): WebhookActivities => ({
  /**
   * Deliveries are at least once: what a host that died had claimed is sent again under the same webhook-id, whether it had been answered or not.
   * What the last heartbeat still held is recorded by the next attempt.
   */
  async drainDeliveries({ shard }) {
    const context = Context.current();
    const results = heldResults(context.info.heartbeatDetails);
    const beating = setInterval(() => context.heartbeat(results.map(withoutAnswer)), BEAT_MS);
    try {
      return await drain(parts, { shard, results, takesOver: context.info.attempt > 1, stop: context.cancellationSignal });
    } finally {
      clearInterval(beating);
    }
  },

  /** A host that dies after sending leaves a lease to expire: the endpoint is tried again with the same delivery. */
  async probeEndpoint({ probes, ...endpoint }) {
    const { edge, send, failpoint } = parts;
    let told = await viaEdge(edge.probeEndpoint(endpoint, probes, null));
    if (told.delivery) {
      const { tenant_id, delivery_id, attempt } = told.delivery;
      const outcome = await send(told.delivery, Context.current().cancellationSignal);
      failpoint("delivery.sent");
      told = await viaEdge(edge.probeEndpoint(endpoint, probes, { tenant_id, delivery_id, attempt, outcome }));
    }
    if (told.state !== "recovering") return { state: told.state };
    const restMs = told.probe_at === null ? RETRY_MS : Date.parse(told.probe_at) - Date.now();
    return { state: told.state, restMs: Math.max(SHORTEST_REST_MS, restMs) };
  },

  giveUpEndpoint: (endpoint) => viaEdge(parts.edge.giveUpEndpoint(endpoint)),
});

/** When to look again after an answer that does not say when. */
const RETRY_MS = 60_000;
/** Whatever the clocks of edge and host say, an endpoint that fails is not tried without a rest. */
const SHORTEST_REST_MS = 1_000;

/** An answer's body belongs to the tenant's endpoint: it is recorded at the edge, never in a workflow's history. */
function withoutAnswer(result: DeliveryResult): DeliveryResult {
  return result.outcome.kind === "answered" ? { ...result, outcome: { ...result.outcome, body: "" } } : result;
}

/** What an earlier attempt of this activity had sent, and perhaps not recorded: recording twice is a no-op. */
function heldResults(details: unknown): DeliveryResult[] {
  const held: DeliveryResult[] = Array.isArray(details) ? details : [];
  return [...held];
}
