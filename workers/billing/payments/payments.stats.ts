import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { invalidRequest } from "#kernel/problems";
import { z, Instant, InstantInput } from "#kernel/wire";
import { PROVIDERS } from "#rules/money";

/** The longest span that is summed at once: a year and its leap day. */
const SPAN_AT_MOST_MS = 366 * 86_400_000;

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
    request: { query: z.strictObject({ from_at: InstantInput.optional(), to_at: InstantInput.optional() }) },
    responses: { 200: json(PaymentStats, "The sums"), ...problems() },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const query = c.req.valid("query");
    const to = query.to_at ?? new Date(now.getTime() + 1);
    const from = query.from_at ?? new Date(to.getTime() - 30 * 86_400_000);
    if (from >= to || to.getTime() - from.getTime() > SPAN_AT_MOST_MS) throw wrongSpan();
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

function wrongSpan() {
  const detail = "The span begins before it ends, and is 366 days at most.";
  return invalidRequest({ what: detail }, { errors: [{ pointer: "/from_at", code: "wrong_span", detail }] });
}
