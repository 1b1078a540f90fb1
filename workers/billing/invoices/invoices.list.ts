import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { Invoice, presentInvoice } from "#kernel/billing/invoice";
import { InvoiceQuery } from "./schemas.ts";

export const listInvoices = endpoint({
  route: createRoute({
    operationId: "invoices.list",
    method: "get",
    path: "/v1/invoices",
    security: scope("invoices:read"),
    summary: "List invoices",
    description: "Newest first.",
    request: { query: InvoiceQuery },
    responses: { 200: json(listOf(Invoice), "A page of invoices"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const found = await repo.invoices.list(await pageAsked(repo.tenantId, query), {
      status: query.status,
      customerId: query.customer_id,
      orderId: query.order_id,
      number: query.number,
      externalId: query.external_id,
    });
    return c.json(await presentPage(repo.tenantId, query, found, presentInvoice), 200);
  },
});
