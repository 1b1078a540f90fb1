import type { CustomerRow } from "#db/customers/customers";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { Customer } from "./schemas.ts";

export const presentCustomer = (row: CustomerRow): z.infer<typeof Customer> => ({
  object: "customer",
  id: row.id,
  kind: row.kind,
  name: row.name,
  email: row.email,
  billing_email: row.billingEmail,
  phone: row.phone,
  company: row.company,
  address: row.address,
  country: row.country,
  vat_id: row.vatId,
  contacts: row.contacts,
  locale: row.locale,
  time_zone: row.timeZone,
  ...presentOwned(row),
});
