import { listQuery } from "#kernel/endpoint";
import { z, Code, Email, ExternalId, Instant, ownedInput, ownedOutput, text, TimeZone } from "#kernel/wire";
import { countryOf } from "#rules/countries";

const Archived = z
  .stringbool({ truthy: ["true"], falsy: ["false"] })
  .optional()
  .openapi({ type: "boolean" });

const CountryInput = z
  .string()
  .max(2)
  .transform((given, context) => {
    const country = countryOf(given);
    if (country !== null) return country;
    context.addIssue({ code: "custom", message: "must be a country of ISO 3166-1, such as DE" });
    return z.NEVER;
  })
  .openapi({ example: "AT" });

const Day = z.iso.date().openapi({ format: "date", example: "2026-11-01" });

const CATEGORIES = ["S", "Z", "E", "AE", "G", "O", "K"] as const;

export const TaxRate = z
  .object({
    object: z.literal("tax_rate"),
    id: z.string(),
    name: z.string(),
    country: z.string(),
    state: z.string().nullable(),
    tax_category: z.string().openapi({ description: "What is taxed: the tax_category of plans and lines." }),
    category: z.enum(CATEGORIES).openapi({ description: "The code of EN 16931 (UNCL5305)." }),
    percent: z.string(),
    valid_from_on: z.string().nullable(),
    valid_until_on: z.string().nullable(),
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("TaxRate");

const changeable = {
  name: text(100),
  valid_from_on: Day.nullish().openapi({ description: "The first day that it is valid on; null = always was." }),
  valid_until_on: Day.nullish().openapi({ description: "The first day that it is valid no more; null = no end is known." }),
  ...ownedInput,
};

export const NewTaxRate = z
  .strictObject({
    country: CountryInput,
    state: text(100)
      .transform((state) => state.trim().toUpperCase())
      .refine((state) => state !== "", "must not be blank")
      .nullish()
      .openapi({ description: "As addresses write it; null = the whole country." }),
    tax_category: Code.default("standard"),
    category: z.enum(CATEGORIES).optional().openapi({ description: "Left out: S, or Z where the percentage is 0." }),
    percent: z
      .string()
      .regex(/^(0|[1-9]\d{0,2})(\.\d{1,4})?$/, "must be a percentage with at most 4 decimals")
      .openapi({ description: "As text, so that it is exact.", example: "19" }),
    ...changeable,
  })
  .openapi("NewTaxRate", {
    example: {
      name: "USt",
      country: "DE",
      tax_category: "standard",
      category: "S",
      percent: "19",
      valid_from_on: "2021-01-01",
      external_id: "de-19",
      metadata: { source: "accountant" },
    },
  });

export const TaxRatePatch = z
  .strictObject(changeable)
  .partial()
  .openapi("TaxRatePatch", { example: { valid_until_on: "2027-01-01" } });

export const TaxRateQuery = listQuery({
  country: CountryInput.optional(),
  external_id: ExternalId.optional(),
  archived: Archived,
});

const Line = text(200);

const address = { line1: z.string(), line2: z.string().nullable(), city: z.string(), postal_code: z.string().nullable() };

const settings = {
  vat_scheme: z.enum(["standard", "small_business"]),
  consumers_at: z.enum(["destination", "home"]).openapi({
    description: "Whose VAT consumers in other member states pay: their state's, or yours while you are below the threshold.",
  }),
  when_vat_id_unknown: z.enum(["charge", "reverse_charge", "refuse"]).openapi({
    description: "What a sale to a business does while VIES has not confirmed its VAT id.",
  }),
};

export const LegalEntity = z
  .object({
    object: z.literal("legal_entity"),
    id: z.string(),
    name: z.string(),
    address: z.object({ ...address, state: z.string().nullable() }).nullable(),
    country: z.string().nullable().openapi({ description: "null = not told yet, and so nothing can be taxed." }),
    vat_id: z.string().nullable(),
    registration: z.string().nullable(),
    email: z.string().nullable(),
    iban: z.string().nullable(),
    bic: z.string().nullable(),
    bank_name: z.string().nullable(),
    time_zone: z.string().openapi({ description: "In which its documents are dated." }),
    ...settings,
    invoice_prefix: z.string(),
    credit_note_prefix: z.string(),
    number_width: z.int(),
    footer: z.string().nullable(),
    is_default: z.boolean(),
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("LegalEntity");

const Prefix = z.string().max(30).openapi({
  description:
    "Before the number, with the places {YYYY}, {YY} and {MM}: each year, or month, counts from 1. No other series may read alike.",
  example: "INV-{YYYY}-",
});

const entityFields = {
  name: Line,
  address: z
    .strictObject({
      line1: Line,
      line2: Line.nullable().default(null),
      city: Line,
      postal_code: text(20).nullable().default(null),
      state: Line.nullable().default(null),
    })
    .nullish(),
  country: CountryInput.nullish(),
  vat_id: text(40).nullish().openapi({ description: "Checked by its form and checksum where those of its country are known." }),
  registration: Line.nullish().openapi({ description: "Its number in a register of companies." }),
  email: Email.nullish(),
  iban: text(34).nullish(),
  bic: text(11).nullish(),
  bank_name: Line.nullish(),
  time_zone: TimeZone.optional(),
  vat_scheme: settings.vat_scheme.optional(),
  consumers_at: settings.consumers_at.optional(),
  when_vat_id_unknown: settings.when_vat_id_unknown.optional(),
  number_width: z.int().min(1).max(12).optional(),
  footer: text(2000).nullish(),
  ...ownedInput,
};

export const NewLegalEntity = z
  .strictObject({ ...entityFields, invoice_prefix: Prefix, credit_note_prefix: Prefix })
  .openapi("NewLegalEntity", {
    example: {
      name: "Acme Austria GmbH",
      address: { line1: "Ringstraße 1", city: "Wien", postal_code: "1010" },
      country: "AT",
      vat_id: "ATU13585627",
      invoice_prefix: "AT-{YYYY}-",
      credit_note_prefix: "AT-CN-{YYYY}-",
      external_id: "acme-at",
      metadata: { books: "at" },
    },
  });

export const LegalEntityPatch = z
  .strictObject({ ...entityFields, invoice_prefix: Prefix, credit_note_prefix: Prefix })
  .partial()
  .openapi("LegalEntityPatch", { example: { registration: "FN 123456 a" } });

export const LegalEntityQuery = listQuery({ external_id: ExternalId.optional(), archived: Archived });

export const VatCheckAsk = z
  .strictObject({
    vat_id: text(40),
    country: CountryInput.optional().openapi({ description: "Whose it is, where it is written without its prefix." }),
  })
  .openapi("VatCheckAsk", { example: { vat_id: "DE 136 695 976" } });

export const VatCheck = z
  .object({
    object: z.literal("vat_check"),
    vat_id: z.string().openapi({ description: "In its normal form, where it has a form that is known." }),
    format: z.enum(["valid", "malformed", "checksum_failed"]),
    state: z.literal("unchecked").openapi({ description: "Whether there is such a business was not asked of anybody." }),
  })
  .openapi("VatCheck");
