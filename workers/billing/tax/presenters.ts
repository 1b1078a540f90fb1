import type { LegalEntityRow } from "#db/billing/legal-entities";
import type { TaxRateRow } from "#db/billing/taxing";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { LegalEntity, TaxRate } from "./schemas.ts";

export const presentTaxRate = (row: TaxRateRow): z.infer<typeof TaxRate> => ({
  object: "tax_rate",
  id: row.id,
  name: row.name,
  country: row.country,
  state: row.state,
  tax_category: row.taxCategory,
  category: row.category,
  percent: row.percent,
  valid_from_on: row.validFromOn,
  valid_until_on: row.validUntilOn,
  archived_at: row.archivedAt?.toISOString() ?? null,
  ...presentOwned(row),
});

export const presentLegalEntity = (row: LegalEntityRow): z.infer<typeof LegalEntity> => ({
  object: "legal_entity",
  id: row.id,
  name: row.name,
  address: row.address,
  country: row.country,
  vat_id: row.vatId,
  registration: row.registration,
  email: row.email,
  iban: row.iban,
  bic: row.bic,
  bank_name: row.bankName,
  time_zone: row.timeZone,
  vat_scheme: row.vatScheme,
  consumers_at: row.consumersAt,
  when_vat_id_unknown: row.whenVatIdUnknown,
  invoice_prefix: row.invoicePrefix,
  credit_note_prefix: row.creditNotePrefix,
  number_width: row.numberWidth,
  footer: row.footer,
  is_default: row.isDefault,
  archived_at: row.archivedAt?.toISOString() ?? null,
  ...presentOwned(row),
});
