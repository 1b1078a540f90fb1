import { createRoute } from "@hono/zod-openapi";
import { finalized } from "#kernel/billing/finalizing";
import { Invoice } from "#kernel/billing/invoice";
import { saleNotTaxable, saleOf } from "#kernel/billing/selling";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { customerNotFound, invoiceNotFound, legalEntityNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { moveInvoice } from "./moving.ts";
import { invoiceIncomplete, invoiceNotOpen } from "./problems.ts";

export const finalizeInvoice = endpoint({
  route: createRoute({
    operationId: "invoices.finalize",
    method: "post",
    path: "/v1/invoices/{id}/finalize",
    security: scope("invoices:write"),
    summary: "Make a draft final",
    description:
      "It takes the next number of its series, gapless, and is never changed again. What the customer has as credit is spent on it; what then owes nothing is paid at once.",
    request: { params: idParam("inv") },
    responses: {
      200: json(Invoice, "The invoice with its number"),
      ...problems(
        invoiceNotFound,
        invoiceIncomplete,
        invoiceNotOpen,
        saleNotTaxable,
        customerNotFound,
        legalEntityNotFound,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const invoice = await moveInvoice(c, c.req.valid("param").id, "finalize", async (draft) =>
      finalized(repo, draft, await saleOf(repo, draft.customerId, draft.legalEntityId), now),
    );
    return c.json(invoice, 200);
  },
});
