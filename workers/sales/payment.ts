import type { Context } from "hono";
import type { Stripe } from "stripe";
import type { OrderRow } from "#db/sales/orders";
import { changing } from "#kernel/changing";
import type { TenantEnv } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { failureOf } from "#kernel/stripe/client";
import { cancelIntent } from "#kernel/stripe/intents";
import { paymentProviderFailed, providerProblem, stripeOf } from "#kernel/stripe/problems";
import type { Vault } from "#kernel/vault";
import { presentOrder } from "./presenters.ts";
import { orderCanceled } from "./problems.ts";
import { createIntent } from "./stripe.ts";

const clientSecretOf = (orderId: string) => ["orders", orderId, "client_secret"] as const;

/** What lets the buyer's browser pay, for as long as there is something to pay. */
export async function openClientSecret(vault: Vault, { id, status, clientSecret }: OrderRow): Promise<string | null> {
  return clientSecret === null || status !== "pending" ? null : vault.unseal(clientSecretOf(id), clientSecret);
}

/**
 * Lets Stripe make the payment of a placed order, and keeps its id with the answer in one batch. Called again after a crash or a time-out,
 * it finds the same payment. An order that Stripe refuses is canceled; throws `payment_provider_failed` then, and
 * `payment_provider_unreachable` when the outcome is not known.
 */
export async function setUpPayment(c: Context<TenantEnv>, placed: OrderRow) {
  const { repo, vault } = c.var;
  if (placed.status === "canceled")
    throw paymentProviderFailed({ what: "The order was canceled because the provider refused its payment." });
  const stripe = await stripeOf(c.env, repo, vault);
  const intent = await createIntent(stripe, placed).catch(async (error: unknown) => {
    throw await refusalOf(c, placed, error);
  });

  const clientSecret = intent.client_secret;
  const sealed = clientSecret === null ? null : await vault.seal(clientSecretOf(placed.id), clientSecret);
  let before: OrderRow | undefined = placed;
  return changing(async () => {
    before ??= await repo.orders.byId(placed.id);
    if (!before || before.status === "canceled") throw await canceledMeanwhile(stripe, intent.id);
    const row = { ...before, providerRef: intent.id, clientSecret: sealed };
    const answer = presentOrder(row, { clientSecret });
    const done = await repo.orders.update(row, { facts: [], answer: [201, answer] });
    before = undefined;
    return done && answer;
  });
}

async function refusalOf(c: Context<TenantEnv>, placed: OrderRow, error: unknown): Promise<unknown> {
  if (failureOf(error)?.kind === "refused") await cancelRefused(c.var, placed.id);
  return providerProblem(error) ?? error;
}

/** Ends an order that can never be paid, so that none stays behind that nobody knows of; its external_id is free again. */
async function cancelRefused({ repo, now }: Context<TenantEnv>["var"], id: string): Promise<void> {
  await changing(async () => {
    const before = await repo.orders.byId(id);
    if (before?.status !== "pending") return true;
    const row: OrderRow = {
      ...before,
      status: "canceled",
      paymentStatus: "failed",
      externalId: null,
      canceledAt: now,
      updatedAt: now,
    };
    const facts = [changeFact("order.canceled", presentOrder(before), presentOrder(row))];
    return (await repo.orders.update(row, { facts, answer: { later: id } })) && true;
  });
}

async function canceledMeanwhile(stripe: Stripe, intentId: string): Promise<unknown> {
  try {
    await cancelIntent(stripe, intentId);
  } catch (error) {
    return providerProblem(error) ?? error;
  }
  return orderCanceled({});
}
