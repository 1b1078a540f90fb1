import { invoices } from "./invoices/index.ts";

/** Invoices and what settles them. */
export const billing = [...invoices];
