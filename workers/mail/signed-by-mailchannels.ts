import { equalInConstantTime } from "#kernel/crypto";
import type { Env } from "#kernel/env";

/** How far a signature's time may lie from ours, in the past and in the future. */
const TOLERANCE_S = 300;

/** Whose events are taken, and the public keys that they are signed with, by their ids. */
export type Trust = { handles: ReadonlySet<string>; keys: ReadonlyMap<string, string> };

/** Whom the operator trusts; null where nobody is named or no key, and then no event is taken. */
export function trustedBy(env: Env): Trust | null {
  const parts = (text: string) => text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
  const handles = new Set(parts(env.LATCHKEY_MAILCHANNELS_HANDLES));
  const keys = new Map(
    parts(env.LATCHKEY_MAILCHANNELS_WEBHOOK_KEYS).flatMap((entry) => {
      const [, id, key] = /^([\w.-]{1,100})=([A-Za-z0-9+/]+={0,2})$/.exec(entry) ?? [];
      return id === undefined || key === undefined ? [] : [[id, key] as const];
    }),
  );
  return handles.size > 0 && keys.size > 0 ? { handles, keys } : null;
}

type Signed = { headers: Headers; body: Uint8Array; keys: Trust["keys"]; realNow: Date };

/**
 * Whether a request is signed as MailChannels signs its webhooks: an HTTP message signature (RFC 9421) by Ed25519 over the header Content-Digest
 * and nothing else, made within 300 s of now, by a key that is known; and the digest (RFC 9530) is that of the body as it came.
 */
export async function isSignedByMailChannels({ headers, body, keys, realNow }: Signed): Promise<boolean> {
  const digest = headers.get("content-digest");
  const input = inputIn(headers.get("signature-input"));
  const signature = input && signatureIn(headers.get("signature"), input.label);
  if (digest === null || !input || !signature || input.alg !== "ed25519") return false;
  if (Math.abs(Math.floor(realNow.getTime() / 1000) - input.created) > TOLERANCE_S) return false;
  const key = keys.get(input.keyId);
  if (key === undefined || !(await isDigestOf(body, digest))) return false;
  const base = `"content-digest": ${digest.trim()}\n"@signature-params": ${input.params}`;
  try {
    const imported = await crypto.subtle.importKey("spki", bytesOf(key), { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, new TextEncoder().encode(base));
  } catch {
    return false; // a key of another form, or no base64: whatever keeps it from being verified, it is not verified
  }
}

type Input = { label: string; params: string; created: number; alg: string; keyId: string };

/** What a Signature-Input says, where it names one signature over the digest alone, and each parameter once. */
function inputIn(header: string | null): Input | undefined {
  const [, label, params, rest] =
    /^\s*([a-z*][a-z0-9_.*-]*)=(\("content-digest"\)((?:;[a-z]+=(?:\d{1,15}|"[\x20-\x21\x23-\x5b\x5d-\x7e]*"))+))\s*$/.exec(
      header ?? "",
    ) ?? [];
  if (label === undefined || params === undefined || rest === undefined) return undefined;
  const named = [...rest.matchAll(/;([a-z]+)=(?:(\d+)|"([^"]*)")/g)];
  const values = new Map(named.map(([, name = "", number, text = ""]) => [name, number ?? text]));
  const [created, alg, keyId] = [values.get("created"), values.get("alg"), values.get("keyid")];
  if (values.size !== named.length || created === undefined || !/^\d+$/.test(created)) return undefined;
  return alg === undefined || keyId === undefined ? undefined : { label, params, created: Number(created), alg, keyId };
}

function signatureIn(header: string | null, label: string): Uint8Array | undefined {
  const [, named, encoded] = /^\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]{86}==):\s*$/.exec(header ?? "") ?? [];
  return named === label && encoded !== undefined ? bytesOf(encoded) : undefined;
}

/** Whether a Content-Digest names the SHA-256 of a body; what it says beside that is not needed. */
async function isDigestOf(body: Uint8Array, header: string): Promise<boolean> {
  const named = [...header.matchAll(/(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/g)];
  const [, said] = named.length === 1 ? (named[0] ?? []) : [];
  if (said === undefined) return false;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return equalInConstantTime(said, btoa(String.fromCharCode(...digest)));
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
