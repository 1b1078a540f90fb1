import { env, exports } from "cloudflare:workers";
import { hmac, randomBytes, sha256Hex } from "#kernel/crypto";
import { base64url, keyring, keyOf } from "#kernel/keyring";
import type { RelayEvent } from "../../../worker-host/edge/routes.ts";
import type { Answer } from "../world.ts";

/** Calls an internal route as the worker host does: signed. */
export async function asHost(path: string, body: unknown): Promise<Answer> {
  const text = JSON.stringify(body);
  const ring = keyring("LATCHKEY_INTERNAL_SECRETS", env.LATCHKEY_INTERNAL_SECRETS);
  const [t, nonce] = [Math.floor(Date.now() / 1000), base64url(randomBytes(16))];
  const signed = ["POST", path, "latchkey.test", ring.current, await sha256Hex(text), t, nonce].join("\n");
  const signature = base64url(await hmac(keyOf(ring, ring.current), signed));
  const response = await exports.default.fetch(`https://latchkey.test${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "latchkey-signature": `kid=${ring.current},t=${t},n=${nonce},s=${signature}` },
    body: text,
  });
  const answer = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(answer), text: answer };
}

/** One claim of the relay, waiting for nothing unless told to. */
export async function claimEvents(
  ask: { done?: { tenant_id: string; seq: number }[]; limit?: number; wait_ms?: number } = {},
): Promise<RelayEvent[]> {
  const answer = await asHost("/internal/relay/claim", { shard: "00", done: [], limit: 200, wait_ms: 0, ...ask });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body["events"];
}

/** Marks all that waits as carried on, so that a test meets its own events alone. */
export async function carryOnEverything(): Promise<void> {
  await env.DB_00.prepare("update events set dispatched_at = 1, lease_until = null where dispatched_at is null").run();
}
