import { createInvoice } from "./invoices.create.ts";
import { finalizeInvoice } from "./invoices.finalize.ts";
import { getInvoice } from "./invoices.get.ts";
import { listInvoices } from "./invoices.list.ts";
import { markInvoiceUncollectible } from "./invoices.mark_uncollectible.ts";
import { payInvoice } from "./invoices.pay.ts";
import { invoiceStats } from "./invoices.stats.ts";
import { updateInvoice } from "./invoices.update.ts";
import { voidInvoice } from "./invoices.void.ts";

/** What is owed. */
export const invoices = [
  createInvoice,
  listInvoices,
  invoiceStats,
  getInvoice,
  updateInvoice,
  finalizeInvoice,
  payInvoice,
  voidInvoice,
  markInvoiceUncollectible,
];
