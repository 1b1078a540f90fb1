import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { z, Instant, InstantInput } from "#kernel/wire";
import { ACCOUNTS } from "#rules/billing/ledger";
import { PROVIDERS } from "#rules/money";

const LedgerBalances = z
  .object({
    object: z.literal("ledger_balances"),
    before: Instant,
    balances: z.array(
      z.object({
        account: z.enum(ACCOUNTS),
        provider: z.enum(PROVIDERS).nullable().openapi({ description: "Of cash." }),
        currency: z.string(),
        amount: z.int().openapi({ description: "Minor units; debit is positive." }),
      }),
    ),
  })
  .openapi("LedgerBalances");

export const ledgerBalances = endpoint({
  route: createRoute({
    operationId: "ledger.balances",
    method: "get",
    path: "/v1/ledger/balances",
    security: scope("ledger:read"),
    summary: "Balances of the books",
    description: "What each account stood at before an instant (by default: now). Accounts at zero are left out.",
    request: { query: z.strictObject({ before: InstantInput.optional() }) },
    responses: { 200: json(LedgerBalances, "The balances"), ...problems() },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const before = c.req.valid("query").before ?? new Date(now.getTime() + 1);
    const balances = await repo.ledger.balances(before);
    return c.json({ object: "ledger_balances" as const, before: before.toISOString(), balances }, 200);
  },
});
