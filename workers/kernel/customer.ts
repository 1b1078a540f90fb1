import type { CustomerRow } from "#db/customers/customers";
import { presentOwned } from "./present.ts";
import { z, ownedOutput } from "./wire.ts";

// Customers as the wire spells them: several rooms make them and tell of it.

export const CustomerKind = z.enum(["person", "organization"]);

export const Customer = z
  .object({
    object: z.literal("customer"),
    id: z.string(),
    kind: CustomerKind,
    name: z.string(),
    email: z.string(),
    billing_email: z.string().nullable(),
    phone: z.string().nullable(),
    company: z.string().nullable(),
    address: z
      .object({
        line1: z.string(),
        line2: z.string().nullable(),
        city: z.string(),
        postal_code: z.string().nullable(),
        state: z.string().nullable(),
      })
      .nullable(),
    country: z.string().nullable().openapi({ description: "ISO 3166-1, two letters." }),
    vat_id: z.string().nullable(),
    tax_exempt_reason: z.string().nullable().openapi({ description: "Why no tax is charged; null: it is." }),
    contacts: z.array(z.object({ name: z.string(), email: z.string(), role: z.string().nullable() })),
    locale: z.string().nullable().openapi({ description: "null = the tenant's." }),
    time_zone: z.string().nullable().openapi({ description: "null = the tenant's." }),
    ...ownedOutput,
  })
  .openapi("Customer");

/** A customer as it is shown. */
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
  tax_exempt_reason: row.taxExemptReason,
  contacts: row.contacts,
  locale: row.locale,
  time_zone: row.timeZone,
  ...presentOwned(row),
});
