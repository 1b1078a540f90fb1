import type { BookFault } from "#rules/billing/ledger";

/** Something that does not hold of the books: what it is about, and what both sides say. */
export type LedgerFault = { code: keyof typeof FAULT_QUERIES; of: string; books: number; rows: number };

/** Where two sides differ: `books` and `rows` are queries of (key, currency, amount) each. */
const compared = (books: string, rows: string) =>
  `select coalesce(b.key, r.key) || ' ' || coalesce(b.currency, r.currency) as "of", coalesce(b.amount, 0) as books, coalesce(r.amount, 0) as rows
   from (${books}) as b full outer join (${rows}) as r on b.key = r.key and b.currency = r.currency
   where coalesce(b.amount, 0) <> coalesce(r.amount, 0)`;

const inBooks = (account: string, key: string, sign = "") =>
  `select ${key} as key, currency, ${sign}sum(amount) as amount from ledger_entries where tenant_id = ?1 and account = '${account}' group by 1, 2`;

const inRows = (table: string, key: string, amount: string, where = "") =>
  `select ${key} as key, currency, sum(${amount}) as amount from ${table} where tenant_id = ?1 ${where} group by 1, 2`;

/** What providers hold by the rows: received, less refunds, what banks took, fees and payouts. */
const CASH = `select provider as key, currency, sum(amount) as amount from (
    select provider, currency, amount_received - fee as amount from payments where tenant_id = ?1 and status = 'succeeded'
    union all select provider, currency, -amount from refunds where tenant_id = ?1 and status in ('pending', 'succeeded')
    union all select provider, currency, -amount from disputes where tenant_id = ?1 and is_withdrawn = 1
    union all select provider, currency, -amount - fee from payouts where tenant_id = ?1 and status in ('pending', 'succeeded', 'unclaimed')
  ) group by 1, 2`;

/**
 * What must hold of the books, each as the query of what does not: every group sums to zero in each currency, and the accounts that mirror rows
 * say what the rows say (the rule behind it: `whatIsWrong` of rules/billing/ledger). They read all that a tenant has.
 */
export const FAULT_QUERIES = {
  group_unbalanced: `select group_key || ' ' || currency as "of", sum(amount) as books, 0 as rows from ledger_entries where tenant_id = ?1
    group by group_key, currency having sum(amount) <> 0`,
  receivable_differs: compared(
    inBooks("receivable", "coalesce(invoice_id, '')"),
    inRows("invoices", "id", "amount_due", "and status = 'open'"),
  ),
  customer_credit_differs: compared(
    inBooks("customer_credit", "coalesce(customer_id, '')", "-"),
    inRows("credits", "customer_id", "remaining", "and remaining > 0"),
  ),
  unapplied_differs: compared(inBooks("unapplied", "''", "-"), inRows("payments", "''", "unapplied", "and unapplied <> 0")),
  disputes_differ: compared(
    inBooks("disputes", "''"),
    inRows("disputes", "''", "amount", "and status = 'open' and is_withdrawn = 1"),
  ),
  cash_differs: compared(inBooks("cash", "coalesce(provider, '')"), CASH),
} as const satisfies Partial<Record<BookFault["code"], string>>;
