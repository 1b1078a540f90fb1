import type { CustomerRow } from "#db/customers/customers";
import type { LegalEntityRow } from "#db/billing/legal-entities";
import type { TaxRateRow, VatCheckRow } from "#db/billing/taxing";
import type { Repo } from "#db/repo";
import { totalsOf, type DocumentLine, type TaxBehavior } from "#rules/billing/documents";
import type { TaxEvidence } from "#rules/billing/tax-evidence";
import { taxedLines } from "#rules/billing/taxing";
import { settingsOf } from "#rules/tenants/settings";
import { dateIn } from "#rules/time";
import { customerNotFound, legalEntityNotFound } from "../not-found.ts";
import { defineProblem } from "../problem.ts";
import { invalidRequest } from "../problems.ts";

/** Who sells to whom, and what decides how that is taxed. */
export type Sale = { seller: LegalEntityRow; buyer: CustomerRow; rates: TaxRateRow[]; check: VatCheckRow | undefined };

/** What is sold, taxed: the columns of a document, and by what it was decided. */
export type TaxedContent = {
  lines: DocumentLine[];
  taxGroups: ReturnType<typeof totalsOf>["groups"];
  subtotal: number;
  discountTotal: number;
  taxable: number;
  taxTotal: number;
  rounding: number;
  total: number;
  taxPointOn: string;
};

export const saleNotTaxable = defineProblem<{ what: string }>({
  code: "sale_not_taxable",
  status: 409,
  title: "It is not known how to tax this sale",
  fix: "Add the rate with POST /v1/tax_rates, or tell where seller and buyer are: PATCH /v1/legal_entities/{id}, PATCH /v1/customers/{id}.",
  detail: ({ what }) => what,
});

/** Who sells (the default entity where none is named) and who buys. Throws `customer_not_found` and `legal_entity_not_found`. */
export async function saleOf(repo: Repo, customerId: string, legalEntityId: string | null): Promise<Sale> {
  const { seller, buyer, rates, check } = await repo.taxing.ingredients(customerId, legalEntityId);
  if (!buyer) throw customerNotFound({});
  if (!seller || seller.archivedAt !== null) throw legalEntityNotFound({});
  return { seller, buyer, rates, check };
}

/** Lines with their tax as of a day, and their sums. Throws `sale_not_taxable`, and `invalid_request` where the sum leaves 2^53. */
export function taxed(
  lines: readonly DocumentLine[],
  { taxBehavior, currency }: { taxBehavior: TaxBehavior; currency: string },
  sale: Sale,
  { now, taxPointOn }: { now: Date; taxPointOn: string },
): { content: TaxedContent; evidence: TaxEvidence } {
  const judged = taxedLines(lines, sale, { taxPointOn, now });
  if (!judged.ok) throw saleNotTaxable({ what: judged.detail });
  const { groups: taxGroups, ...sums } = sumsOf(judged.lines, taxBehavior, currency);
  return { evidence: judged.evidence, content: { lines: judged.lines, taxGroups, ...sums, taxPointOn } };
}

/** The day whose rates count for what becomes final now, by the calendar of who sells. */
export function taxPointOf(repo: Repo, lines: readonly DocumentLine[], { timeZone }: LegalEntityRow, now: Date): string {
  const { tax_point } = settingsOf(repo.tenant.settings).billing;
  const first = lines.flatMap(({ periodStartAt }) => periodStartAt ?? []).toSorted()[0];
  return dateIn(tax_point === "period_start" && first !== undefined ? new Date(first) : now, timeZone);
}

function sumsOf(lines: readonly DocumentLine[], behavior: TaxBehavior, currency: string) {
  try {
    return totalsOf(lines, behavior, currency);
  } catch (error) {
    // each line is sound by itself: what is left is their sum
    if (!(error instanceof RangeError)) throw error;
    const detail = "The sum of the lines is too large.";
    throw invalidRequest({ what: detail }, { errors: [{ pointer: "/lines", code: "amount_too_large", detail }] });
  }
}
