import { createHash, createHmac, randomBytes } from "node:crypto";
import type { EdgeConfig } from "../config.ts";

export type SignedRequest = { method: string; pathAndQuery: string; host: string; body: string };

/** When and under which nonce (22 characters of base64url) a request is signed: both are part of the signature. */
export type SignedAt = { t: number; nonce: string };

/** A fresh moment and nonce for one request. A request that is sent again is signed again, since the edge takes a nonce once. */
export function signNow(): SignedAt {
  return { t: Math.floor(Date.now() / 1000), nonce: randomBytes(16).toString("base64url") };
}

/** The value of `Latchkey-Signature`: HMAC-SHA-256 over method, path with query, host, key id, body hash, seconds and nonce. */
export function signature(secret: EdgeConfig["secret"], request: SignedRequest, { t, nonce }: SignedAt): string {
  const bodyHash = createHash("sha256").update(request.body, "utf8").digest("hex");
  const text = [request.method, request.pathAndQuery, request.host, secret.kid, bodyHash, t, nonce].join("\n");
  const mac = createHmac("sha256", secret.bytes).update(text, "utf8").digest("base64url");
  return `kid=${secret.kid},t=${t},n=${nonce},s=${mac}`;
}
