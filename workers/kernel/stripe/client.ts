import { Stripe } from "stripe";
import type { Repo } from "#db/repo";
import type { PaymentProviderRow } from "#db/tenants/payment-providers";
import type { Env } from "../env.ts";
import type { Vault } from "../vault.ts";

/** Shorter than the lease of the intent it is called under (30 s): nobody else takes over while we wait. */
const TIMEOUT_MS = 20_000;

/** What a call to Stripe came to when it did not succeed. `refused`: nothing happened, and will not; `unknown`: it may have happened. */
export type StripeFailure = { kind: "refused" | "unknown"; detail: string; error: Stripe.errors.StripeError };

/** The official client with a tenant's own key. Its failures are thrown as StripeError. Undefined where the tenant has none. */
export async function stripeIfAny(env: Env, repo: Pick<Repo, "paymentProviders">, vault: Vault): Promise<Stripe | undefined> {
  const row = await repo.paymentProviders.byProvider("stripe");
  return row && stripeWith(env, row, vault);
}

/** The same for a provider's row that is at hand. */
export async function stripeWith(env: Env, row: PaymentProviderRow, vault: Vault): Promise<Stripe> {
  const key = await vault.unseal(["payment_providers", "stripe", "secret_key"], row.secretKey);
  return new Stripe(key, {
    httpClient: Stripe.createFetchHttpClient(),
    // we try again by ourselves, under our own keys and leases
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
    // in production a provider is called at its own address whatever a row says
    ...(env.LATCHKEY_ENV === "development" && row.apiBase !== null ? addressOf(row.apiBase) : {}),
  });
}

function addressOf(base: string) {
  const { hostname, port, protocol } = new URL(base);
  const http = protocol === "http:";
  return { host: hostname, port: port || (http ? "80" : "443"), protocol: http ? ("http" as const) : ("https" as const) };
}

/** How a call to Stripe failed; undefined for an error that is not Stripe's. */
export function failureOf(error: unknown): StripeFailure | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const { statusCode } = error;
  // no answer, too many requests, a key in use, or Stripe's own breakdown: the same call may succeed later
  const isUnknown = statusCode === undefined || statusCode === 409 || statusCode === 429 || statusCode >= 500;
  return { kind: isUnknown ? "unknown" : "refused", detail: sentenceOf(error), error };
}

/** Stripe's own words, without what it repeats of a key. */
function sentenceOf({ code, message, statusCode }: Stripe.errors.StripeError): string {
  if (statusCode === 401) return "Stripe does not know the secret key.";
  if (statusCode === undefined) return "Stripe did not answer.";
  return `Stripe answered${code === undefined ? "" : ` ${code}`}: ${message.slice(0, 300)}`;
}
