import { Context } from "@temporalio/activity";
import type { WebhookActivities } from "#workflows/webhooks/activities";
import { drain, type DrainParts } from "./drain.ts";
import type { DeliveryResult } from "../edge/routes.ts";

/** How often the server hears from a running drain; the SDK lets through what the heartbeat time-out needs. */
const BEAT_MS = 2_000;

export const webhookActivities = (parts: DrainParts): WebhookActivities => ({
  /**
   * Deliveries are at least once: a host that dies between an endpoint's answer and its recording leaves a lease to expire, and
   * the delivery is sent again under the same webhook-id. What the last heartbeat still held is recorded by the next attempt.
   */
  async drainDeliveries({ shard }) {
    const context = Context.current();
    const results = heldResults(context.info.heartbeatDetails);
    const beating = setInterval(() => context.heartbeat(results.map(withoutAnswer)), BEAT_MS);
    try {
      return await drain(parts, shard, results, context.cancellationSignal);
    } finally {
      clearInterval(beating);
    }
  },
});

/** An answer's body belongs to the tenant's endpoint: it is recorded at the edge, never in a workflow's history. */
function withoutAnswer(result: DeliveryResult): DeliveryResult {
  return result.outcome.kind === "answered" ? { ...result, outcome: { ...result.outcome, body: "" } } : result;
}

/** What an earlier attempt of this activity had sent, and perhaps not recorded: recording twice is a no-op. */
function heldResults(details: unknown): DeliveryResult[] {
  const held: DeliveryResult[] = Array.isArray(details) ? details : [];
  return [...held];
}
