import type { LegalEntityRow } from "#db/billing/legal-entities";
import type { TaxRateRow } from "#db/billing/taxing";
import type { Repo } from "#db/repo";
import { invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { seriesClash, whyNotSeries } from "#rules/billing/numbering";
import { whyNotTaxRate } from "#rules/billing/tax";
import { looksMistyped, prefixOf, readVatId } from "#rules/billing/vat-ids";
import { seriesTaken, taxRateOverlaps } from "./problems.ts";
import type { LegalEntityPatch } from "./schemas.ts";

/** Throws `invalid_request` or `tax_rate_overlaps` where the rate may not stand beside the tenant's others. */
export async function judgeTaxRate(repo: Repo, row: TaxRateRow): Promise<void> {
  const refused = whyNotTaxRate(row, await repo.taxRates.neighbours(row));
  if (refused?.code === "overlapping") throw taxRateOverlaps({ what: refused.detail });
  if (refused) throw invalidRequest({ what: refused.detail }, { errors: [refused] });
}

/** Throws `invalid_request` or `series_taken` where the prefixes cannot number documents beside all others of the tenant, now or before. */
export async function judgeSeries(repo: Repo, row: LegalEntityRow, all: readonly LegalEntityRow[]): Promise<void> {
  const own = [
    { pointer: "/invoice_prefix", prefix: row.invoicePrefix },
    { pointer: "/credit_note_prefix", prefix: row.creditNotePrefix },
  ];
  for (const { pointer, prefix } of own) {
    const refused = whyNotSeries({ prefix, width: row.numberWidth });
    if (refused) throw invalidRequest({ what: refused.detail }, { errors: [{ pointer, ...refused }] });
  }
  const others = [
    ...all.filter(({ id }) => id !== row.id).flatMap((each) => [each.invoicePrefix, each.creditNotePrefix]),
    ...(await repo.legalEntities.sequencesBeside(row.id)).map(({ prefix }) => prefix),
  ].map((prefix) => ({ prefix }));
  for (const [index, series] of own.entries()) {
    const beside = [...own.slice(index + 1), ...others];
    if (beside.some((other) => seriesClash(series, other))) throw seriesTaken({ prefix: series.prefix });
  }
}

/** A legal entity with what a caller says of it; what is left out stays as it was. */
export function entityWith(held: LegalEntityRow, said: z.infer<typeof LegalEntityPatch>): LegalEntityRow {
  const kept = <T>(before: T, change: T | undefined) => (change === undefined ? before : change);
  const country = kept(held.country, said.country);
  return {
    ...held,
    name: said.name ?? held.name,
    address: kept(held.address, said.address),
    country,
    vatId: typeof said.vat_id === "string" ? vatIdFrom(said.vat_id, country) : kept(held.vatId, said.vat_id),
    registration: kept(held.registration, said.registration),
    email: kept(held.email, said.email),
    iban: kept(held.iban, said.iban),
    bic: kept(held.bic, said.bic),
    bankName: kept(held.bankName, said.bank_name),
    timeZone: said.time_zone ?? held.timeZone,
    vatScheme: said.vat_scheme ?? held.vatScheme,
    consumersAt: said.consumers_at ?? held.consumersAt,
    whenVatIdUnknown: said.when_vat_id_unknown ?? held.whenVatIdUnknown,
    invoicePrefix: said.invoice_prefix ?? held.invoicePrefix,
    creditNotePrefix: said.credit_note_prefix ?? held.creditNotePrefix,
    numberWidth: said.number_width ?? held.numberWidth,
    footer: kept(held.footer, said.footer),
  };
}

/** In its normal form. Where we know no form of the country's, it is kept as it was written. */
function vatIdFrom(text: string, country: string | null): string {
  const read = readVatId(text, country);
  const no = (code: string, detail: string) =>
    invalidRequest({ what: detail }, { errors: [{ pointer: "/vat_id", code, detail }] });
  if (read && looksMistyped(read))
    throw no("checksum_failed", "The digits of the VAT id contradict each other: was it mistyped?");
  if (read) return read.text;
  if (country === null || prefixOf(country) !== null) throw no("malformed", "This is the form of no VAT id that is known.");
  return text.trim();
}
