import { equalInConstantTime, hmac, sha256Hex } from "./crypto.ts";
import type { Env } from "./env.ts";
import { base64url, keyring } from "./keyring.ts";
import { defineProblem } from "./problem.ts";

export const badSignature = defineProblem({
  code: "bad_signature",
  status: 401,
  title: "The signature does not fit",
  fix: "Check that host and edge share LATCHKEY_INTERNAL_SECRETS and that their clocks agree within a minute.",
  detail: () => "Internal routes answer the worker host's signed calls alone.",
});

const SIGNATURE = /^kid=(\d{1,6}),t=(\d{10}),n=([A-Za-z0-9_-]{22}),s=([A-Za-z0-9_-]{43})$/;
const VALID_FOR_S = 60;

/**
 * Checks the signature of an internal call: HMAC-SHA-256 over method, path with query, host, key id, body hash, time and nonce;
 * not older or newer than 60 s, and each nonce once. Throws `bad_signature`.
 */
export async function checkSignature(env: Env, request: Request, body: Uint8Array, realNow: Date): Promise<void> {
  const [, kid, t, nonce, signature] = SIGNATURE.exec(request.headers.get("latchkey-signature") ?? "") ?? [];
  if (!kid || !t || !nonce || !signature) throw badSignature({});
  const secret = keyring("LATCHKEY_INTERNAL_SECRETS", env.LATCHKEY_INTERNAL_SECRETS).versions.get(Number(kid));
  if (!secret || Math.abs(realNow.getTime() / 1000 - Number(t)) > VALID_FOR_S) throw badSignature({});

  const url = new URL(request.url);
  const host = request.headers.get("host") ?? url.host;
  const signed = [request.method, url.pathname + url.search, host, kid, await sha256Hex(body), t, nonce].join("\n");
  if (!equalInConstantTime(base64url(await hmac(secret, signed)), signature)) throw badSignature({});

  // spread over sixteen objects by the nonce itself: one would see every call of the platform
  const nonces = env.NONCES.get(env.NONCES.idFromName(`nonces/${nonce.charCodeAt(0) % 16}`));
  if (!(await nonces.firstUse(nonce, Number(t)))) throw badSignature({});
}
