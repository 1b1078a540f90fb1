import { creditNotes } from "./credit_notes/index.ts";
import { credits } from "./credits/index.ts";
import { invoices } from "./invoices/index.ts";
import { ledger } from "./ledger/index.ts";
import { payments } from "./payments/index.ts";
import { tax } from "./tax/index.ts";

/** Invoices, what settles them, and how they are taxed. */
export const billing = [...invoices, ...creditNotes, ...credits, ...payments, ...ledger, ...tax];
