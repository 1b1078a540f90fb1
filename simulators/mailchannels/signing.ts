/** A key pair that webhooks are signed with, under its id; the public half in the form in which the API gives it. */
export type WebhookKey = { id: string; privateKey: CryptoKey; publicKey: string };

/** Makes a key pair of Ed25519: of 32 bytes that one knows, or else by chance. */
export async function webhookKey(id: string, seed: Uint8Array = crypto.getRandomValues(new Uint8Array(32))): Promise<WebhookKey> {
  const privateKey = await crypto.subtle.importKey("pkcs8", Uint8Array.of(...PKCS8, ...seed), { name: "Ed25519" }, true, [
    "sign",
  ]);
  const jwk = await crypto.subtle.exportKey("jwk", privateKey);
  const x = "x" in jwk && typeof jwk.x === "string" ? jwk.x : "";
  const point = Uint8Array.from(atob(x.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  return { id, privateKey, publicKey: base64(Uint8Array.of(...SPKI, ...point)) };
}

/** What stands before the 32 bytes of a private and a public key of Ed25519 (RFC 8410). */
const PKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
const SPKI = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/**
 * The headers of a webhook as MailChannels documents them: the digest of the body (RFC 9530), and an HTTP message signature (RFC 9421) over that
 * header alone. `created` is in seconds since 1970.
 */
export async function signedHeaders(body: string, key: WebhookKey, created: number): Promise<Record<string, string>> {
  const bytes = new TextEncoder().encode(body);
  const digest = `sha-256=:${base64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}:`;
  const params = `("content-digest");created=${created};alg="ed25519";keyid="${key.id}"`;
  const base = `"content-digest": ${digest}\n"@signature-params": ${params}`;
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, key.privateKey, new TextEncoder().encode(base));
  const label = `sig_${created}`;
  return {
    "content-type": "application/json",
    "content-digest": digest,
    "signature-input": `${label}=${params}`,
    signature: `${label}=:${base64(new Uint8Array(signature))}:`,
  };
}

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
