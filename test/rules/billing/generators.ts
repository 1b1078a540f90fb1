import { fc } from "@fast-check/vitest";
import {
  type DocumentLine,
  type LineTax,
  type Party,
  type TaxBehavior,
  type TaxCategory,
  canonicalRate,
  totalsOf,
} from "#rules/billing/documents";
import type { FinalDocument } from "#rules/billing/en16931";
import type { PriceTerms } from "#rules/billing/pricing";

/** Currencies of 0, 2 and 3 decimals. */
export const currencies = fc.constantFrom("EUR", "USD", "JPY", "KWD");

export const behaviors: fc.Arbitrary<TaxBehavior> = fc.constantFrom("exclusive", "inclusive");

/** Rates of the world, and odd ones: in one spelling, at most 4 decimals. */
export const rates = fc.oneof(
  fc.constantFrom("19", "20", "21", "22", "25.5", "5.5", "8.1", "7.7", "27", "2.1", "100", "0.0001"),
  fc
    .integer({ min: 1, max: 1_000_000 })
    .map((tenThousandths) =>
      canonicalRate(`${Math.trunc(tenThousandths / 10_000)}.${String(tenThousandths % 10_000).padStart(4, "0")}`),
    ),
);

/** How a line of this category is taxed. */
export const taxOf = (category: TaxCategory): fc.Arbitrary<LineTax> => {
  if (category === "S") return rates.map((rate) => ({ category, rate, taxRateId: null, reason: null }));
  if (category === "Z") return fc.constant({ category, rate: "0", taxRateId: null, reason: null });
  const reasons: Record<typeof category, string> = {
    E: "Small business",
    AE: "Reverse charge",
    G: "Export",
    O: "Outside the scope of EU VAT",
    K: "Supply within the EU",
  };
  return fc.constant({ category, rate: "0", taxRateId: null, reason: reasons[category] });
};

/** The tax of a line, of all categories that may stand beside each other. */
export const lineTaxes: fc.Arbitrary<LineTax> = fc.oneof(
  { weight: 4, arbitrary: taxOf("S") },
  taxOf("Z"),
  taxOf("E"),
  taxOf("AE"),
);

/** Lines of orders and invoices: bought, discounted, credited; `tax` says how they are taxed. */
export const documentLines = (tax: fc.Arbitrary<LineTax> = lineTaxes): fc.Arbitrary<DocumentLine> =>
  fc
    .record({
      quantity: fc.integer({ min: 1, max: 40 }),
      unit: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 500_000 })),
      percentOff: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 })),
      credit: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
      tax,
    })
    .map(({ quantity, unit, percentOff, credit, tax }) => {
      const amount = quantity * unit * (credit && unit > 0 ? -1 : 1);
      const discount = Math.trunc((amount * percentOff) / 100) + 0;
      return {
        id: "1",
        description: credit ? "Unused time" : "Seats",
        quantity,
        unitAmount: credit ? null : String(unit),
        amount,
        discount,
        net: amount - discount,
        tax,
        priceId: "prc_1",
        priceRev: 1,
        productId: "prod_1",
        subscriptionItemId: null,
        periodStartAt: "2026-03-01T00:00:00.000Z",
        periodEndAt: "2026-04-01T00:00:00.000Z",
        derivation: credit ? { kind: "manual" } : { kind: "flat", quantity, unitAmount: unit },
        creditsLine: null,
      } satisfies DocumentLine;
    });

/** The lines of one document, numbered from 1. */
export const linesOfDocument = (tax?: fc.Arbitrary<LineTax>): fc.Arbitrary<DocumentLine[]> =>
  fc
    // few kinds of tax to many lines, so that lines share their groups
    .array(tax ?? lineTaxes, { minLength: 1, maxLength: 3 })
    .chain((taxes) => fc.array(documentLines(fc.constantFrom(...taxes)), { minLength: 1, maxLength: 12 }))
    .map((lines) => lines.map((line, index) => ({ ...line, id: String(index + 1) })));

/** A party with all that a document asks of it. */
export const partyOf = (country: string, vatId: string | null): Party => ({
  name: "Example",
  email: "billing@example.com",
  address: { line1: "1 Main Street", line2: null, city: "Town", postal_code: "12345", state: null, country },
  country,
  vatId,
  registration: "HRB 12345",
});

/** Final documents between a German seller and a French buyer, with sums that are those of their lines. */
export const finalDocuments: fc.Arbitrary<FinalDocument> = fc
  .record({
    kind: fc.constantFrom("invoice" as const, "credit_note" as const),
    currency: fc.constantFrom("EUR", "USD", "JPY"),
    taxBehavior: behaviors,
    // a rate below half a percent is one that EN 16931 cannot check
    lines: fc.oneof(
      { weight: 4, arbitrary: linesOfDocument(lineTaxes.filter(({ rate }) => rate === "0" || Number(rate) >= 0.5)) },
      linesOfDocument(taxOf("O")),
    ),
    prepaid: fc.constantFrom(0, 100),
  })
  .map(({ kind, currency, taxBehavior, lines, prepaid }) => ({
    kind,
    id: kind === "invoice" ? "inv_1" : "cn_1",
    number: kind === "invoice" ? "INV-000001" : "CN-000001",
    currency,
    taxBehavior,
    timeZone: "Europe/Berlin",
    issuedOn: "2026-03-01",
    taxPointOn: null,
    dueOn: "2026-03-15",
    period: null,
    seller: partyOf("DE", "DE136695976"),
    buyer: partyOf("FR", "FR40303265045"),
    lines,
    totals: totalsOf(lines, taxBehavior, currency),
    prepaid,
    notes: [],
    paymentTerms: null,
    bank: null,
    buyerReference: null,
    orderNumber: "ORD-000001",
    precedingInvoice: kind === "credit_note" ? { number: "INV-000001", issuedOn: "2026-02-01" } : null,
  }));

/** Unit amounts, whole and finer than a minor unit. */
export const unitAmounts = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }).map(String),
  fc
    .tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 999_999 }))
    .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(6, "0")}`),
);

/** Tiers that rise and end open, of one to six. */
export const tiers = (fees: fc.Arbitrary<number> = fc.integer({ min: 0, max: 10_000 })): fc.Arbitrary<PriceTerms["tiers"]> =>
  fc
    .array(fc.record({ size: fc.integer({ min: 1, max: 50 }), unitAmount: unitAmounts, flatAmount: fees }), {
      minLength: 1,
      maxLength: 6,
    })
    .map((drawn) => {
      let reached = 0;
      return drawn.map(({ size, unitAmount, flatAmount }, index) => ({
        upTo: index === drawn.length - 1 ? null : (reached += size),
        unitAmount,
        flatAmount,
      }));
    });

/** The terms of prices of every scheme. */
export const priceTerms: fc.Arbitrary<PriceTerms> = fc.oneof(
  fc
    .integer({ min: 0, max: 100_000 })
    .map((unit) => ({ scheme: "flat" as const, unitAmount: String(unit), tiers: [], packageSize: null })),
  unitAmounts.map((unitAmount) => ({ scheme: "per_unit" as const, unitAmount, tiers: [], packageSize: null })),
  fc.record({
    scheme: fc.constantFrom("graduated" as const, "volume" as const),
    unitAmount: fc.constant(null),
    tiers: tiers(),
    packageSize: fc.constant(null),
  }),
  fc.record({
    scheme: fc.constant("package" as const),
    unitAmount: unitAmounts,
    tiers: fc.constant<PriceTerms["tiers"]>([]),
    packageSize: fc.integer({ min: 1, max: 100 }),
  }),
);
