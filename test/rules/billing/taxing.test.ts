import { expect, test } from "vitest";
import type { DocumentLine } from "#rules/billing/documents";
import { taxedLines, type TaxableSale } from "#rules/billing/taxing";

const line = (more: Partial<DocumentLine> = {}): DocumentLine => ({
  id: "1",
  description: "Seat",
  quantity: 1,
  unitAmount: "1000",
  amount: 1000,
  discount: 0,
  net: 1000,
  tax: { category: "O", rate: "0", taxRateId: null, reason: null },
  priceId: null,
  priceRev: null,
  productId: null,
  subscriptionItemId: null,
  periodStartAt: null,
  periodEndAt: null,
  derivation: { kind: "manual" },
  creditsLine: null,
  ...more,
});

const sale = (more: Partial<TaxableSale["buyer"]> = {}, check?: TaxableSale["check"]): TaxableSale => ({
  seller: {
    country: "DE",
    address: null,
    vatId: "DE136695976",
    vatScheme: "standard",
    consumersAt: "destination",
    whenVatIdUnknown: "charge",
  },
  buyer: { kind: "person", country: "DE", address: null, vatId: null, taxExemptReason: null, ...more },
  rates: [
    {
      id: "tax_reduced",
      name: "VAT",
      country: "DE",
      state: null,
      taxCategory: "reduced",
      category: "S",
      percent: "7",
      validFromOn: null,
      validUntilOn: null,
      archivedAt: null,
    },
  ],
  check,
});

const at = { taxPointOn: "2026-11-28", now: new Date("2026-11-28T10:00:00Z") };
const reduced = { category: "O", rate: "0", taxRateId: null, reason: null, goods: "reduced" } as const;

test("each line is taxed by the goods that it is, and the evidence says by what", () => {
  const judged = taxedLines([line(), line({ id: "2", tax: reduced })], sale(), at);
  expect(judged).toMatchObject({
    ok: true,
    lines: [{ tax: { rate: "19", category: "S" } }, { tax: { rate: "7", taxRateId: "tax_reduced", goods: "reduced" } }],
    evidence: { billingCountry: "DE", treatment: "home", vatState: null },
  });
});

test("what gives a line back keeps the tax that the line was billed at", () => {
  const back = line({
    amount: -1000,
    net: -1000,
    tax: { ...reduced, rate: "5", category: "S" },
    creditsLine: { invoiceId: "inv_1", lineId: "1" },
  });
  const judged = taxedLines([line(), back], sale(), at);
  expect(judged.ok && judged.lines.map(({ tax }) => tax.rate)).toEqual(["19", "5"]);
});

test("goods that no rate is known of are refused, and never taxed at nothing", () => {
  const judged = taxedLines([line({ tax: { ...reduced, goods: "books" } })], sale(), at);
  expect(judged).toMatchObject({ ok: false, code: "no_tax_rate" });
});

test("who is exempt pays none, and the line says why; a seller who is nowhere taxes nobody", () => {
  const exempt = taxedLines([line()], sale({ taxExemptReason: "Diplomatic mission" }), at);
  expect(exempt.ok && exempt.lines[0]?.tax).toMatchObject({ category: "E", rate: "0", reason: "Diplomatic mission" });
  const nowhere = sale({ taxExemptReason: "Diplomatic mission" });
  nowhere.seller.country = null;
  const untaxed = taxedLines([line()], nowhere, at);
  expect(untaxed.ok && untaxed.evidence.treatment).toBe("untaxed");
});

test("a VAT id turns the tax over only once VIES has said that it is valid", () => {
  const buyer = { kind: "organization", country: "AT", vatId: "ATU13585627" } as const;
  const asked = (state: "valid" | "invalid" | "unknown") =>
    taxedLines([line()], sale(buyer, { id: "vat_1", vatId: "ATU13585627", state, checkedAt: at.now }), at);
  const rates = [taxedLines([line()], sale(buyer), at), asked("unknown"), asked("invalid"), asked("valid")];
  expect(rates.map((judged) => judged.ok && judged.lines[0]?.tax.rate)).toEqual(["20", "20", "20", "0"]);
  expect(asked("valid")).toMatchObject({ evidence: { vatCheckId: "vat_1", vatState: "valid", treatment: "reverse_charge" } });
});

test("what was said of another VAT id says nothing of this one, however either is spelled", () => {
  const check = { id: "vat_1", vatId: "ATU13585627", state: "valid", checkedAt: at.now } as const;
  const rate = (vatId: string) => {
    const judged = taxedLines([line()], sale({ kind: "organization", country: "AT", vatId }, check), at);
    return judged.ok && judged.lines[0]?.tax.rate;
  };
  expect(["atu 135.85627", "ATU13585627", "ATU66664013", "ATU 6666-4013"].map(rate)).toEqual(["0", "0", "20", "20"]);
});
