import { createRoute } from "@hono/zod-openapi";
import type { LedgerEntryRow } from "#db/billing/ledger";
import { endpoint, json, listOf, listQuery, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { z, Instant, Ref } from "#kernel/wire";
import { ACCOUNTS } from "#rules/billing/ledger";
import { PROVIDERS } from "#rules/money";

const LedgerEntry = z
  .object({
    object: z.literal("ledger_entry"),
    id: z.string(),
    group: z.string().openapi({ description: "The fact that posted it: its entries sum to zero.", example: "inv_00…/finalized" }),
    account: z.enum(ACCOUNTS),
    provider: z.enum(PROVIDERS).nullable(),
    currency: z.string(),
    amount: z.int().openapi({ description: "Minor units; debit is positive." }),
    invoice_id: z.string().nullable(),
    customer_id: z.string().nullable(),
    created_at: Instant,
  })
  .openapi("LedgerEntry");

const present = (row: LedgerEntryRow): z.infer<typeof LedgerEntry> => ({
  object: "ledger_entry",
  id: `${row.groupKey}/${row.line}`,
  group: row.groupKey,
  account: row.account,
  provider: row.provider,
  currency: row.currency,
  amount: row.amount,
  invoice_id: row.invoiceId,
  customer_id: row.customerId,
  created_at: new Date(row.at).toISOString(),
});

export const listLedger = endpoint({
  route: createRoute({
    operationId: "ledger.list",
    method: "get",
    path: "/v1/ledger",
    security: scope("ledger:read"),
    summary: "List the entries of the books",
    description: "Newest first; entries are only ever added.",
    request: { query: listQuery({ invoice_id: Ref.optional() }) },
    responses: { 200: json(listOf(LedgerEntry), "A page of entries"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const found = await repo.ledger.list(await pageAsked(repo.tenantId, query), { invoiceId: query.invoice_id });
    return c.json(await presentPage(repo.tenantId, query, found, present), 200);
  },
});
