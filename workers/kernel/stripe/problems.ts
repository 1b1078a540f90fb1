import { defineProblem } from "../problem.ts";
import type { Repo } from "#db/repo";
import type { Stripe } from "stripe";
import type { Env } from "../env.ts";
import type { ProblemError } from "../problem.ts";
import type { Vault } from "../vault.ts";
import { failureOf, stripeIfAny } from "./client.ts";

export const paymentProviderMissing = defineProblem<{ provider: string }>({
  code: "payment_provider_missing",
  status: 409,
  title: "The payment provider is not set up",
  fix: "Set it up with PUT /v1/payment_providers/stripe, or take the money outside of a provider: orders have provider manual for it, invoices POST /v1/invoices/{id}/pay.",
  detail: ({ provider }) => `This tenant has no ${provider} account that could take the payment.`,
});

export const paymentProviderFailed = defineProblem<{ what: string }>({
  code: "payment_provider_failed",
  status: 409,
  title: "The payment provider refused",
  fix: "Mend what the detail names, for instance the provider's keys or the amount, and send the request again with a new Idempotency-Key.",
  detail: ({ what }) => what,
});

export const paymentProviderUnreachable = defineProblem<{ what: string }>({
  code: "payment_provider_unreachable",
  status: 409,
  title: "The payment provider did not answer",
  fix: "Repeat the same request with the same Idempotency-Key after Retry-After seconds; it goes on where this one stopped.",
  detail: ({ what }) => what,
});

/** The problem of a failed call, or undefined where the error is not Stripe's. */
export function providerProblem(error: unknown): ProblemError | undefined {
  const failure = failureOf(error);
  if (!failure) return undefined;
  if (failure.kind === "refused") return paymentProviderFailed({ what: failure.detail });
  return paymentProviderUnreachable({ what: failure.detail }, { headers: { "retry-after": "5" } });
}

/** The official client with a tenant's own key. Its failures are thrown as StripeError. Throws `payment_provider_missing`. */
export async function stripeOf(env: Env, repo: Pick<Repo, "paymentProviders">, vault: Vault): Promise<Stripe> {
  const stripe = await stripeIfAny(env, repo, vault);
  if (!stripe) throw paymentProviderMissing({ provider: "stripe" });
  return stripe;
}
