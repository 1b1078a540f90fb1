import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Stripe } from "stripe";
import type { InvoiceRow } from "#db/billing/invoices";
import type { PaymentRow } from "#db/billing/payments";
import { NOTHING_PAID_YET, Payment, presentPayment } from "#kernel/billing/payment";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope, type TenantEnv } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { invoiceNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { cancelIntent } from "#kernel/stripe/intents";
import {
  paymentProviderFailed,
  paymentProviderMissing,
  paymentProviderUnreachable,
  providerProblem,
  stripeOf,
} from "#kernel/stripe/problems";
import type { z } from "#kernel/wire";
import { amountDueOf } from "#rules/billing/invoices";
import { nextAttempt } from "#rules/billing/payments";
import { toProviderAmount } from "#rules/money";
import { invoiceNotOpen, paymentUnderWay } from "../invoices/problems.ts";
import { confirmIntent, followed, shownPayment, withIntent } from "./charging.ts";
import { amountNotChargeable, paymentMethodNotActive, paymentMethodNotFound, paymentNotCancelable } from "./problems.ts";
import { NewPayment } from "./schemas.ts";

type Body = z.infer<typeof NewPayment>;

export const createPayment = endpoint({
  route: createRoute({
    operationId: "payments.create",
    method: "post",
    path: "/v1/payments",
    security: scope("payments:write"),
    summary: "Take money for an invoice",
    description:
      "One try for all that is due. With a saved method it is charged now, and the answer says how that ended: a decline is no error. Without one the answer holds the client_secret with which the customer's browser pays. There is one try at a time.",
    request: { body: jsonBody(NewPayment) },
    responses: {
      201: json(Payment, "The payment"),
      ...problems(
        invoiceNotFound,
        invoiceNotOpen,
        paymentUnderWay,
        paymentMethodNotFound,
        paymentMethodNotActive,
        paymentNotCancelable,
        amountNotChargeable,
        externalIdTaken,
        changedMeanwhile,
        paymentProviderMissing,
        paymentProviderFailed,
        paymentProviderUnreachable,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, vault } = c.var;
    const body = c.req.valid("json");
    if (!(await repo.invoices.byId(body.invoice_id))) throw invoiceNotFound({});
    const stripe = await stripeOf(c.env, repo, vault);
    const resumed = repo.resumes === null ? undefined : await repo.payments.byId(repo.resumes);
    const begun = resumed ?? (await begin(c, stripe, body));
    if (begun.status === "failed" && begun.ref === null) throw paymentProviderFailed({ what: begun.failure ?? "" });
    const method = begun.paymentMethodId === null ? undefined : await repo.paymentMethods.byId(begun.paymentMethodId);
    const customer = begun.customerId === null ? undefined : await repo.paymentMethods.customerAt("stripe", begun.customerId);
    const made = await withIntent(c, stripe, begun, customer, method === undefined);
    if (method === undefined && begun.ref === null) return c.json(await shownPayment(vault, made), 201);
    if (method !== undefined && made.status === "requires_method" && made.ref !== null)
      await confirmIntent(stripe, made, made.ref, method);
    return c.json(await followed(c, stripe, made.id, 201), 201);
  },
});

/** The try before the provider knows of it: its row, the count of the invoice, the event and the caller's intent in one batch. */
async function begin(c: Context<TenantEnv>, stripe: Stripe, body: Body): Promise<PaymentRow> {
  const { repo, now } = c.var;
  return changing(async () => {
    const invoice = await repo.invoices.byId(body.invoice_id);
    if (!invoice) throw invoiceNotFound({});
    await refuseMethod(c, body, invoice);
    const row = newPayment(c, body, invoice, await nextNumber(c, stripe, invoice));
    const after: InvoiceRow = { ...invoice, attempts: row.attempt, updatedAt: now };
    const told = { facts: [fact("payment.created", presentPayment(row))], answer: { later: row.id } };
    return (await repo.books.write({ insert: { payments: [row] }, update: { invoices: [after] } }, told)) && row;
  }).catch(asTaken({ attempt: () => paymentUnderWay({ what: "Another try began in this moment." }) }));
}

async function refuseMethod({ var: { repo } }: Context<TenantEnv>, body: Body, invoice: InvoiceRow): Promise<void> {
  if (body.payment_method_id === undefined) return;
  const method = await repo.paymentMethods.byId(body.payment_method_id);
  if (method?.customerId !== invoice.customerId || method.provider !== "stripe") throw paymentMethodNotFound({});
  if (method.status !== "active") throw paymentMethodNotActive({ status: method.status });
}

/** The number of the next try. One that was declined is ended at the provider first, so that nobody pays it beside the new one. */
async function nextNumber({ var: { repo } }: Context<TenantEnv>, stripe: Stripe, invoice: InvoiceRow): Promise<number> {
  const before = await repo.payments.attemptsOf(invoice.id);
  const next = nextAttempt(
    invoice,
    // what else came for it is counted in what is due
    before.flatMap(({ attempt, status }) => (status === "succeeded" ? [] : [{ number: attempt, status }])),
  );
  if (!next.ok) {
    if (next.code === "outcome_unknown") throw paymentUnderWay({ what: next.detail });
    throw invoiceNotOpen({ what: next.detail });
  }
  for (const { ref, status, provider } of before) {
    if (status !== "failed" || ref === null || provider !== "stripe") continue;
    const ended = await cancelIntent(stripe, ref).catch((error: unknown) => {
      throw providerProblem(error) ?? error;
    });
    if (ended !== "canceled") throw paymentUnderWay({ what: "An earlier try was taken up again by the customer." });
  }
  return Math.max(next.number, ...before.map(({ attempt }) => attempt + 1));
}

function newPayment(c: Context<TenantEnv>, body: Body, invoice: InvoiceRow, attempt: number): PaymentRow {
  const { repo, now, realNow } = c.var;
  const amount = amountDueOf(invoice);
  const { currency } = invoice;
  const taken = toProviderAmount("stripe", currency, amount);
  if (!taken.ok) throw amountNotChargeable({ what: taken.detail });
  return {
    tenantId: repo.tenantId,
    id: newId("payment", repo.shard, realNow),
    customerId: invoice.customerId,
    invoiceId: invoice.id,
    orderId: invoice.orderId,
    subscriptionId: invoice.subscriptionId,
    ...NOTHING_PAID_YET,
    provider: "stripe",
    paymentMethodId: body.payment_method_id ?? null,
    attempt,
    offSession: body.off_session,
    currency,
    amount,
    ...newOwned(body, now),
  };
}
