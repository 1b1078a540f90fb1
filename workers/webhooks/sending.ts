import { pace, readLeased, type DeliveryRef, type LeasedDelivery } from "#db/webhooks/pump";
import { keepKeyPair } from "#db/webhooks/endpoints";
import type { Env } from "#kernel/env";
import { vaultOf } from "#kernel/vault";
import { settingsOf } from "#rules/tenants/settings";
import { isEventType } from "#rules/webhooks/catalogue";
import { exampleEvent } from "#rules/webhooks/examples";
import { messageOf, type MessageFacts } from "#rules/webhooks/messages";
import { rateOf } from "#rules/webhooks/rates";
import type { Result } from "./recording.ts";
import { headersOf, newKeyPair, signersOf, webhookSignature, type Signers } from "./secrets.ts";

/** A delivery as it goes out: complete and signed, so that no secret leaves the edge. `in_order`: the next one waits for its end. */
export type Outgoing = {
  tenant_id: string;
  delivery_id: string;
  endpoint_id: string;
  in_order: boolean;
  event_id: string;
  attempt: number;
  url: string;
  headers: Record<string, string>;
  body: string;
};

/** A delivery that is ready, and how many a second its endpoint gets at most; null = as many as it takes. */
export type Ready = { outgoing: Outgoing; ratePerS: number | null };

const isCatchingUp = ({ queue }: LeasedDelivery) => queue !== null && queue.catchingUpSince !== null;
const paceOf = (row: LeasedDelivery) =>
  rateOf({ ownPerS: row.endpoint.ratePerS, isCatchingUp: isCatchingUp(row) }, settingsOf(row.settings).webhooks);

/**
 * Notes of endpoints with a rate that they have got enough for the moment, so that the rate is kept whoever sends, and across restarts.
 */
export async function paceEndpoints(d1: D1Database, ready: readonly Ready[], now: Date): Promise<void> {
  const paced = new Map<string, { tenantId: string; endpointId: string; ratePerS: number; count: number }>();
  for (const { outgoing, ratePerS } of ready) {
    if (ratePerS === null) continue;
    const { tenant_id: tenantId, endpoint_id: endpointId } = outgoing;
    const known = paced.get(endpointId) ?? { tenantId, endpointId, ratePerS, count: 0 };
    known.count++;
    paced.set(endpointId, known);
  }
  const all = [...paced.values()];
  const until = (count: number, ratePerS: number) => now.getTime() + Math.ceil((count * 1000) / ratePerS);
  await pace(
    d1,
    all.map(({ tenantId, endpointId, ratePerS, count }) => ({ tenantId, endpointId, until: until(count, ratePerS) })),
  );
}

/**
 * Makes ready what was leased. What cannot be signed, because its secret does not open any more, comes back as a failed attempt: one
 * tenant's broken key must not hold up everybody's deliveries.
 */
export async function prepare(
  env: Env,
  d1: D1Database,
  refs: readonly DeliveryRef[],
  now: Date,
): Promise<{ ready: Ready[]; unsignable: Result[] }> {
  if (refs.length === 0) return { ready: [], unsignable: [] };
  const leased = await readLeased(d1, refs);
  const opened = new Map<string, Promise<Opened>>();
  const openedFor = (row: LeasedDelivery): Promise<Opened> => {
    const known = opened.get(row.endpoint.id) ?? openSecrets(env, d1, row, now);
    opened.set(row.endpoint.id, known);
    return known;
  };
  const ready: Ready[] = [];
  const unsignable: Result[] = [];
  for (const row of leased) {
    try {
      ready.push({
        outgoing: await signed(row, await openedFor(row), now),
        ratePerS: paceOf(row),
      });
    } catch {
      const outcome = {
        kind: "failed" as const,
        error: "unsignable",
        detail: "The endpoint's secret does not open; rotate it.",
        durationMs: 0,
      };
      unsignable.push({ tenantId: row.delivery.tenantId, id: row.delivery.id, attempt: row.delivery.attempts + 1, outcome });
    }
  }
  return { ready, unsignable };
}

/** What is secret of an endpoint, opened: what signs its deliveries, and the headers that are its own. */
type Opened = { signers: Signers; headers: Record<string, string> };

/** One that is older than `v1a` gets its key pair now. */
async function openSecrets(env: Env, d1: D1Database, { endpoint, dataKey }: LeasedDelivery, now: Date): Promise<Opened> {
  const vault = vaultOf(env, endpoint.tenantId, dataKey);
  const signingKey = endpoint.signingKey ?? (await keepKeyPair(d1, endpoint, await newKeyPair(vault, endpoint.id)));
  const [signers, headers] = await Promise.all([signersOf(vault, { ...endpoint, signingKey }, now), headersOf(vault, endpoint)]);
  return { signers, headers };
}

async function signed(
  { delivery, event, endpoint, livemode }: LeasedDelivery,
  { signers, headers }: Opened,
  now: Date,
): Promise<Outgoing> {
  const body = messageOf(factsOf(event, delivery.eventType), livemode);
  const timestampS = Math.floor(now.getTime() / 1000);
  return {
    tenant_id: delivery.tenantId,
    delivery_id: delivery.id,
    endpoint_id: endpoint.id,
    in_order: endpoint.fifo,
    event_id: event.id,
    attempt: delivery.attempts + 1,
    url: endpoint.url,
    headers: {
      ...headers, // ours win
      "content-type": "application/json",
      "user-agent": "Latchkey-Webhooks/1",
      "webhook-id": event.id,
      "webhook-timestamp": String(timestampS),
      "webhook-signature": await webhookSignature(signers, event.id, timestampS, body),
    },
    body,
  };
}

/**
 * What a delivery tells: the event, or in a test of another type an example of that type in its place. The example is the one of this release, and not
 * kept: what nothing has happened of is in no log.
 */
function factsOf(event: LeasedDelivery["event"], type: string): MessageFacts {
  const itself = { ...event, subject: { type: event.subjectType, id: event.subjectId } };
  if (type === event.type || !isEventType(type)) return itself;
  const { data, subject } = exampleEvent(type);
  return { ...itself, type, data, subject, isTest: true };
}
