import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { z, Instant } from "#kernel/wire";

const CODES = [
  "group_unbalanced",
  "receivable_differs",
  "customer_credit_differs",
  "unapplied_differs",
  "disputes_differ",
  "cash_differs",
] as const;

const LedgerCheck = z
  .object({
    object: z.literal("ledger_check"),
    ok: z.boolean(),
    entries: z.int(),
    groups: z.int().openapi({ description: "Facts that were posted." }),
    faults: z.array(
      z.object({
        code: z.enum(CODES),
        of: z.string().openapi({ description: "The group, invoice, customer or provider that it is about, and the currency." }),
        books: z.int(),
        rows: z.int(),
      }),
    ),
    checked_at: Instant,
  })
  .openapi("LedgerCheck");

export const checkLedger = endpoint({
  route: createRoute({
    operationId: "ledger.check",
    method: "get",
    path: "/v1/ledger/check",
    security: scope("ledger:read"),
    summary: "Check the books",
    description:
      "Every fact sums to zero in each currency, and receivables, customers' credit, money that waits, disputes and cash are what invoices, credits and payments say. It reads all there is; at most 100 faults of a kind are told.",
    responses: { 200: json(LedgerCheck, "What was found"), ...problems() },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const found = await repo.ledger.check();
    const answer = { object: "ledger_check" as const, ok: found.faults.length === 0, ...found, checked_at: now.toISOString() };
    return c.json(answer, 200);
  },
});
