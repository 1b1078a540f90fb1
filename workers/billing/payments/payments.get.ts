import { createRoute } from "@hono/zod-openapi";
import { Payment } from "#kernel/billing/payment";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { shownPayment } from "./charging.ts";
import { paymentNotFound } from "./problems.ts";

export const getPayment = endpoint({
  route: createRoute({
    operationId: "payments.get",
    method: "get",
    path: "/v1/payments/{id}",
    security: scope("payments:read"),
    summary: "Get a payment",
    request: { params: idParam("pay") },
    responses: { 200: json(Payment, "The payment"), ...problems(paymentNotFound) },
  }),

  handler: async (c) => {
    const row = await c.var.repo.payments.byId(c.req.valid("param").id);
    if (!row) throw paymentNotFound({});
    return c.json(await shownPayment(c.var.vault, row), 200);
  },
});
