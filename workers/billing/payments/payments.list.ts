import { createRoute } from "@hono/zod-openapi";
import { Payment, presentPayment } from "#kernel/billing/payment";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { PaymentQuery } from "./schemas.ts";

export const listPayments = endpoint({
  route: createRoute({
    operationId: "payments.list",
    method: "get",
    path: "/v1/payments",
    security: scope("payments:read"),
    summary: "List payments",
    description: "Newest first: tries that providers carry out, and money that came outside of them.",
    request: { query: PaymentQuery },
    responses: { 200: json(listOf(Payment), "A page of payments"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const found = await repo.payments.list(await pageAsked(repo.tenantId, query), {
      status: query.status,
      customerId: query.customer_id,
      invoiceId: query.invoice_id,
      orderId: query.order_id,
      externalId: query.external_id,
    });
    return c.json(await presentPage(repo.tenantId, query, found, (row) => presentPayment(row)), 200);
  },
});
