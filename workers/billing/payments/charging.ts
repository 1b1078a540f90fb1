import type { Context } from "hono";
import { Stripe } from "stripe";
import type { InvoiceRow } from "#db/billing/invoices";
import type { PaymentMethodRow } from "#db/billing/payment-methods";
import type { PaymentRow } from "#db/billing/payments";
import { collected, type Collected } from "#kernel/billing/collecting";
import { presentPayment } from "#kernel/billing/payment";
import { changing } from "#kernel/changing";
import type { TenantEnv } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { invoiceNotFound } from "#kernel/not-found";
import { failureOf } from "#kernel/stripe/client";
import { cancelIntent, fetchIntent, underKey } from "#kernel/stripe/intents";
import { providerProblem } from "#kernel/stripe/problems";
import type { Vault } from "#kernel/vault";
import { attemptKey } from "#rules/billing/payments";
import { toProviderAmount } from "#rules/money";
import { amountNotChargeable, paymentNotCancelable, paymentNotFound } from "./problems.ts";

const secretPlace = (id: string) => ["payments", id, "client_secret"] as const;

const IS_OPEN: ReadonlySet<PaymentRow["status"]> = new Set(["requires_method", "requires_confirmation", "requires_action"]);

/** A payment as its maker sees it: with what lets the customer's browser pay, for as long as there is something to pay. */
export async function shownPayment(vault: Vault, row: PaymentRow) {
  const isOpen = IS_OPEN.has(row.status) && row.clientSecret !== null;
  const clientSecret = isOpen && row.clientSecret !== null ? await vault.unseal(secretPlace(row.id), row.clientSecret) : null;
  return presentPayment(row, { clientSecret });
}

/**
 * Makes the intent of a begun payment, unconfirmed, and keeps its id before anything else is done with it. One that Stripe refuses has failed.
 * `isLast`: nothing follows, and the answer is kept with it.
 */
export async function withIntent(
  c: Context<TenantEnv>,
  stripe: Stripe,
  begun: PaymentRow,
  customer: string | undefined,
  isLast: boolean,
): Promise<PaymentRow> {
  const { repo, vault } = c.var;
  if (begun.ref !== null) return begun;
  const intent = await createIntent(stripe, begun, customer).catch(async (error: unknown) => {
    throw await refusalOf(c, begun, error);
  });
  const secret = intent.client_secret;
  const sealed = secret === null ? null : await vault.seal(secretPlace(begun.id), secret);
  return changing(async () => {
    const before = await repo.payments.byId(begun.id);
    if (before?.ref === intent.id) return before;
    if (before?.status !== "requires_method") {
      // it was given up meanwhile, and so nobody may pay it
      await cancelIntent(stripe, intent.id);
      throw paymentNotCancelable({ status: before?.status ?? "gone" });
    }
    const row: PaymentRow = { ...before, ref: intent.id, clientSecret: sealed };
    const answer = isLast ? ([201, await shownPayment(vault, row)] as const) : { later: row.id };
    const done = await repo.books.write({ update: { payments: [row] } }, { facts: [], answer });
    return done && { ...row, version: row.version + 1 };
  });
}

function createIntent(stripe: Stripe, payment: PaymentRow, customer: string | undefined): Promise<Stripe.PaymentIntent> {
  const amount = toProviderAmount("stripe", payment.currency, payment.amount);
  if (!amount.ok) throw amountNotChargeable({ what: amount.detail });
  const params: Stripe.PaymentIntentCreateParams = {
    amount: amount.units,
    currency: payment.currency.toLowerCase(),
    ...(customer === undefined ? {} : { customer }),
    automatic_payment_methods: { enabled: true, ...(payment.paymentMethodId === null ? {} : { allow_redirects: "never" }) },
    metadata: { tenant_id: payment.tenantId, payment_id: payment.id, invoice_id: payment.invoiceId },
  };
  const key = attemptKey(payment.invoiceId ?? payment.id, payment.attempt);
  return underKey(key, (options) => stripe.paymentIntents.create(params, options));
}

async function refusalOf(c: Context<TenantEnv>, begun: PaymentRow, error: unknown): Promise<unknown> {
  const refused = failureOf(error);
  if (refused?.kind !== "refused") return providerProblem(error) ?? error;
  await changing(async () => {
    const before = await c.var.repo.payments.byId(begun.id);
    if (before?.status !== "requires_method" || before.ref !== null) return true;
    const row: PaymentRow = { ...before, status: "failed", failure: refused.detail, updatedAt: c.var.now };
    const facts = [fact("payment.failed", presentPayment(row))];
    return (await c.var.repo.books.write({ update: { payments: [row] } }, { facts, answer: { later: row.id } })) && true;
  });
  return refused.error.code === "amount_too_small"
    ? amountNotChargeable({ what: refused.detail })
    : (providerProblem(error) ?? error);
}

/**
 * Confirms an intent by a saved method. A decline, and a confirmation that came before, are read off the intent; where nobody knows whether it
 * was confirmed the intent itself is asked. Throws `payment_provider_unreachable` where that does not tell either.
 */
export async function confirmIntent(stripe: Stripe, payment: PaymentRow, ref: string, method: PaymentMethodRow): Promise<void> {
  const key = `${attemptKey(payment.invoiceId ?? payment.id, payment.attempt)}/confirm`;
  const params: Stripe.PaymentIntentConfirmParams = {
    ...(method.ref === null ? {} : { payment_method: method.ref }),
    ...(payment.offSession ? { off_session: true } : {}),
  };
  try {
    await underKey(key, (options) => stripe.paymentIntents.confirm(ref, params, options));
  } catch (error) {
    const isTold =
      error instanceof Stripe.errors.StripeCardError ||
      (error instanceof Stripe.errors.StripeError && error.code === "payment_intent_unexpected_state");
    if (isTold) return;
    const problem = providerProblem(error) ?? error;
    if (failureOf(error)?.kind !== "unknown") throw problem;
    const { status, last_payment_error: declined } = await fetched(stripe, ref);
    if (declined === null && (status === "requires_payment_method" || status === "requires_confirmation")) throw problem;
  }
}

const fetched = (stripe: Stripe, ref: string) =>
  fetchIntent(stripe, ref).catch((error: unknown) => {
    throw providerProblem(error) ?? error;
  });

/** Moves a payment to where its intent stands, and answers it. */
export async function followed(c: Context<TenantEnv>, stripe: Stripe | undefined, id: string, status: 200 | 201) {
  const { repo, vault } = c.var;
  return changing(async () => {
    const before = await repo.payments.byId(id);
    if (!before) throw paymentNotFound({});
    const moved = stripe && (await movedNow(c, stripe, before));
    if (!moved) {
      const shown = await shownPayment(vault, before);
      await repo.books.keepAnswer([status, shown]);
      return shown;
    }
    const answer = await shownPayment(vault, moved.row);
    return (await repo.books.write(moved.change, { facts: moved.facts, answer: [status, answer] })) && answer;
  });
}

async function movedNow(c: Context<TenantEnv>, stripe: Stripe, before: PaymentRow): Promise<Collected | undefined> {
  const { repo, now, realNow } = c.var;
  if (before.ref === null || before.invoiceId === null) return undefined;
  const invoice: InvoiceRow | undefined = await repo.invoices.byId(before.invoiceId);
  if (!invoice) throw invoiceNotFound({});
  const about = { now, creditId: newId("credit", repo.shard, realNow), livemode: repo.tenant.livemode };
  const moved = collected(before, invoice, await fetched(stripe, before.ref), about);
  // what moves nothing is told by the webhook, once
  return moved?.isOnlyTold === true ? undefined : moved;
}
