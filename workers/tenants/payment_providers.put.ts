import { createRoute } from "@hono/zod-openapi";
import type { PaymentProviderRow } from "#db/tenants/payment-providers";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { presentPaymentProvider } from "./presenters.ts";
import { apiBaseNotAllowed, paymentProviderMode, paymentProviderNotFound } from "./problems.ts";
import { PaymentProvider, PaymentProviderInput, providerParam } from "./schemas.ts";

export const putPaymentProvider = endpoint({
  route: createRoute({
    operationId: "payment_providers.put",
    method: "put",
    path: "/v1/payment_providers/{provider}",
    security: scope("payment_providers:write"),
    summary: "Set a payment provider",
    description:
      "Stores how this tenant reaches its provider. The secrets are encrypted under the tenant's own key and never shown again.",
    request: { params: providerParam, body: jsonBody(PaymentProviderInput) },
    responses: {
      200: json(PaymentProvider, "The payment provider as it is now"),
      ...problems(paymentProviderNotFound, paymentProviderMode, apiBaseNotAllowed),
    },
  }),

  handler: async (c) => {
    const { repo, vault, now } = c.var;
    if (c.req.valid("param").provider !== "stripe") throw paymentProviderNotFound({});
    const body = c.req.valid("json");
    const mode = repo.tenant.livemode ? "live" : "test";
    if (!new RegExp(`^(sk|rk)_${mode}_`).test(body.secret_key)) throw paymentProviderMode({ expected: mode });
    if (body.api_base != null && c.env.LATCHKEY_ENV !== "development") throw apiBaseNotAllowed({});

    const known = await repo.paymentProviders.byProvider("stripe");
    const row: PaymentProviderRow = {
      tenantId: repo.tenantId,
      provider: "stripe",
      id: known?.id ?? newId("payment_provider", repo.shard, c.var.realNow),
      clientId: null,
      secretKey: await vault.seal(["payment_providers", "stripe", "secret_key"], body.secret_key),
      secretKeyLast4: body.secret_key.slice(-4),
      webhookSecret: await vault.seal(["payment_providers", "stripe", "webhook_secret"], body.webhook_secret),
      webhookSecretLast4: body.webhook_secret.slice(-4),
      accountId: body.account_id ?? null,
      apiBase: body.api_base == null ? null : new URL(body.api_base).origin,
      createdAt: known?.createdAt ?? now,
      updatedAt: now,
      version: (known?.version ?? 0) + 1,
    };
    const provider = presentPaymentProvider(row, c.var.publicUrl);
    await repo.paymentProviders.put(row, { facts: [fact("payment_provider.updated", provider)], answer: [200, provider] });
    return c.json(provider, 200);
  },
});
