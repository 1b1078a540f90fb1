import { createRoute } from "@hono/zod-openapi";
import type { InvoiceRow } from "#db/billing/invoices";
import { Invoice, presentInvoice } from "#kernel/billing/invoice";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { invoiceNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { entriesOf } from "#rules/billing/ledger";
import { moveInvoice } from "./moving.ts";
import { invoiceNotOpen, paymentUnderWay } from "./problems.ts";

export const markInvoiceUncollectible = endpoint({
  route: createRoute({
    operationId: "invoices.mark_uncollectible",
    method: "post",
    path: "/v1/invoices/{id}/mark_uncollectible",
    security: scope("invoices:write"),
    summary: "Give an invoice up",
    description: "What is due of it counts as lost. Money that comes later is still taken, and pays it.",
    request: { params: idParam("inv") },
    responses: {
      200: json(Invoice, "The invoice that was given up"),
      ...problems(invoiceNotFound, invoiceNotOpen, paymentUnderWay, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { now } = c.var;
    const invoice = await moveInvoice(c, c.req.valid("param").id, "mark_uncollectible", async (before) => {
      const row: InvoiceRow = { ...before, status: "uncollectible", uncollectibleAt: now, nextAttemptAt: null, updatedAt: now };
      const { id: invoiceId, customerId, currency, amountDue } = before;
      return {
        change: {
          update: { invoices: [row] },
          entries: [entriesOf({ kind: "invoice_uncollectible", invoiceId, customerId, currency, amountDue })],
        },
        facts: [changeFact("invoice.marked_uncollectible", presentInvoice(before), presentInvoice(row))],
      };
    });
    return c.json(invoice, 200);
  },
});
