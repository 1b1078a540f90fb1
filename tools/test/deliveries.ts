import { importPrivateKey, newSigningKey } from "#kernel/signing";
import { exampleEvent } from "#rules/webhooks/examples";
import { keyOfSecret, newWebhookSecret, webhookSignature } from "../../workers/webhooks/secrets.ts";

/** A delivery as it is sent, the secrets that verify it, and some that do not. */
export type SentDelivery = { headers: Record<string, string>; body: string; good: string[]; bad: string[] };

/** Deliveries of every form of signature, made by what signs them at the edge. */
export async function signedDeliveries(now: Date): Promise<Record<string, SentDelivery>> {
  const [secret, before, other] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()];
  const keys = await Promise.all([key(), key()]);
  const sent = async (secrets: string[], pairs: CryptoKey[], at = now): Promise<SentDelivery> => {
    const event = exampleEvent("customer.created"); // a text with more than ASCII in it
    const body = JSON.stringify(event);
    const timestampS = Math.floor(at.getTime() / 1000);
    const signature = await webhookSignature({ secrets: secrets.map(keyOfSecret), keys: pairs }, event.id, timestampS, body);
    const headers = { "webhook-id": event.id, "webhook-timestamp": String(timestampS), "webhook-signature": signature };
    return { headers, body, good: secrets, bad: [secret, before, other].filter((each) => !secrets.includes(each)) };
  };
  return {
    secret: await sent([secret], []),
    key_pair: await sent([secret], keys.slice(0, 1)),
    overlap: await sent([secret, before], keys),
    old: await sent([secret], [], new Date(now.getTime() - 6 * 60_000)),
  };
}

const key = async (): Promise<CryptoKey> => importPrivateKey((await newSigningKey()).privateKey);
