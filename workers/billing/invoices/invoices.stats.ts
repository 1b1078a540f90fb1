import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { z, Instant } from "#kernel/wire";
import { INVOICE_STATUSES } from "#rules/billing/invoices";
import { SpanQuery, spanAsked } from "../span.ts";

const InvoiceStats = z
  .object({
    object: z.literal("invoice_stats"),
    from_at: Instant,
    to_at: Instant,
    currencies: z.array(
      z.object({
        currency: z.string(),
        statuses: z.array(
          z.object({
            status: z.enum(INVOICE_STATUSES),
            count: z.int(),
            total: z.int(),
            tax_total: z.int(),
            amount_paid: z.int(),
            amount_credited: z.int(),
            amount_due: z.int(),
            amount_overdue: z.int(),
          }),
        ),
      }),
    ),
  })
  .openapi("InvoiceStats");

export const invoiceStats = endpoint({
  route: createRoute({
    operationId: "invoices.stats",
    method: "get",
    path: "/v1/invoices/stats",
    security: scope("invoices:read"),
    summary: "Sum up invoices",
    description: "Those that became final in a span (by default the last 30 days, at most 366 days), by currency and status.",
    request: { query: SpanQuery },
    responses: { 200: json(InvoiceStats, "The sums"), ...problems() },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { from, to } = spanAsked(c.req.valid("query"), now);
    const rows = await repo.invoices.stats(from, to);
    const currencies = [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, found]) => ({
      currency,
      statuses: found.map((row) => ({
        status: row.status,
        count: row.count,
        total: row.total,
        tax_total: row.tax,
        amount_paid: row.paid,
        amount_credited: row.credited,
        amount_due: row.due,
        amount_overdue: row.overdue,
      })),
    }));
    return c.json({ object: "invoice_stats" as const, from_at: from.toISOString(), to_at: to.toISOString(), currencies }, 200);
  },
});
