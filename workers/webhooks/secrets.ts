import { hmac, randomBytes } from "#kernel/crypto";

const PREFIX = "whsec_";

/** A new secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64. */
export const newWebhookSecret = (): string => PREFIX + base64(randomBytes(32));

/** Where a webhook's secret stands when it is sealed. */
export const secretPlace = (endpointId: string, column: "secret" | "previous_secret") =>
  ["webhook_endpoints", endpointId, column] as const;

/** The key inside a secret. Throws on a text that is none. */
export function keyOfSecret(secret: string): Uint8Array {
  if (!secret.startsWith(PREFIX)) throw new Error("Not a webhook secret");
  return Uint8Array.from(atob(secret.slice(PREFIX.length)), (character) => character.charCodeAt(0));
}

/** The value of `webhook-signature`: one `v1` signature (HMAC-SHA-256 over id, time and body) by each key, so that a receiver may hold either. */
export async function webhookSignature(
  keys: readonly Uint8Array[],
  id: string,
  timestampS: number,
  body: string,
): Promise<string> {
  const signatures = await Promise.all(keys.map(async (key) => `v1,${base64(await hmac(key, `${id}.${timestampS}.${body}`))}`));
  return signatures.join(" ");
}

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
