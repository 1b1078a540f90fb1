import type { Context } from "hono";
import type { Stripe } from "stripe";
import type { CustomerRow } from "#db/customers/customers";
import type { PaymentMethodRow } from "#db/billing/payment-methods";
import { presentPaymentMethod } from "#kernel/billing/payment-method";
import { changing } from "#kernel/changing";
import type { TenantEnv } from "#kernel/endpoint";
import { underKey } from "#kernel/stripe/intents";
import { providerProblem, stripeOf } from "#kernel/stripe/problems";
import type { Vault } from "#kernel/vault";
import { paymentMethodNotActive } from "./problems.ts";

const secretPlace = (id: string) => ["payment_methods", id, "client_secret"] as const;

/** What lets the customer's browser save the method, until it is saved. */
export async function openMethodSecret(vault: Vault, { id, status, clientSecret }: PaymentMethodRow): Promise<string | null> {
  const isOpen = status === "pending" || status === "requires_action";
  return isOpen && clientSecret !== null ? vault.unseal(secretPlace(id), clientSecret) : null;
}

/** The customer as Stripe knows them: made once, and known from then on. */
export async function stripeCustomerOf(
  { repo }: Context<TenantEnv>["var"],
  stripe: Stripe,
  customer: CustomerRow,
): Promise<string> {
  const known = await repo.paymentMethods.customerAt("stripe", customer.id);
  if (known !== undefined) return known;
  const params = { name: customer.name, metadata: { tenant_id: repo.tenantId, customer_id: customer.id } };
  const { id } = await underKey(`${customer.id}/customer`, (options) => stripe.customers.create(params, options));
  await repo.paymentMethods.keepCustomerAt("stripe", customer.id, id);
  return (await repo.paymentMethods.customerAt("stripe", customer.id)) ?? id;
}

/**
 * Lets Stripe make the setup intent of a method, and keeps its id with the answer in one batch. Called again after a crash or a time-out, it
 * finds the same. Throws `payment_provider_failed`, and `payment_provider_unreachable` when the outcome is not known.
 */
export async function setUpMethod(c: Context<TenantEnv>, begun: PaymentMethodRow, customer: CustomerRow) {
  const { repo, vault } = c.var;
  const stripe = await stripeOf(c.env, repo, vault);
  const setup = await setupOf(c, stripe, begun, customer).catch((error: unknown) => {
    throw providerProblem(error) ?? error;
  });
  const clientSecret = setup.client_secret;
  const sealed = clientSecret === null ? null : await vault.seal(secretPlace(begun.id), clientSecret);
  let before: PaymentMethodRow | undefined = begun;
  return changing(async () => {
    before ??= await repo.paymentMethods.byId(begun.id);
    if (before?.status !== "pending") throw paymentMethodNotActive({ status: before?.status ?? "detached" });
    const row: PaymentMethodRow = { ...before, setupRef: setup.id, clientSecret: sealed };
    const answer = presentPaymentMethod(row, { clientSecret });
    const done = await repo.books.write({ update: { paymentMethods: [row] } }, { facts: [], answer: [201, answer] });
    before = undefined;
    return done && answer;
  });
}

async function setupOf({ var: vars }: Context<TenantEnv>, stripe: Stripe, { id }: PaymentMethodRow, customer: CustomerRow) {
  const params: Stripe.SetupIntentCreateParams = {
    customer: await stripeCustomerOf(vars, stripe, customer),
    usage: "off_session",
    automatic_payment_methods: { enabled: true },
    metadata: { tenant_id: vars.repo.tenantId, payment_method_id: id },
  };
  return underKey(`${id}/setup`, (options) => stripe.setupIntents.create(params, options));
}
