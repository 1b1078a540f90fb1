import type { Address } from "../customers/customer.ts";
import type { DocumentLine, LineTax } from "./documents.ts";
import { lineTaxOf, vatTreatment, type VatDecision, type VatSeller } from "./eu-vat.ts";
import type { TaxEvidence } from "./tax-evidence.ts";
import type { TaxRate } from "./tax.ts";
import { readVatId } from "./vat-ids.ts";

/** Who sells to whom, as far as tax offices care. */
export type TaxableSale = {
  seller: {
    country: string | null;
    address: Address | null;
    vatId: string | null;
    vatScheme: VatSeller["scheme"];
    consumersAt: VatSeller["consumersAt"];
    whenVatIdUnknown: "charge" | "reverse_charge" | "refuse";
  };
  buyer: {
    kind: "person" | "organization";
    country: string | null;
    address: Address | null;
    vatId: string | null;
    taxExemptReason: string | null;
  };
  rates: readonly TaxRate[];
  /** what was last said of a VAT id of the buyer's, in its normal form; undefined: none was ever asked for. That of another id says nothing. */
  check: { id: string; vatId: string; state: "valid" | "invalid" | "unknown"; checkedAt: Date } | undefined;
};

export type TaxedLines = { ok: true; lines: DocumentLine[]; evidence: TaxEvidence } | { ok: false; code: string; detail: string };

/**
 * Lines with how each is taxed on a day, by the goods that it is, and the evidence of what was decided. Lines of one kind of goods share their
 * tax; one that gives back another keeps the tax that it was billed at.
 */
export function taxedLines(
  lines: readonly DocumentLine[],
  sale: TaxableSale,
  { taxPointOn, now }: { taxPointOn: string; now: Date },
): TaxedLines {
  const known = { ...sale, check: checkOf(sale) };
  const byGoods = new Map<string, Exclude<VatDecision, { ok: false }>>();
  // without a line it is still told how a sale of the ordinary kind would be taxed
  for (const goods of new Set([...lines.map(goodsOf), ...(lines.length === 0 ? ["standard"] : [])])) {
    const decision = decide(known, goods, taxPointOn);
    if (!decision.ok) return decision;
    byGoods.set(goods, decision);
  }
  const taxed = lines.map((line) =>
    line.creditsLine ? line : { ...line, tax: taxOf(byGoods.get(goodsOf(line)), goodsOf(line)) },
  );
  const [first] = byGoods.values();
  return { ok: true, lines: taxed, evidence: evidenceOf(known, first?.treatment ?? "untaxed", now) };
}

/** What was said of the very VAT id that the buyer has now. */
function checkOf({ buyer, check }: TaxableSale): TaxableSale["check"] {
  const id = buyer.vatId === null ? null : readVatId(buyer.vatId, buyer.country);
  return check?.vatId === id?.text ? check : undefined;
}

const goodsOf = (line: DocumentLine): string => line.tax.goods ?? "standard";

function taxOf(decision: Exclude<VatDecision, { ok: false }> | undefined, goods: string): LineTax {
  if (!decision) throw new RangeError(`Nothing was decided about ${goods}`);
  return { ...lineTaxOf(decision), goods };
}

function decide({ seller, buyer, rates, check }: TaxableSale, taxCategory: string, taxPointOn: string): VatDecision {
  if (buyer.taxExemptReason !== null && seller.country !== null) return exempt(buyer.taxExemptReason);
  return vatTreatment({
    seller: {
      country: seller.country,
      postalCode: seller.address?.postal_code ?? null,
      vatId: seller.vatId,
      scheme: seller.vatScheme,
      consumersAt: seller.consumersAt,
    },
    customer: {
      kind: buyer.kind,
      country: buyer.country,
      state: buyer.address?.state ?? null,
      postalCode: buyer.address?.postal_code ?? null,
      vatId: buyer.vatId,
      vies: check ? { state: check.state, checkedAt: check.checkedAt } : null,
    },
    whenUnknown: seller.whenVatIdUnknown,
    taxPointOn,
    taxCategory,
    rates,
  });
}

function exempt(reason: string): VatDecision {
  return {
    ok: true,
    treatment: "own_rate",
    category: "E",
    rate: "0",
    taxRateId: null,
    reason,
    words: reason,
    place: null,
    evidenceNeeded: [],
    whyNotReverseCharge: null,
  };
}

function evidenceOf({ buyer, check }: TaxableSale, treatment: string, now: Date): TaxEvidence {
  return {
    billingCountry: buyer.country,
    cardCountry: null,
    ipCountry: null,
    vatId: buyer.vatId,
    vatCheckId: check?.id ?? null,
    vatState: buyer.vatId === null ? null : (check?.state ?? "unchecked"),
    treatment,
    decidedAt: now.toISOString(),
  };
}
