import type { Asking, Statement } from "../commit.ts";
import type { Provider } from "#rules/money";

/** One line of the books: `amount` in minor units, debit positive. */
export type Entry = {
  account: string;
  provider: Provider | null;
  currency: string;
  amount: number;
  invoiceId: string | null;
  customerId: string | null;
};

/** What one fact posts, under its business name (`inv_…/finalized`); it sums to zero in each currency. */
export type EntryGroup = { key: string; entries: readonly Entry[] };

/** The statement that posts groups, for the batch of the facts they tell of. A group that was posted before breaks the batch. */
export function ledgerStatements({ d1, tenantId }: Asking, groups: readonly EntryGroup[], at: Date): Statement[] {
  const lines = groups.flatMap(({ key, entries }) => entries.map((entry, line) => ({ key, line, ...entry })));
  if (lines.length === 0) return [];
  return [
    d1
      .prepare(
        `insert into ledger_entries (tenant_id, group_key, line, account, provider, currency, amount, invoice_id, customer_id, at)
         select ?1, value ->> 'key', value ->> 'line', value ->> 'account', value ->> 'provider', value ->> 'currency', value ->> 'amount',
           value ->> 'invoiceId', value ->> 'customerId', ?2 from json_each(?3)`,
      )
      .bind(tenantId, at.getTime(), JSON.stringify(lines)),
  ];
}

export function ledgerOf({ d1, tenantId }: Asking) {
  return {
    /** The lines of the books from an instant to another, oldest first, at most `limit`, behind the line that a page ended with. */
    entries: async (
      { fromAt, toAt, limit }: { fromAt: Date; toAt: Date; limit: number },
      after: { at: number; key: string; line: number } | null,
    ) => {
      const found = await d1
        .prepare(
          `select group_key as key, line, account, provider, currency, amount, invoice_id as invoiceId, customer_id as customerId, at
           from ledger_entries indexed by ledger_entries_at
           where tenant_id = ?1 and at >= ?2 and at < ?3 and (at, group_key, line) > (?4, ?5, ?6)
           order by at, group_key, line limit ?7`,
        )
        .bind(
          tenantId,
          Math.max(fromAt.getTime(), after?.at ?? 0),
          toAt.getTime(),
          after?.at ?? -1,
          after?.key ?? "",
          after?.line ?? -1,
          limit,
        )
        .all<Entry & { key: string; line: number; at: number }>();
      return found.results;
    },

    /** What each account stands at before an instant, by currency and, for cash, provider. It reads every line there is: for checks and reports. */
    balances: async (before: Date) => {
      const found = await d1
        .prepare(
          `select account, provider, currency, sum(amount) as amount, count(*) as lines from ledger_entries
           where tenant_id = ?1 and at < ?2 group by account, provider, currency order by account, provider, currency`,
        )
        .bind(tenantId, before.getTime())
        .all<{ account: string; provider: Provider | null; currency: string; amount: number; lines: number }>();
      return found.results;
    },
  };
}
