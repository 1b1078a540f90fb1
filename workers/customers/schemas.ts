import { listQuery } from "#kernel/endpoint";
import { z, Email, ExternalId, ownedInput, text, Locale, TimeZone } from "#kernel/wire";
import { CustomerKind as Kind } from "#kernel/customer";
import { countryOf } from "#rules/countries";

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
