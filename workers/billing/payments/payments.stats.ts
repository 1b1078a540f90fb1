import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { z, Instant } from "#kernel/wire";
import { PROVIDERS } from "#rules/money";
import { SpanQuery, spanAsked } from "../span.ts";

const PaymentStats = z
  .object({
    object: z.literal("payment_stats"),
    from_at: Instant,
    to_at: Instant,
    currencies: z.array(
      z.object({
        currency: z.string(),
        providers: z.array(
          z.object({
            provider: z.enum(PROVIDERS),
            count: z.int(),
            amount_received: z.int(),
            amount_refunded: z.int(),
            amount_disputed: z.int(),
            unapplied: z.int(),
            fees: z.int(),
          }),
        ),
      }),
    ),
  })
  .openapi("PaymentStats");

export const paymentStats = endpoint({
  route: createRoute({
    operationId: "payments.stats",
    method: "get",
    path: "/v1/payments/stats",
    security: scope("payments:read"),
    summary: "Sum up payments",
    description: "Money that settled in a span (by default the last 30 days, at most 366 days), by currency and provider.",
    request: { query: SpanQuery },
    responses: { 200: json(PaymentStats, "The sums"), ...problems() },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { from, to } = spanAsked(c.req.valid("query"), now);
    const rows = await repo.payments.stats(from, to);
    const currencies = [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, found]) => ({
      currency,
      providers: found.map((row) => ({
        provider: row.provider,
        count: row.count,
        amount_received: row.received,
        amount_refunded: row.refunded,
        amount_disputed: row.disputed,
        unapplied: row.unapplied,
        fees: row.fees,
      })),
    }));
    return c.json({ object: "payment_stats" as const, from_at: from.toISOString(), to_at: to.toISOString(), currencies }, 200);
  },
});
