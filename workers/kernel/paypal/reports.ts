import type { Caller } from "./call.ts";
import type { PaypalDispute, PaypalReportedTransaction } from "./wire.ts";

/** What PayPal says about money that has moved, and about complaints. */
export function reportsOf(call: Caller) {
  return {
    reports: {
      /** One page of at most 31 days, oldest first. PayPal may tell of a payment hours after it was made. */
      transactions: async (from: Date, until: Date, page = 1) => {
        const query = new URLSearchParams({
          start_date: `${from.toISOString().slice(0, 19)}Z`,
          end_date: `${until.toISOString().slice(0, 19)}Z`,
          fields: "transaction_info",
          page_size: "500",
          page: String(page),
        });
        const told = await call<Told>("GET", `/v1/reporting/transactions?${query.toString()}`);
        const transactions = (told.transaction_details ?? []).map(({ transaction_info: info }) => info);
        return { transactions, pages: told.total_pages ?? 1 };
      },
    },
    disputes: {
      get: (id: string) => call<PaypalDispute>("GET", `/v1/customer/disputes/${encodeURIComponent(id)}`),
    },
  };
}

type Told = { transaction_details?: { transaction_info: PaypalReportedTransaction }[]; total_pages?: number };
