import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { hmac, sha256Hex } from "#kernel/crypto";
import { base64url, keyring } from "#kernel/keyring";
import { send, world } from "../world.ts";

type Part = { at?: number; path?: string; body?: string; nonce?: string; host?: string };

/** The header of a call signed as the worker host signs. */
async function signed(path: string, body: string, part: Part = {}) {
  const { versions } = keyring("LATCHKEY_INTERNAL_SECRETS", env.LATCHKEY_INTERNAL_SECRETS);
  const t = part.at ?? Math.floor(Date.now() / 1000);
  const nonce = part.nonce ?? base64url(crypto.getRandomValues(new Uint8Array(16)));
  const text = ["POST", part.path ?? path, part.host ?? "latchkey.test", "1", await sha256Hex(part.body ?? body), t, nonce].join(
    "\n",
  );
  return { "latchkey-signature": `kid=1,t=${t},n=${nonce},s=${base64url(await hmac(versions.get(1) as Uint8Array, text))}` };
}

const path = "/internal/wakeups/register";
const bodyFor = (tenantId: string) => JSON.stringify({ tenant_id: tenantId, workflow_id: "w", at: "2030-01-01T00:00:00Z" });

test("a call that the host signed is answered, once", async () => {
  const w = await world();
  const body = bodyFor(w.tenant.id);
  const headers = await signed(path, body);
  expect((await send("POST", path, body, { headers })).status).toBe(200);
  expect((await send("POST", path, body, { headers })).body).toMatchObject({ code: "bad_signature" });
});

test.each<[string, Part]>([
  ["61 seconds old", { at: Math.floor(Date.now() / 1000) - 61 }],
  ["from the future", { at: Math.floor(Date.now() / 1000) + 90 }],
  ["for another path", { path: "/internal/wakeups/done" }],
  ["for another body", { body: "{}" }],
  ["for another host", { host: "elsewhere.test" }],
])("a signature %s is refused", async (_, part) => {
  const w = await world();
  const body = bodyFor(w.tenant.id);
  expect((await send("POST", path, body, { headers: await signed(path, body, part) })).body).toMatchObject({
    status: 401,
    code: "bad_signature",
  });
});
