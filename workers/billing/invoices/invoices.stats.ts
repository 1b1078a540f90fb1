import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { invalidRequest } from "#kernel/problems";
import { z, Instant, InstantInput } from "#kernel/wire";
import { INVOICE_STATUSES } from "#rules/billing/invoices";

/** The longest span that is summed at once: a year and its leap day. */
const SPAN_AT_MOST_MS = 366 * 86_400_000;

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
    request: { query: z.strictObject({ from_at: InstantInput.optional(), to_at: InstantInput.optional() }) },
    responses: { 200: json(InvoiceStats, "The sums"), ...problems() },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const query = c.req.valid("query");
    const to = query.to_at ?? new Date(now.getTime() + 1);
    const from = query.from_at ?? new Date(to.getTime() - 30 * 86_400_000);
    if (from >= to || to.getTime() - from.getTime() > SPAN_AT_MOST_MS) throw wrongSpan();
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

function wrongSpan() {
  const detail = "The span begins before it ends, and is 366 days at most.";
  return invalidRequest({ what: detail }, { errors: [{ pointer: "/from_at", code: "wrong_span", detail }] });
}
