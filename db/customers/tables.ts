import { index, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { json, owned } from "../columns.ts";
import type { Address, Contact } from "#rules/customers/customer";

/** Who buys from a tenant. */
export const customers = sqliteTable(
  "customers",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    kind: text().$type<"person" | "organization">().notNull(),
    name: text().notNull(),
    email: text().notNull(),
    billingEmail: text(),
    phone: text(),
    company: text(),
    address: json<Address>(),
    country: text(), // ISO 3166-1 alpha-2
    vatId: text(),
    taxExemptReason: text(), // why no tax is charged, as the invoice says it; null: it is
    contacts: json<Contact[]>().notNull(),
    locale: text(),
    timeZone: text(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index("customers_email").on(t.tenantId, t.email, t.id),
    index("customers_kind").on(t.tenantId, t.kind, t.id),
    uniqueIndex("customers_external").on(t.tenantId, t.externalId),
  ],
);
