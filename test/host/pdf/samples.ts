import { type DocumentLine, type Party, totalsOf } from "#rules/billing/documents";
import type { FinalDocument } from "#rules/billing/en16931";
import type { Brand } from "#host/pdf/render";

/** A company that could be one. */
export const brand: Brand = {
  name: "Northlight",
  color: "#1d4ed8",
  footer: "Managing director: Ada Berg · Amtsgericht Berlin-Charlottenburg",
};

export const seller: Party = {
  name: "Northlight Software GmbH",
  email: "billing@northlight.example",
  address: {
    line1: "Lindenstraße 12",
    line2: "Aufgang C",
    city: "Berlin",
    postal_code: "10969",
    state: null,
    country: "DE",
  },
  country: "DE",
  vatId: "DE136695976",
  registration: "HRB 12345 B",
};

export const buyer: Party = {
  name: "Atelier Fougère & Fils SARL",
  email: "compta@fougere.example",
  address: {
    line1: "8 rue de l’Église",
    line2: null,
    city: "Lyon",
    postal_code: "69002",
    state: null,
    country: "FR",
  },
  country: "FR",
  vatId: "FR40303265045",
  registration: null,
};

const STANDARD = { category: "S", rate: "19", taxRateId: null, reason: null } as const;

/** A line with the given things, the rest as if by hand. */
export function line(more: Partial<DocumentLine> = {}): DocumentLine {
  const quantity = more.quantity ?? 1;
  const amount = more.amount ?? quantity * Number(more.unitAmount ?? "4900");
  const discount = more.discount ?? 0;
  return {
    id: "1",
    description: "Studio, per seat",
    quantity,
    unitAmount: "4900",
    amount,
    discount,
    net: amount - discount,
    tax: STANDARD,
    priceId: null,
    priceRev: null,
    productId: null,
    subscriptionItemId: null,
    periodStartAt: null,
    periodEndAt: null,
    derivation: { kind: "manual" },
    creditsLine: null,
    ...more,
  };
}

/** A document of the lines, numbered, with their sums. */
export function documentOf(lines: DocumentLine[], more: Partial<FinalDocument> = {}): FinalDocument {
  const numbered = lines.map((each, index) => ({ ...each, id: String(index + 1) }));
  return {
    kind: "invoice",
    id: "inv_01jb3x9k7m",
    number: "INV-000042",
    currency: "EUR",
    taxBehavior: "exclusive",
    timeZone: "Europe/Berlin",
    issuedOn: "2026-11-16",
    taxPointOn: null,
    dueOn: "2026-11-30",
    period: null,
    seller,
    buyer,
    lines: numbered,
    totals: totalsOf(numbered, more.taxBehavior ?? "exclusive", more.currency ?? "EUR"),
    prepaid: 0,
    notes: [],
    paymentTerms: "Payable within 14 days without deduction.",
    bank: { iban: "DE89370400440532013000", bic: "COBADEFFXXX", name: "Commerzbank" },
    buyerReference: null,
    orderNumber: null,
    precedingInvoice: null,
    ...more,
  };
}

const NOVEMBER = { periodStartAt: "2026-10-31T23:00:00.000Z", periodEndAt: "2026-11-30T23:00:00.000Z" };

/** A change of plan in the middle of a month: credits, charges, tiers, a discount, two rates. */
export const changeOfPlan = documentOf(
  [
    line({
      description: "Unused time on Studio Small",
      quantity: 5,
      unitAmount: null,
      amount: -12250,
      ...NOVEMBER,
      derivation: {
        kind: "proration",
        of: "credit",
        by: "day",
        zone: "Europe/Berlin",
        ...NOVEMBER,
        at: "2026-11-15T23:00:00.000Z",
        part: { n: "1", d: "2" },
        fullAmount: 24500,
        rounding: "half_away_from_zero",
      },
      creditsLine: { invoiceId: "inv_01jb0000", lineId: "1" },
    }),
    line({
      description: "Studio Large, remaining time",
      quantity: 5,
      unitAmount: null,
      amount: 19704,
      ...NOVEMBER,
      derivation: {
        kind: "proration",
        of: "charge",
        by: "second",
        zone: "Europe/Berlin",
        ...NOVEMBER,
        at: "2026-11-15T14:30:00.000Z",
        part: { n: "737", d: "1440" },
        fullAmount: 38500,
        rounding: "half_away_from_zero",
      },
    }),
    line({
      description: "Render minutes, cloud",
      quantity: 12500,
      unitAmount: null,
      amount: 112500,
      discount: 11250,
      ...NOVEMBER,
      derivation: {
        kind: "scheme",
        scheme: "graduated",
        quantity: 12500,
        packageSize: null,
        tiers: [
          { upTo: 10000, quantity: 10000, unitAmount: "10", flatAmount: 0, amount: "100000" },
          { upTo: null, quantity: 2500, unitAmount: "4.8", flatAmount: 500, amount: "12500" },
        ],
      },
    }),
    line({
      description:
        "Handbook “Licensing at the Edge”, printed, with a foreword that is as long as its title is short: Øresund, Łódź, Αθήνα, Київ, €",
      quantity: 3,
      unitAmount: "2990",
      tax: { category: "S", rate: "7", taxRateId: null, reason: null },
    }),
    line({ description: "API calls", quantity: 48000, unitAmount: "0.0125", amount: 600 }),
  ],
  {
    period: { startOn: "2026-11-01", endOn: "2026-11-30" },
    orderNumber: "ORD-000017",
    buyerReference: "PO 4500012345",
    prepaid: 20000,
    buyer: {
      ...buyer,
      address: { ...buyer.address, country: "AT", city: "Wien", postal_code: "1010", line1: "Graben 3" },
      country: "AT",
      vatId: null,
      name: "Fougère & Söhne",
    },
    notes: ["Thank you for working with us."],
  },
);

/** A business in another member state: no tax, and the words for it. */
export const reverseCharge = documentOf(
  [line({ quantity: 25, tax: { category: "AE", rate: "0", taxRateId: null, reason: "Reverse charge" } })],
  { notes: ["Reverse charge"] },
);

/** A correction of an invoice. */
export const creditNote = documentOf([line({ description: "Two seats, returned", quantity: 2 })], {
  kind: "credit_note",
  id: "cn_01jb3x9k7m",
  number: "CN-000003",
  dueOn: null,
  paymentTerms: "The amount was added to your balance.",
  precedingInvoice: { number: "INV-000042", issuedOn: "2026-11-16" },
});

/** Prices with tax, and a cent that is between them and any net. */
export const inclusive = documentOf(
  [
    line({ description: "Plugin", quantity: 1, unitAmount: "999" }),
    line({ description: "Sound pack", quantity: 1, unitAmount: "1003" }),
  ],
  { taxBehavior: "inclusive", buyer: { ...buyer, vatId: null }, prepaid: 2002, paymentTerms: null },
);

/** As many lines as there may be on a large one. */
export function manyLines(count: number): FinalDocument {
  return documentOf(
    Array.from({ length: count }, (_, index) =>
      line({
        description: `Workstation ${index + 1}, ${index % 7 === 3 ? "with a description that does not fit into one line of the column that it stands in, " : ""}floor ${index % 9}`,
        quantity: (index % 5) + 1,
        ...NOVEMBER,
      }),
    ),
    { number: "INV-000043" },
  );
}

/** What is compared byte by byte. */
export const hashed = [
  { document: changeOfPlan, locale: "en" },
  { document: creditNote, locale: "de" },
] as const;
