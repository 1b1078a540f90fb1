import type { Asking, Statement } from "../commit.ts";
import type { Page } from "../page.ts";
import type { Account, Balance, EntryGroup } from "#rules/billing/ledger";
import type { Provider } from "#rules/money";
import { FAULT_QUERIES, type LedgerFault } from "./ledger-faults.ts";

/** A line of the books as it is read. `id` is its place among all lines, newest last. */
export type LedgerEntryRow = {
  id: string;
  groupKey: string;
  line: number;
  account: Account;
  provider: Provider | null;
  currency: string;
  amount: number;
  invoiceId: string | null;
  customerId: string | null;
  at: number;
};

/** As many faults of one kind as a check tells. */
const FAULTS_AT_MOST = 100;

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
    /** A page of the books, newest first; of one invoice, or of all there is. */
    list: async (page: Page, { invoiceId }: { invoiceId?: string | undefined }) => {
      const [at = "", line = "", ...key] = page.before?.split("/") ?? [];
      const [index, ofInvoice] =
        invoiceId === undefined ? ["ledger_entries_at", "?2 is null"] : ["ledger_entries_invoice", "invoice_id = ?2"];
      const found = await d1
        .prepare(
          `select at || '/' || line || '/' || group_key as id, group_key as groupKey, line, account, provider, currency, amount,
             invoice_id as invoiceId, customer_id as customerId, at
           from ledger_entries indexed by ${index}
           where tenant_id = ?1 and ${ofInvoice} and (?3 is null or (at, group_key, line) < (?3, ?4, ?5))
           order by at desc, group_key desc, line desc limit ?6`,
        )
        .bind(tenantId, invoiceId ?? null, page.before === null ? null : Number(at), key.join("/"), Number(line), page.limit + 1)
        .all<LedgerEntryRow>();
      return { rows: found.results.slice(0, page.limit), hasMore: found.results.length > page.limit };
    },

    /** The names of the groups by which credit was spent on an invoice. */
    creditSpentOn: async (invoiceId: string): Promise<string[]> => {
      const found = await d1
        .prepare(
          `select distinct group_key as key from ledger_entries indexed by ledger_entries_invoice
           where tenant_id = ?1 and invoice_id = ?2 and account = 'customer_credit' and group_key like 'crd_%/applied/%'`,
        )
        .bind(tenantId, invoiceId)
        .all<{ key: string }>();
      return found.results.map(({ key }) => key);
    },

    /** What each account stood at before an instant, by currency and, for cash, provider. It reads every line there is: a report. */
    balances: async (before: Date): Promise<Balance[]> => {
      const found = await d1
        .prepare(
          `select account, provider, currency, sum(amount) as amount from ledger_entries
           where tenant_id = ?1 and at < ?2 group by account, provider, currency having sum(amount) <> 0
           order by account, provider, currency`,
        )
        .bind(tenantId, before.getTime())
        .all<Balance>();
      return found.results;
    },

    /** Compares the books with the rows that they must agree with, all at one moment; empty faults when all holds. It reads all there is. */
    check: async (): Promise<{ entries: number; groups: number; faults: LedgerFault[] }> => {
      const counted = d1
        .prepare("select count(*) as entries, count(distinct group_key) as groups from ledger_entries where tenant_id = ?1")
        .bind(tenantId);
      const asked = Object.values(FAULT_QUERIES).map((sql) => d1.prepare(`${sql} limit ?2`).bind(tenantId, FAULTS_AT_MOST));
      const [counts, ...found] = await d1.batch([counted, ...asked]);
      const [sums] = (counts?.results ?? []) as { entries: number; groups: number }[];
      const codes = Object.keys(FAULT_QUERIES) as (keyof typeof FAULT_QUERIES)[];
      const faults = found.flatMap(({ results }, index) => {
        const code = codes[index];
        return code === undefined
          ? []
          : (results as { of: string; books: number; rows: number }[]).map((fault) => ({ code, ...fault }));
      });
      return { entries: sums?.entries ?? 0, groups: sums?.groups ?? 0, faults };
    },
  };
}
