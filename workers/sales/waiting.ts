import { claimWaitingEvents } from "#db/sales/provider-events";
import { openTenant, type Asked } from "#kernel/asking";
import { databaseOf } from "#kernel/shards";
import { applyStripeEvent } from "./settlement.ts";

/** Events that one sweep takes up; each costs a call to the provider. */
const AT_ONCE = 25;

/** Applies provider events of a shard that could not be applied when they came. Answers how many were. */
export async function applyWaiting(c: Asked, shard: string): Promise<number> {
  const d1 = databaseOf(c.env, shard);
  if (!d1) return 0;
  let applied = 0;
  for (const event of await claimWaitingEvents(d1, c.var.realNow, AT_ONCE)) {
    const opened = await openTenant(c, event.tenantId, { type: "provider", id: event.provider, ip: null });
    if (!opened) continue;
    const provider = await opened.repo.paymentProviders.byProvider(event.provider);
    const { provider: name, eventId, type, objectRef } = event;
    const incoming = { provider: name, eventId, type, objectRef };
    if (provider && (await applyStripeEvent(c.env, opened, provider, incoming)) === "applied") applied++;
  }
  return applied;
}
