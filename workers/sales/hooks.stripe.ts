import { createRoute } from "@hono/zod-openapi";
import { openTenant } from "#kernel/asking";
import { json, problems, publicEndpoint } from "#kernel/endpoint";
import { readStripeEvent } from "#kernel/stripe/incoming";
import { z } from "#kernel/wire";
import { webhookDeferred, webhookRefused } from "./problems.ts";
import { applyStripeEvent } from "./settlement.ts";

const EVENT = {
  object: "event",
  id: "evt_1Pgafm2eZvKYlo2C",
  type: "payment_intent.succeeded",
  livemode: true,
  data: { object: { object: "payment_intent", id: "pi_3Pgafm2eZvKYlo2C", status: "succeeded" } },
};

export const takeStripeWebhook = publicEndpoint({
  route: createRoute({
    operationId: "hooks.stripe",
    method: "post",
    path: "/hooks/stripe/{tenant_id}",
    security: [],
    summary: "Take a webhook of Stripe",
    description:
      "For Stripe alone: give this URL to a webhook endpoint of your Stripe account, and its signing secret to payment_providers.put. The header Stripe-Signature must fit the raw body and be at most 300 seconds old or ahead. Whatever does not fit is the same 400.",
    request: {
      params: z.strictObject({ tenant_id: z.string().openapi({ param: { name: "tenant_id", in: "path" }, example: "ten_00…" }) }),
      // spelled as Stripe spells it, and so left alone: the signature is over the bytes as they came
      body: { content: { "application/json; charset=utf-8": { schema: { type: "object" }, example: EVENT } }, required: true },
    },
    responses: {
      200: json(z.object({ received: z.literal(true) }), "The event is stored and applied"),
      ...problems(webhookRefused, webhookDeferred),
    },
  }),

  handler: async (c) => {
    const { body, realNow, ip } = c.var;
    const opened = await openTenant(c, c.req.valid("param").tenant_id, { type: "provider", id: "stripe", ip });
    const provider = await opened?.repo.paymentProviders.byProvider("stripe");
    if (!opened || !provider) throw webhookRefused({});

    const event = await readStripeEvent({
      body,
      signature: c.req.header("stripe-signature") ?? null,
      secret: await opened.vault.unseal(["payment_providers", "stripe", "webhook_secret"], provider.webhookSecret),
      realNow,
      livemode: opened.tenant.livemode,
      accountId: provider.accountId,
    });
    if (!event) throw webhookRefused({});

    const result = await applyStripeEvent(c.env, opened, provider, event);
    if (result === "foreign") throw webhookRefused({});
    if (result === "waits") throw webhookDeferred({}, { headers: { "retry-after": "60" } });
    return c.json({ received: true as const }, 200);
  },
});
