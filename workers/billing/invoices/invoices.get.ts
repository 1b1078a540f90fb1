import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { invoiceNotFound } from "#kernel/not-found";
import { Invoice, presentInvoice } from "#kernel/billing/invoice";

export const getInvoice = endpoint({
  route: createRoute({
    operationId: "invoices.get",
    method: "get",
    path: "/v1/invoices/{id}",
    security: scope("invoices:read"),
    summary: "Get an invoice",
    request: { params: idParam("inv") },
    responses: { 200: json(Invoice, "The invoice"), ...problems(invoiceNotFound) },
  }),

  handler: async (c) => {
    const row = await c.var.repo.invoices.byId(c.req.valid("param").id);
    if (!row) throw invoiceNotFound({});
    return c.json(presentInvoice(row), 200);
  },
});
