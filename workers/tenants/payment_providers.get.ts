import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { presentPaymentProvider } from "./presenters.ts";
import { paymentProviderNotFound } from "./problems.ts";
import { PaymentProvider, providerParam } from "./schemas.ts";

export const getPaymentProvider = endpoint({
  route: createRoute({
    operationId: "payment_providers.get",
    method: "get",
    path: "/v1/payment_providers/{provider}",
    security: scope("payment_providers:read"),
    summary: "Get a payment provider",
    description: "The last four characters of its secrets, and the URL that its webhooks go to; never the secrets.",
    request: { params: providerParam },
    responses: { 200: json(PaymentProvider, "The payment provider"), ...problems(paymentProviderNotFound) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const row = c.req.valid("param").provider === "stripe" ? await repo.paymentProviders.byProvider("stripe") : undefined;
    if (!row) throw paymentProviderNotFound({});
    return c.json(presentPaymentProvider(row, c.var.publicUrl), 200);
  },
});
