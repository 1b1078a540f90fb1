import type { WebhookEndpointRow } from "#db/webhooks/endpoints";
import { hmac, randomBytes } from "#kernel/crypto";
import { fromBase64url } from "#kernel/keyring";
import { importPrivateKey, newSigningKey, signText } from "#kernel/signing";
import type { Vault } from "#kernel/vault";

const PREFIX = "whsec_";
const PUBLIC_PREFIX = "whpk_";

/** A new secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64. */
export const newWebhookSecret = (): string => PREFIX + base64(randomBytes(32));

/** Where a secret of a webhook endpoint stands when it is sealed. */
export const secretPlace = (
  endpointId: string,
  column: "secret" | "previous_secret" | "signing_key" | "previous_signing_key" | "headers",
) => ["webhook_endpoints", endpointId, column] as const;

/** A new key pair for signatures that need no shared secret: its secret half sealed, its public half as Standard Webhooks writes it. */
export async function newKeyPair(vault: Vault, endpointId: string): Promise<{ signingKey: string; publicKey: string }> {
  const { publicJwk, privateKey } = await newSigningKey();
  return {
    signingKey: await vault.seal(secretPlace(endpointId, "signing_key"), privateKey),
    publicKey: PUBLIC_PREFIX + base64(fromBase64url(publicJwk.x)),
  };
}

/** What signs an endpoint's deliveries: the keys of its secrets, and those of its key pairs; the present ones first. */
export type Signers = { secrets: readonly Uint8Array[]; keys: readonly CryptoKey[] };

/** Opens what signs an endpoint's deliveries: what is in force, and what was before while both are good. */
export async function signersOf(vault: Vault, row: WebhookEndpointRow & { signingKey: string }, now: Date): Promise<Signers> {
  const isOverlap = row.previousSecretUntil !== null && now < row.previousSecretUntil;
  const open = (column: Parameters<typeof secretPlace>[1], sealed: string | null) =>
    sealed === null ? [] : [vault.unseal(secretPlace(row.id, column), sealed)];
  const [secrets, keys] = await Promise.all([
    Promise.all([...open("secret", row.secret), ...open("previous_secret", isOverlap ? row.previousSecret : null)]),
    Promise.all([
      ...open("signing_key", row.signingKey),
      ...open("previous_signing_key", isOverlap ? row.previousSigningKey : null),
    ]),
  ]);
  return { secrets: secrets.map(keyOfSecret), keys: await Promise.all(keys.map(importPrivateKey)) };
}

/** Headers as an endpoint's row keeps them: sealed, and their names beside. */
export async function sealedHeaders(
  vault: Vault,
  endpointId: string,
  headers: Readonly<Record<string, string>> | null,
): Promise<{ headers: string | null; headerNames: string[] }> {
  const all = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (all.length === 0) return { headers: null, headerNames: [] };
  const sealed = await vault.seal(secretPlace(endpointId, "headers"), JSON.stringify(Object.fromEntries(all)));
  return { headers: sealed, headerNames: all.map(([name]) => name) };
}

/** The headers that an endpoint is sent beside ours. */
export async function headersOf(
  vault: Vault,
  { id, headers }: Pick<WebhookEndpointRow, "id" | "headers">,
): Promise<Record<string, string>> {
  return headers === null ? {} : (JSON.parse(await vault.unseal(secretPlace(id, "headers"), headers)) as Record<string, string>);
}

/** The key inside a secret. Throws on a text that is none. */
export function keyOfSecret(secret: string): Uint8Array {
  if (!secret.startsWith(PREFIX)) throw new Error("Not a webhook secret");
  return Uint8Array.from(atob(secret.slice(PREFIX.length)), (character) => character.charCodeAt(0));
}

/**
 * The value of `webhook-signature` over id, time and body: a `v1` signature (HMAC-SHA-256) by each secret, then a `v1a` one (Ed25519) by each key
 * pair, so that a receiver may hold any of them.
 */
export async function webhookSignature(
  { secrets, keys }: Signers,
  id: string,
  timestampS: number,
  body: string,
): Promise<string> {
  const signed = `${id}.${timestampS}.${body}`;
  const signatures = await Promise.all([
    ...secrets.map(async (secret) => `v1,${base64(await hmac(secret, signed))}`),
    ...keys.map(async (key) => `v1a,${base64(fromBase64url(await signText(key, signed)))}`),
  ]);
  return signatures.join(" ");
}

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
