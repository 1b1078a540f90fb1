import { createRoute } from "@hono/zod-openapi";
import { PaymentMethod, presentPaymentMethod } from "#kernel/billing/payment-method";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { openMethodSecret } from "./methods.ts";
import { paymentMethodNotFound } from "./problems.ts";

export const getPaymentMethod = endpoint({
  route: createRoute({
    operationId: "payment_methods.get",
    method: "get",
    path: "/v1/payment_methods/{id}",
    security: scope("payment_methods:read"),
    summary: "Get a payment method",
    request: { params: idParam("pm") },
    responses: { 200: json(PaymentMethod, "The payment method"), ...problems(paymentMethodNotFound) },
  }),

  handler: async (c) => {
    const { repo, vault } = c.var;
    const row = await repo.paymentMethods.byId(c.req.valid("param").id);
    if (!row) throw paymentMethodNotFound({});
    return c.json(presentPaymentMethod(row, { clientSecret: await openMethodSecret(vault, row) }), 200);
  },
});
