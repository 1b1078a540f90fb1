import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type DocumentLine, totalsOf } from "#rules/billing/documents";
import { type EnDocument, type FinalDocument, enDocument, judgeRules, whyNoXml } from "#rules/billing/en16931";
import { compare, div, mul, sub, toRational } from "#rules/rational";
import { finalDocuments, partyOf } from "./generators.ts";

const broken = (document: EnDocument) =>
  judgeRules(document)
    .filter(({ holds }) => !holds)
    .map(({ rule }) => rule);

const line = (more: Partial<DocumentLine> = {}): DocumentLine => ({
  id: "1",
  description: "Seats",
  quantity: 3,
  unitAmount: "1000",
  amount: 3000,
  discount: 0,
  net: 3000,
  tax: { category: "S", rate: "19", taxRateId: null, reason: null },
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

const document = (lines: DocumentLine[] = [line()], more: Partial<FinalDocument> = {}): FinalDocument => ({
  kind: "invoice",
  id: "inv_1",
  number: "INV-000001",
  currency: "EUR",
  taxBehavior: "exclusive",
  timeZone: "Europe/Berlin",
  issuedOn: "2026-03-01",
  taxPointOn: null,
  dueOn: "2026-03-15",
  period: null,
  seller: partyOf("DE", "DE136695976"),
  buyer: partyOf("FR", "FR40303265045"),
  lines,
  totals: totalsOf(lines, more.taxBehavior ?? "exclusive", more.currency ?? "EUR"),
  prepaid: 0,
  notes: [],
  paymentTerms: null,
  bank: null,
  buyerReference: null,
  orderNumber: null,
  precedingInvoice: null,
  ...more,
});

describe("a document in the terms of EN 16931", () => {
  test.prop([finalDocuments])("keeps every rule, whatever stands on it", (final) => {
    expect(whyNoXml(final)).toBeNull();
    expect(broken(enDocument(final))).toEqual([]);
  });

  test.prop([finalDocuments])(
    "prices, quantities and allowances give each line's net exactly, and no price is below zero",
    (final) => {
      for (const { quantity, price, baseQuantity, allowance, net } of enDocument(final).lines) {
        const gross = div(mul(toRational(quantity), toRational(price)), toRational(baseQuantity));
        expect(compare(sub(gross, toRational(allowance ?? "0")), toRational(net))).toBe(0);
        expect(price.startsWith("-")).toBe(false);
        expect(allowance?.startsWith("-") ?? false).toBe(false);
      }
    },
  );

  test.prop([finalDocuments, fc.constantFrom("lines", "withoutTax", "tax", "withTax", "prepaid", "rounding", "due")])(
    "a sum that is a cent off breaks a rule",
    (final, sum) => {
      const right = enDocument(final);
      const cent = right.currency === "JPY" ? 100n : 1n;
      const off = { ...right.sums, [sum]: centsMore(right.sums[sum], cent) };
      expect(broken({ ...right, sums: off })).not.toEqual([]);
    },
  );

  test("an invoice, field by field", () => {
    const lines = [
      line({ discount: 300, net: 2700, periodStartAt: "2026-02-28T23:00:00.000Z", periodEndAt: "2026-03-31T22:00:00.000Z" }),
      line({ id: "2", description: "Calls", quantity: 150, unitAmount: "0.333", amount: 50, net: 50 }),
      line({ id: "3", description: "Unused time", quantity: 2, unitAmount: null, amount: -500, discount: -50, net: -450 }),
    ];
    const en = enDocument(document(lines, { notes: ["Thank you"], prepaid: 100, orderNumber: "ORD-000007" }));
    expect(en.lines).toEqual([
      {
        id: "1",
        name: "Seats",
        quantity: "3",
        unitCode: "C62",
        price: "10",
        baseQuantity: "1",
        allowance: "3.00",
        net: "27.00",
        category: "S",
        rate: "19",
        period: { startOn: "2026-03-01", endOn: "2026-03-31" },
      },
      // 150 x 0.00333 is no whole cent: the price is that of all 150
      expect.objectContaining({ quantity: "150", price: "0.50", baseQuantity: "150", net: "0.50", period: null }),
      expect.objectContaining({ quantity: "-2", price: "4.50", baseQuantity: "2", allowance: null, net: "-4.50" }),
    ]);
    expect(en.breakdown).toEqual([{ category: "S", rate: "19", taxable: "23.00", tax: "4.37", reason: null, reasonCode: null }]);
    expect(en.sums).toEqual({
      lines: "23.00",
      withoutTax: "23.00",
      tax: "4.37",
      withTax: "27.37",
      prepaid: "1.00",
      rounding: "0.00",
      due: "26.37",
    });
    expect(en).toMatchObject({ typeCode: "380", number: "INV-000001", notes: ["Thank you"], orderNumber: "ORD-000007" });
    expect(en.seller).toMatchObject({ vatId: "DE136695976", taxNumber: null, registration: "HRB 12345", country: "DE" });
  });

  test("an inclusive price is written without its tax, and the odd cent as rounding", () => {
    const en = enDocument(document([line({ quantity: 1, unitAmount: "3", amount: 3, net: 3 })], { taxBehavior: "inclusive" }));
    expect(en.lines[0]).toMatchObject({ net: "0.02", price: "0.02" });
    expect(en.sums).toMatchObject({ withTax: "0.02", rounding: "0.01", due: "0.03" });
  });

  test("reverse charge, exemptions and what is out of scope say why", () => {
    const taxed = (category: "AE" | "E" | "O", reason: string | null) =>
      document([line({ tax: { category, rate: "0", taxRateId: null, reason } })]);
    expect(enDocument(taxed("AE", "Reverse charge")).breakdown).toEqual([
      { category: "AE", rate: "0", taxable: "30.00", tax: "0.00", reason: "Reverse charge", reasonCode: "VATEX-EU-AE" },
    ]);
    expect(enDocument(taxed("E", "Small business")).breakdown[0]).toMatchObject({ reason: "Small business", reasonCode: null });
    expect(whyNoXml(taxed("E", null))?.code).toBe("reason_missing");

    const outside = enDocument(taxed("O", "Outside the scope"));
    expect(outside.breakdown[0]).toMatchObject({ rate: null, reasonCode: "VATEX-EU-O" });
    // BR-O-02
    expect([outside.seller.vatId, outside.buyer.vatId, outside.seller.registration]).toEqual([null, null, "HRB 12345"]);
  });

  test("two exemptions of one category are one group with both reasons", () => {
    const exempt = (id: string, reason: string) => line({ id, tax: { category: "E", rate: "0", taxRateId: null, reason } });
    const en = enDocument(document([exempt("1", "Teaching"), exempt("2", "Small business"), exempt("3", "Teaching")]));
    expect(en.breakdown).toEqual([
      { category: "E", rate: "0", taxable: "90.00", tax: "0.00", reason: "Teaching; Small business", reasonCode: null },
    ]);
  });

  test("an account is told for transfers, of SEPA in euros", () => {
    const bank = { iban: "DE89 3704 0044 0532 0130 00", bic: "COBADEFFXXX", name: null };
    expect(enDocument(document([line()], { bank })).transfer).toEqual({
      ...bank,
      meansCode: "58",
      iban: "DE89370400440532013000",
    });
    expect(enDocument(document([line()], { bank, currency: "USD" })).transfer?.meansCode).toBe("30");
    expect(enDocument(document()).transfer).toBeNull();
  });

  test("a credit note's tax may be a cent off its own base, where that gives the invoice's back; an invoice's may not", () => {
    // 19 % of 10.03 is 1.91, in thirds of 0.63, 0.64 and 0.64
    const third = [line({ quantity: 1, unitAmount: "334", amount: 334, net: 334 })];
    const sums = totalsOf(third, "exclusive", "EUR");
    const taxed = (tax: number) => ({
      ...sums,
      taxTotal: tax,
      total: 334 + tax,
      groups: sums.groups.map((group) => ({ ...group, tax })),
    });
    const precedingInvoice = { number: "INV-000001", issuedOn: "2026-03-01" };
    const note = (tax: number) => document(third, { kind: "credit_note", precedingInvoice, totals: taxed(tax) });
    expect([sums.taxTotal, whyNoXml(note(63)), whyNoXml(note(64))]).toEqual([63, null, null]);
    const right = enDocument(note(64));
    const more = right.breakdown.map((group) => ({ ...group, tax: "0.65" }));
    expect(broken({ ...right, breakdown: more })).toContain("BR-CO-17");
    expect(whyNoXml(document(third, { totals: taxed(64) }))?.code).toBe("rules_broken");
  });

  test("a credit note names its invoice, and an address without a country takes the party's", () => {
    const seller = partyOf("DE", "DE136695976");
    const en = enDocument(
      document([line()], {
        kind: "credit_note",
        precedingInvoice: { number: "INV-000001", issuedOn: "2026-02-01" },
        seller: { ...seller, address: { ...seller.address, country: null } },
      }),
    );
    expect(en).toMatchObject({
      typeCode: "381",
      preceding: { number: "INV-000001", issuedOn: "2026-02-01" },
      seller: { country: "DE" },
    });
  });
});

describe("a document has no XML", () => {
  const nobody = { ...partyOf("DE", null), registration: null };
  const tax = (category: DocumentLine["tax"]["category"], rate = "0", reason: string | null = "why") => ({
    tax: { category, rate, taxRateId: null, reason },
  });
  test.each([
    ["currency_too_fine", document([line()], { currency: "KWD" })],
    ["no_lines", document([])],
    ["seller_incomplete", document([line()], { seller: { ...partyOf("DE", "DE136695976"), name: " " } })],
    ["seller_unidentified", document([line()], { seller: nobody })],
    ["seller_unidentified", document([line(tax("O"))], { seller: { ...partyOf("DE", "DE136695976"), registration: null } })],
    ["seller_unidentified", document([line(tax("G"))], { seller: partyOf("DE", null) })],
    [
      "buyer_incomplete",
      document([line()], { buyer: { ...nobody, country: null, address: { ...nobody.address, country: null } } }),
    ],
    ["buyer_unidentified", document([line(tax("AE"))], { buyer: nobody })],
    ["payment_terms_missing", document([line()], { dueOn: null })],
    ["taxes_not_combinable", document([line(tax("O")), line({ id: "2" })])],
    ["taxes_not_combinable", document([line(tax("AE", "19"))])],
    ["taxes_not_combinable", document([line(), line({ id: "2", ...tax("S", "19", "reduced") })])],
    ["rules_broken", document([line({ description: " " })])],
    ["rules_broken", document([line({ quantity: 1000, amount: 1_000_000, net: 1_000_000, ...tax("S", "0.4", null) })])],
    ["rules_broken", document([line()], { totals: { ...totalsOf([line()], "exclusive", "EUR"), taxTotal: 571 } })],
  ] as const)("%s", (code, final) => {
    const refused = whyNoXml(final);
    expect(refused?.code).toBe(code);
    expect(refused?.detail).not.toBe("");
    expect(() => enDocument(final)).toThrow(RangeError);
  });

  test("what is due needs terms, what is not due needs none", () => {
    expect(whyNoXml(document([line()], { dueOn: null, paymentTerms: "At once" }))).toBeNull();
    expect(whyNoXml(document([line()], { dueOn: null, prepaid: 3570 }))).toBeNull();
  });
});

function centsMore(text: string, cents: bigint): string {
  const units = BigInt(text.replace(".", "")) * (text.includes(".") ? 1n : 100n) + cents;
  const digits = (units < 0n ? -units : units).toString().padStart(3, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
