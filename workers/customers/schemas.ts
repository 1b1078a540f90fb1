import { listQuery } from "#kernel/endpoint";
import { z, Email, ExternalId, Instant, ownedInput, Ref, text, Locale, TimeZone } from "#kernel/wire";
import { CustomerKind as Kind } from "#kernel/customer";
import { countryOf } from "#rules/countries";
import { Entitlement } from "#kernel/terms";

/** Kept as two upper-case letters, however it was sent. */
const CountryInput = z
  .string()
  .max(2)
  .transform((text, context) => {
    const country = countryOf(text);
    if (country !== null) return country;
    context.addIssue({ code: "custom", message: "must be a country of ISO 3166-1, such as DE" });
    return z.NEVER;
  })
  .openapi({ example: "AT" });

/** Kept as tax offices print it: upper case, without space around it. */
const VatIdInput = text(40)
  .transform((given) => given.trim().toUpperCase())
  .refine((vatId) => /^[A-Z0-9][A-Z0-9 ./+*&-]*$/.test(vatId), "must be a VAT id, such as ATU12345678")
  .openapi({ example: "ATU12345678" });

const Line = text(200);

const AddressInput = z.strictObject({
  line1: Line,
  line2: Line.nullable().default(null),
  city: Line,
  postal_code: text(20).nullable().default(null),
  state: Line.nullable().default(null),
});

const ContactInput = z.strictObject({ name: Line, email: Email, role: Line.nullable().default(null) });

export const NewCustomer = z
  .strictObject({
    name: Line,
    email: Email,
    kind: Kind,
    billing_email: Email.nullish(),
    phone: text(50).nullish(),
    company: Line.nullish(),
    address: AddressInput.nullish(),
    country: CountryInput.nullish(),
    vat_id: VatIdInput.nullish(),
    tax_exempt_reason: text(200)
      .nullish()
      .openapi({ description: "Why no tax is charged, as the invoice says it; null: it is." }),
    contacts: z.array(ContactInput).max(100).optional(),
    locale: Locale.nullish(),
    time_zone: TimeZone.nullish(),
    ...ownedInput,
  })
  .openapi("NewCustomer", {
    example: {
      name: "Ada Example",
      email: "ada@customer.example",
      kind: "person",
      billing_email: "billing@customer.example",
      phone: "+43 1 2345678",
      company: "Example Print GmbH",
      address: { line1: "Ringstraße 1", city: "Wien", postal_code: "1010" },
      country: "AT",
      vat_id: "ATU12345678",
      contacts: [{ name: "Bob Example", email: "bob@customer.example", role: "IT" }],
      locale: "de-AT",
      time_zone: "Europe/Vienna",
      external_id: "crm-4711",
      metadata: { campaign: "spring" },
    },
  });

export const CustomerPatch = NewCustomer.partial().openapi("CustomerPatch", {
  example: { billing_email: "accounts@customer.example" },
});

export const CustomerQuery = listQuery({
  email: Email.optional().openapi({ description: "Exactly as it was given." }),
  kind: Kind.optional(),
  external_id: ExternalId.optional(),
});

export const EntitlementsQuery = z.strictObject({
  product_id: Ref.optional().openapi({ description: "Id or code of the product whose licenses count; all of them without." }),
});

/** What a customer may use of one feature, by all licenses together. */
const MergedEntitlement = Entitlement.pick({ feature: true, feature_id: true, limit_type: true, reset: true })
  .extend({
    enabled: z.boolean().openapi({ description: "Whether any license, or default, gives it." }),
    limit_value: z.int().nullable().openapi({ description: "The limits of all licenses together; null = unlimited, 0 = none." }),
    expires_at: Instant.nullable().openapi({ description: "When the last that gives it ends; null = no end is known." }),
    license_ids: z
      .array(z.string())
      .openapi({ description: "The licenses that give it, the newest first; at most 100 are named." }),
    licenses_count: z.int().openapi({ description: "How many licenses give it." }),
    default_of: z
      .array(z.string())
      .openapi({ description: "Products that give it to whoever has no valid license of them, the customer among those." }),
  })
  .openapi("MergedEntitlement");

export const CustomerEntitlements = z
  .object({
    object: z.literal("customer_entitlements"),
    customer_id: z.string(),
    product_id: z.string().nullable().openapi({ description: "The product that was asked for; null = all." }),
    entitlements: z.array(MergedEntitlement).openapi({ description: "By the feature's code." }),
    licenses_count: z.int().openapi({ description: "How many valid licenses were merged." }),
    has_more: z.boolean().openapi({
      description:
        "Whether there are more than was read: the newest 1,000 licenses are merged, and the defaults of the newest 100 products.",
    }),
    evaluated_at: Instant,
  })
  .openapi("CustomerEntitlements");
