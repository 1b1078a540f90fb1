import { createRoute } from "@hono/zod-openapi";
import type { InvoiceRow } from "#db/billing/invoices";
import { bookedLines } from "#kernel/billing/finalizing";
import { Invoice, presentInvoice } from "#kernel/billing/invoice";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { invoiceNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { entriesOf, isDeferred } from "#rules/billing/ledger";
import { moveInvoice } from "./moving.ts";
import { invoiceNotOpen, invoicePartlySettled, paymentUnderWay } from "./problems.ts";

export const voidInvoice = endpoint({
  route: createRoute({
    operationId: "invoices.void",
    method: "post",
    path: "/v1/invoices/{id}/void",
    security: scope("invoices:write"),
    summary: "Declare an invoice void",
    description:
      "For one that was issued in error, as long as nothing was settled on it. It keeps its number, and nothing of it is owed.",
    request: { params: idParam("inv") },
    responses: {
      200: json(Invoice, "The void invoice"),
      ...problems(invoiceNotFound, invoiceNotOpen, invoicePartlySettled, paymentUnderWay, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { now } = c.var;
    const invoice = await moveInvoice(c, c.req.valid("param").id, "void", async (before) => {
      const row: InvoiceRow = { ...before, status: "void", amountDue: 0, voidedAt: now, nextAttemptAt: null, updatedAt: now };
      return {
        change: { update: { invoices: [row] }, entries: [entriesOf(voidedFact(before))] },
        facts: [changeFact("invoice.voided", presentInvoice(before), presentInvoice(row))],
      };
    });
    return c.json(invoice, 200);
  },
});

/** What the books take back: all that the invoice had posted. */
function voidedFact(before: InvoiceRow) {
  const issuedAt = (before.issuedAt ?? before.updatedAt).toISOString();
  const deferred = bookedLines(before).filter((line) => isDeferred(line, issuedAt));
  return {
    kind: "invoice_voided" as const,
    invoiceId: before.id,
    customerId: before.customerId,
    currency: before.currency,
    taxable: before.taxable,
    deferredLeft: deferred.reduce((sum, { taxable }) => sum + taxable, 0),
    taxTotal: before.taxTotal,
    rounding: before.rounding,
    total: before.total,
    writtenOff: before.status === "uncollectible",
  };
}
