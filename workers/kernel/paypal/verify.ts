import type { Env } from "../env.ts";
import { certificateOriginOf, type PaypalAccount, simulatorOf } from "./account.ts";
import { BadCertificate, type Certificate, certificatesOf } from "./certificate.ts";
import { type ChainFault, chainFault, rsaKey } from "./chain.ts";
import { crc32 } from "./crc32.ts";
import { PayPalFailure } from "./failure.ts";
import type { PayPal } from "./paypal.ts";
import { PINNED_ROOTS } from "./roots.ts";
import { type SignatureHeaders, signatureHeaders } from "./signature-headers.ts";

/** Whether a webhook is PayPal's. `unknown`: it could not be found out now; PayPal brings it again. */
export type Verdict =
  | { verdict: "genuine" }
  | { verdict: "refused"; why: "headers" | "algorithm" | "cert_url" | "certificate" | ChainFault | "signature" }
  | { verdict: "unknown"; why: string };

/** One webhook as it came, and what it has to fit. */
export type Incoming = { headers: Headers; body: Uint8Array; webhookId: string };

const PATH = /^\/v1\/notifications\/certs\/[A-Za-z0-9_-]{1,200}$/;
const FETCH_TIMEOUT_MS = 5000;
const MAX_PEM_BYTES = 64 * 1024;
const MAX_CHAINS = 32;

/** The pinned roots, read when they are first needed. */
let pinned: Certificate[] | undefined;

/** Chains by their address, read and not yet judged: that they are valid is looked at each time. */
const chains = new Map<string, Certificate[]>();

/** Looks at a webhook by its certificate alone: PayPal is asked for nothing but that. `now` is real time. */
export async function verifyByCertificate(
  env: Pick<Env, "LATCHKEY_ENV">,
  account: Pick<PaypalAccount, "apiBase" | "livemode">,
  { headers, body, webhookId }: Incoming,
  now: Date,
): Promise<Verdict> {
  const told = signatureHeaders(headers);
  if (!told || webhookId === "") return { verdict: "refused", why: "headers" };
  if (told.algorithm !== "SHA256withRSA") return { verdict: "refused", why: "algorithm" };
  const url = certificateUrl(told.certUrl, certificateOriginOf(env, account));
  if (url === undefined) return { verdict: "refused", why: "cert_url" };

  try {
    const roots = await rootsFor(env, account);
    const chain = await chainAt(url);
    const fault = await chainFault(chain, roots, now);
    if (fault) return { verdict: "refused", why: fault };
    const fits = await isSigned(chain, told, webhookId, body);
    return fits ? { verdict: "genuine" } : { verdict: "refused", why: "signature" };
  } catch (error) {
    if (error instanceof BadCertificate) return { verdict: "refused", why: "certificate" };
    if (error instanceof NotFetched) return { verdict: "unknown", why: error.message };
    throw error;
  }
}

/** Looks at a webhook by asking PayPal's API about it. */
export async function verifyByApi(paypal: Pick<PayPal, "webhooks">, { headers, body, webhookId }: Incoming): Promise<Verdict> {
  const told = signatureHeaders(headers);
  if (!told || webhookId === "") return { verdict: "refused", why: "headers" };
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    return (await paypal.webhooks.verify(told, webhookId, text))
      ? { verdict: "genuine" }
      : { verdict: "refused", why: "signature" };
  } catch (error) {
    if (error instanceof PayPalFailure) return { verdict: "unknown", why: error.detail };
    if (error instanceof TypeError) return { verdict: "refused", why: "signature" }; // not UTF-8
    throw error;
  }
}

/** How a tenant's webhooks are looked at: by certificate, and where that cannot be found out or leads to no pinned root, by asking. */
export async function verifyWebhook(
  env: Pick<Env, "LATCHKEY_ENV">,
  account: Pick<PaypalAccount, "apiBase" | "livemode">,
  paypal: Pick<PayPal, "webhooks">,
  incoming: Incoming,
  now: Date,
): Promise<Verdict> {
  const seen = await verifyByCertificate(env, account, incoming, now);
  const isOpen = seen.verdict === "unknown" || (seen.verdict === "refused" && seen.why === "not_trusted");
  return isOpen ? verifyByApi(paypal, incoming) : seen;
}

/** The address of a certificate, if it is PayPal's: exact origin, known path, nothing beside. */
function certificateUrl(text: string, origin: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.origin !== origin || !PATH.test(url.pathname)) return undefined;
  // whatever else an address may hold (user, query, fragment, a way of writing the path) is none of PayPal's
  return text === url.origin + url.pathname ? text : undefined;
}

/** What a chain must lead to. A simulator has a root of its own, and is trusted in development alone. */
async function rootsFor(env: Pick<Env, "LATCHKEY_ENV">, account: Pick<PaypalAccount, "apiBase">): Promise<Certificate[]> {
  const simulator = simulatorOf(env, account);
  if (simulator === undefined) return (pinned ??= certificatesOf(PINNED_ROOTS));
  return chainAt(`${simulator}/v1/notifications/certs/CERT-root`);
}

class NotFetched extends Error {
  override name = "NotFetched";
}

async function chainAt(url: string): Promise<Certificate[]> {
  const known = chains.get(url);
  if (known) return known;
  const chain = certificatesOf(await fetchPem(url));
  const [oldest] = chains.keys();
  if (oldest !== undefined && chains.size >= MAX_CHAINS) chains.delete(oldest);
  chains.set(url, chain);
  return chain;
}

/** Fetches a PEM file; a redirect is an answer like any other that is not 200. */
async function fetchPem(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  } catch (error) {
    throw new NotFetched("The certificate could not be fetched.", { cause: error });
  }
  if (response.status >= 500 || response.status === 429)
    throw new NotFetched(`The certificate was answered with ${response.status}.`);
  if (response.status !== 200) throw new BadCertificate(`answered with ${response.status}`);
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length > MAX_PEM_BYTES) throw new BadCertificate("too large");
    }
  } catch (error) {
    if (error instanceof BadCertificate) throw error;
    throw new NotFetched("The certificate broke off.", { cause: error });
  }
  return text;
}

async function isSigned(
  [leaf]: readonly Certificate[],
  told: SignatureHeaders,
  webhookId: string,
  body: Uint8Array,
): Promise<boolean> {
  const key = leaf && (await rsaKey(leaf.publicKey, "SHA-256"));
  const signature = bytesOfBase64(told.signature);
  if (!key || !signature) return false;
  const text = `${told.id}|${told.time}|${webhookId}|${crc32(body)}`;
  return crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, signature, new TextEncoder().encode(text));
}

function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
