import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { InvoiceRow } from "#db/billing/invoices";
import type { PaymentRow } from "#db/billing/payments";
import { spending } from "#kernel/billing/finalizing";
import { Invoice, presentInvoice } from "#kernel/billing/invoice";
import { NOTHING_PAID_YET } from "#kernel/billing/payment";
import { settling } from "#kernel/billing/settling";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope, type TenantEnv } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { invoiceNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { whyNotGrantCredit } from "#rules/billing/credits";
import { dueOf, type Moved } from "./moving.ts";
import { creditMissing, invoiceNotOpen, paymentUnderWay } from "./problems.ts";
import { PayInvoice } from "./schemas.ts";

export const payInvoice = endpoint({
  route: createRoute({
    operationId: "invoices.pay",
    method: "post",
    path: "/v1/invoices/{id}/pay",
    security: scope("invoices:write"),
    summary: "Settle an invoice",
    description:
      "Notes money that came outside of a provider, or spends the customer's credit. To charge a card, make a payment: POST /v1/payments.",
    request: { params: idParam("inv"), body: jsonBody(PayInvoice) },
    responses: {
      200: json(Invoice, "The invoice as it is now"),
      ...problems(invoiceNotFound, invoiceNotOpen, creditMissing, paymentUnderWay, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    const invoice = await changing(async () => {
      const before = await repo.invoices.byId(id);
      if (!before) throw invoiceNotFound({});
      const due = dueOf(before);
      if (due === 0) throw invoiceNotOpen({ what: `The invoice is ${before.status}, and nothing of it is due.` });
      if (await repo.payments.isUnderWay(id))
        throw paymentUnderWay({ what: "A payment of this invoice has no outcome yet, and might settle it a second time." });
      const { after, change, facts } =
        body.method === "credit"
          ? await byCredit(c, before, body.amount ?? due)
          : await byHand(c, before, body, body.amount ?? due);
      const answer = presentInvoice(after);
      return (await repo.books.write(change, { facts, answer: [200, answer] })) && answer;
    });
    return c.json(invoice, 200);
  },
});

type Paid = Moved & { after: InvoiceRow };

async function byHand(
  c: Context<TenantEnv>,
  before: InvoiceRow,
  body: z.infer<typeof PayInvoice>,
  amount: number,
): Promise<Paid> {
  const { repo, now, realNow } = c.var;
  if (amount > dueOf(before)) await checkBalance(c, before, amount - dueOf(before));
  const payment: PaymentRow = {
    tenantId: repo.tenantId,
    id: newId("payment", repo.shard, realNow),
    customerId: before.customerId,
    invoiceId: before.id,
    orderId: before.orderId,
    subscriptionId: before.subscriptionId,
    ...NOTHING_PAID_YET,
    provider: "manual",
    note: body.note ?? null,
    currency: before.currency,
    amount,
    amountReceived: amount,
    ...newOwned({}, now),
  };
  const settlement = settling(payment, before, { creditId: newId("credit", repo.shard, realNow), now, inserts: true });
  return { after: settlement.invoice, change: settlement.change, facts: settlement.facts };
}

/** What is paid too much becomes a credit like any other: none whose balance would leave 2^53. */
async function checkBalance(c: Context<TenantEnv>, { customerId, currency }: InvoiceRow, amount: number): Promise<void> {
  const held = await c.var.repo.credits.ofCustomer(customerId, { limit: 1, before: null });
  const balance = held?.balances.find((each) => each.currency === currency)?.amount ?? 0;
  const refused = whyNotGrantCredit({ amount, expiresAt: null }, balance, c.var.now);
  if (!refused) return;
  const error = { pointer: "/amount", code: refused.code, detail: refused.detail };
  throw invalidRequest({ what: refused.detail }, { errors: [error] });
}

async function byCredit(c: Context<TenantEnv>, before: InvoiceRow, atMost: number): Promise<Paid> {
  const { repo, now } = c.var;
  const spent = await spending(repo, before, atMost, now);
  if (spent.amount === 0) throw creditMissing({ available: 0, currency: before.currency });
  const type = spent.row.status === "paid" ? "invoice.paid" : "invoice.payment_applied";
  return {
    after: spent.row,
    change: { update: { invoices: [spent.row], credits: spent.credits }, entries: spent.entries },
    facts: [changeFact(type, presentInvoice(before), presentInvoice(spent.row))],
  };
}
