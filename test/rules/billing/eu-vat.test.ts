import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  type VatCustomer,
  type VatDecision,
  type VatQuestion,
  type VatSeller,
  judgeLocation,
  lineTaxOf,
  needsConsultation,
  vatStateOf,
  vatTreatment,
} from "#rules/billing/eu-vat";
import type { TaxRate } from "#rules/billing/tax";
import { EU_STATES, standardVatRate } from "#rules/billing/vat-rates";

const VALID = { state: "valid", checkedAt: new Date("2026-03-01T00:00:00Z") } as const;
const seller: VatSeller = { country: "DE", vatId: "DE136695976", scheme: "standard", consumersAt: "destination" };
const business: VatCustomer = { kind: "organization", country: "FR", vatId: "FR40303265045", vies: VALID };
const consumer: VatCustomer = { kind: "person", country: "FR", vatId: null, vies: null };
const ask = (
  more: Omit<Partial<VatQuestion>, "seller" | "customer"> & { seller?: Partial<VatSeller>; customer?: Partial<VatCustomer> } = {},
) =>
  vatTreatment({
    whenUnknown: "charge",
    taxPointOn: "2026-03-01",
    taxCategory: "standard",
    rates: [],
    ...more,
    seller: { ...seller, ...more.seller },
    customer: { ...business, ...more.customer },
  });
/** The decision in a line: treatment, category, rate, place. */
const told = (decision: VatDecision) =>
  decision.ok
    ? `${decision.treatment} ${decision.category} ${decision.rate} ${decision.place ?? "-"}`
    : `refused ${decision.code}`;
const rate = (more: Partial<TaxRate>): TaxRate => ({
  id: "txr_1",
  name: "VAT",
  country: "DE",
  state: null,
  taxCategory: "standard",
  category: "S",
  percent: "19",
  validFromOn: null,
  validUntilOn: null,
  archivedAt: null,
  ...more,
});

/** Mostly what leads to a reverse charge, so that one thing at a time is wrong. */
const mostly = <T>(right: T, ...wrong: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(right) }, fc.constantFrom(...wrong));
const questions: fc.Arbitrary<VatQuestion> = fc.record({
  seller: fc.record({
    country: mostly<string | null>("DE", "FR", "US", "MC", "GR", null),
    vatId: mostly<string | null>("DE136695976", "FR40303265045", "EL039868210", "DE136695977", null),
    scheme: fc.constantFrom("standard" as const, "small_business" as const),
    consumersAt: fc.constantFrom("destination" as const, "home" as const),
  }),
  customer: fc.record({
    kind: fc.constantFrom("person" as const, "organization" as const),
    country: mostly<string | null>("FR", "DE", "AT", "GR", "GB", "US", "AX", "MC", "ES", null),
    postalCode: mostly<string | null>(null, "10115", "97400", "35001"),
    vatId: mostly<string | null>(
      "FR40303265045",
      "ATU15159209",
      "DE136695976",
      "XI980780684",
      "GB980780684",
      "EL039868210",
      "FR40303265046",
      "nonsense",
      null,
    ),
    vies: fc.oneof(
      fc.constant(VALID),
      fc.constant(null),
      fc.record({
        state: fc.constantFrom("valid" as const, "invalid" as const, "unknown" as const, "unchecked" as const),
        checkedAt: fc.constantFrom(null, VALID.checkedAt),
      }),
    ),
  }),
  whenUnknown: fc.constantFrom("charge", "reverse_charge", "refuse"),
  taxPointOn: fc.constantFrom("2019-06-01", "2026-03-01"),
  taxCategory: fc.constantFrom("standard", "reduced"),
  rates: fc.constantFrom([], [rate({})], [rate({ country: "FR", taxCategory: "reduced", percent: "5.5" })]),
});

describe("how a sale is taxed", () => {
  test.prop([questions])("a reverse charge has all that it needs", (question) => {
    const decision = vatTreatment(question);
    fc.pre(decision.ok && decision.category === "AE");
    const { customer, seller, whenUnknown } = question;
    expect(decision).toMatchObject({
      rate: "0",
      reason: "Reverse charge",
      words: "Reverse charge",
      evidenceNeeded: ["vies_consultation"],
    });
    expect(customer.vatId).not.toBeNull();
    expect(["FR40303265045", "ATU15159209", "DE136695976", "EL039868210"]).toContain(customer.vatId);
    expect(customer.vies?.state).not.toBe("invalid");
    if (customer.vies?.state !== "valid" || customer.vies.checkedAt === null) expect(whenUnknown).toBe("reverse_charge");
    expect(seller.vatId).not.toBeNull();
    expect(vatStateOf(customer.country ?? "", customer.postalCode)).not.toBe(vatStateOf(seller.country ?? "", null));
  });

  test.prop([questions])("nothing is taxed at zero without saying why, and nothing is refused without", (question) => {
    const decision = vatTreatment(question);
    if (!decision.ok) {
      expect(decision.detail).not.toBe("");
      return;
    }
    if (Number(decision.rate) === 0) expect(decision.reason).not.toBeNull();
    expect(decision.category === "S").toBe(Number(decision.rate) > 0);
    expect(lineTaxOf(decision)).toEqual({
      category: decision.category,
      rate: decision.rate,
      taxRateId: decision.taxRateId,
      reason: decision.reason,
    });
  });

  test.prop([fc.constantFrom(...EU_STATES), fc.constantFrom(...EU_STATES)])(
    "consumers pay their own state's standard rate",
    (from, to) => {
      const decision = ask({ seller: { country: from, vatId: null }, customer: { ...consumer, country: to } });
      expect(told(decision)).toBe(`${from === to ? "home" : "destination"} S ${standardVatRate(to, "2026-03-01")} ${to}`);
    },
  );

  test("a business of another member state accounts for it itself", () => {
    expect(ask()).toEqual({
      ok: true,
      treatment: "reverse_charge",
      category: "AE",
      rate: "0",
      taxRateId: null,
      reason: "Reverse charge",
      words: "Reverse charge",
      place: null,
      evidenceNeeded: ["vies_consultation"],
      whyNotReverseCharge: null,
    });
    // a person with a VAT id is a business too
    expect(told(ask({ customer: { kind: "person" } }))).toBe("reverse_charge AE 0 -");
    expect(told(ask({ customer: { country: "GR", vatId: "GR039868210" } }))).toBe("reverse_charge AE 0 -");
    expect(told(ask({ customer: { country: "MC" } }))).toBe("reverse_charge AE 0 -");
    expect(told(ask({ seller: { country: "GR", vatId: "EL 039868210" } }))).toBe("reverse_charge AE 0 -");
  });

  test.each([
    ["seller_without_vat_id", { seller: { vatId: null } }],
    ["seller_without_vat_id", { seller: { vatId: "FR40303265045" } }],
    ["seller_without_vat_id", { seller: { vatId: "DE136695977" } }],
    ["no_vat_id", { customer: { vatId: null } }],
    ["consumer", { customer: consumer }],
    ["vat_id_of_other_country", { customer: { vatId: "ATU15159209" } }],
    ["vat_id_of_other_country", { customer: { vatId: "nonsense" } }],
    ["vat_id_of_northern_ireland", { customer: { vatId: "XI980780684" } }],
    ["vat_id_mistyped", { customer: { vatId: "FR40303265046" } }],
    ["vat_id_invalid", { customer: { vies: { state: "invalid", checkedAt: VALID.checkedAt } } }],
    ["vat_id_unconfirmed", { customer: { vies: { state: "unknown", checkedAt: VALID.checkedAt } } }],
    ["vat_id_unconfirmed", { customer: { vies: { state: "unchecked", checkedAt: null } } }],
    ["vat_id_unconfirmed", { customer: { vies: { state: "valid", checkedAt: null } } }],
    ["vat_id_unconfirmed", { customer: { vies: null } }],
  ] as const)("%s: taxed like a consumer", (why, more) => {
    const decision = ask(more);
    expect(told(decision)).toBe("destination S 20 FR");
    expect(decision).toMatchObject({ whyNotReverseCharge: why });
    expect(decision.ok && decision.evidenceNeeded).toContain("customer_location");
  });

  test("where VIES has not answered, the tenant has decided; a no of VIES, nobody can overrule", () => {
    const unknown = { vies: { state: "unknown", checkedAt: VALID.checkedAt } } as const;
    expect(told(ask({ customer: unknown, whenUnknown: "charge" }))).toBe("destination S 20 FR");
    expect(told(ask({ customer: unknown, whenUnknown: "reverse_charge" }))).toBe("reverse_charge AE 0 -");
    expect(told(ask({ customer: unknown, whenUnknown: "refuse" }))).toBe("refused vat_id_unconfirmed");
    const invalid = { vies: { ...unknown.vies, state: "invalid" } } as const;
    for (const whenUnknown of ["charge", "reverse_charge", "refuse"] as const)
      expect(told(ask({ customer: invalid, whenUnknown }))).toBe("destination S 20 FR");
  });

  test.each([
    ["a business at home", { customer: { country: "DE", vatId: "DE136695976" } }, "home S 19 DE"],
    ["a consumer at home", { customer: { ...consumer, country: "DE" } }, "home S 19 DE"],
    ["a consumer, below the threshold", { seller: { consumersAt: "home" }, customer: consumer }, "home S 19 DE"],
    ["a business, below the threshold", { seller: { consumersAt: "home" } }, "reverse_charge AE 0 -"],
    ["Monaco, from France", { seller: { country: "FR", vatId: "FR40303265045" }, customer: { country: "MC" } }, "home S 20 FR"],
    ["a small business at home", { seller: { scheme: "small_business" }, customer: { country: "DE" } }, "small_business E 0 DE"],
    ["a small business, to a business elsewhere", { seller: { scheme: "small_business" } }, "reverse_charge AE 0 -"],
    [
      "a small business, below the threshold",
      { seller: { scheme: "small_business", consumersAt: "home" }, customer: consumer },
      "small_business E 0 DE",
    ],
    ["a small business, above it", { seller: { scheme: "small_business" }, customer: consumer }, "destination S 20 FR"],
    ["outside of the EU", { customer: { country: "US", vatId: null } }, "outside_scope O 0 -"],
    ["the United Kingdom", { customer: { country: "GB", vatId: "GB980780684" } }, "outside_scope O 0 -"],
    ["Northern Ireland, for services", { customer: { country: "GB", vatId: "XI980780684" } }, "outside_scope O 0 -"],
    ["Åland, by its code", { customer: { ...consumer, country: "AX" } }, "outside_scope O 0 -"],
    [
      "the Canary Islands, by their postal code",
      { customer: { ...consumer, country: "ES", postalCode: "35001" } },
      "outside_scope O 0 -",
    ],
    ["a seller of outside the EU", { seller: { country: "US", vatId: null }, customer: consumer }, "not_registered O 0 -"],
    ["a seller that nobody knows where it is", { seller: { country: null } }, "untaxed O 0 -"],
    ["a customer that nobody knows where it is", { customer: { country: null } }, "refused customer_country_unknown"],
    ["before the table of rates", { taxPointOn: "2019-12-31", customer: consumer }, "refused no_tax_rate"],
    ["goods that only the tenant knows the rate of", { taxCategory: "reduced", customer: consumer }, "refused no_tax_rate"],
  ] as const)("%s", (_, more, expected) => {
    expect(told(ask(more))).toBe(expected);
  });

  test("the tenant's own rates come first, by place, goods and day", () => {
    const rates = [
      rate({ id: "txr_fr", country: "FR", percent: "20.1", validFromOn: "2026-03-01" }),
      rate({ id: "txr_books", country: "FR", taxCategory: "reduced", percent: "5.5" }),
      rate({ id: "txr_gb", country: "GB", percent: "20" }),
      rate({ id: "txr_ca", country: "US", state: "CA", percent: "7.25" }),
      rate({ id: "txr_es", country: "ES", percent: "21" }),
      rate({ id: "txr_igic", country: "ES", state: "TF", percent: "7" }),
      rate({ id: "txr_school", country: "DE", taxCategory: "education", category: "E", percent: "0", name: "Education" }),
    ];
    expect(ask({ rates, customer: consumer })).toMatchObject({ rate: "20.1", taxRateId: "txr_fr" });
    // not valid yet: what is known of the state counts until then
    expect(ask({ rates, customer: consumer, taxPointOn: "2026-02-28" })).toMatchObject({ rate: "20", taxRateId: null });
    expect(ask({ rates, customer: consumer, taxCategory: "reduced" })).toMatchObject({ rate: "5.5", taxRateId: "txr_books" });

    expect(told(ask({ rates, customer: { ...consumer, country: "GB" } }))).toBe("own_rate S 20 GB");
    expect(told(ask({ rates, customer: { country: "GB", vatId: "GB980780684" } }))).toBe("outside_scope O 0 -");
    expect(told(ask({ rates, customer: { ...consumer, country: "US", state: "CA" } }))).toBe("own_rate S 7.25 US");
    expect(told(ask({ rates, customer: { ...consumer, country: "US", state: "NY" } }))).toBe("outside_scope O 0 -");
    expect(told(ask({ rates, customer: { ...consumer, country: "GB" }, taxCategory: "reduced" }))).toBe("refused no_tax_rate");
    // Spain's rate is not that of the Canary Islands
    expect(told(ask({ rates, customer: { ...consumer, country: "ES", postalCode: "35001" } }))).toBe("outside_scope O 0 -");
    expect(told(ask({ rates, customer: { ...consumer, country: "ES", postalCode: "38001", state: "TF" } }))).toBe(
      "own_rate S 7 ES",
    );

    expect(ask({ rates, customer: { country: "DE" }, taxCategory: "education" })).toMatchObject({
      treatment: "home",
      category: "E",
      rate: "0",
      reason: "Education",
      words: "Education",
    });
    expect(told(ask({ rates: [rate({}), rate({ id: "txr_2" })], customer: { country: "DE" } }))).toBe(
      "refused ambiguous_tax_rate",
    );
    // a region of the customer's has nothing to say where the seller's state taxes
    const regional = [rate({ id: "txr_by", state: "BY", percent: "1" })];
    expect(told(ask({ rates: regional, seller: { consumersAt: "home" }, customer: { ...consumer, state: "BY" } }))).toBe(
      "home S 19 DE",
    );
  });
});

describe("whose VAT an address is under", () => {
  test.each([
    ["FR", "75001", "FR"],
    ["MC", "98000", "FR"],
    ["FR", "98000", "FR"],
    ["FR", "97400", null],
    ["RE", null, null],
    ["ES", "28001", "ES"],
    ["ES", "E-38001", null],
    ["ES", "51001", null],
    ["DE", "78266", null],
    ["DE", "D-27498", null],
    ["DE", null, "DE"],
    ["IT", "23041", null],
    ["GR", "630 86", null],
    ["EL", "10431", "GR"],
    ["FI", "22100", null],
    ["AX", "22100", null],
    ["GB", "BT1 1AA", null],
    ["IM", null, null],
    ["CH", null, null],
    ["PT", "9000-001", "PT"],
  ])("%s %s is %s", (country, postalCode, state) => {
    expect(vatStateOf(country, postalCode)).toBe(state);
  });
});

describe("evidence of where a customer is", () => {
  const none = { billingCountry: null, cardCountry: null, ipCountry: null };
  test.each([
    ["two that agree", { ...none, billingCountry: "FR", cardCountry: "FR" }, "ok"],
    ["two of three", { billingCountry: "FR", cardCountry: "FR", ipCountry: "US" }, "ok"],
    ["Monaco speaks for France", { ...none, billingCountry: "MC", ipCountry: "FR" }, "ok"],
    ["a confirmed VAT id", { ...none, billingCountry: "FR", vatIdCountry: "FR" }, "ok"],
    ["one alone", { ...none, billingCountry: "FR" }, "too_few"],
    ["nothing", none, "too_few"],
    ["one against one", { ...none, billingCountry: "FR", cardCountry: "DE" }, "contradicting"],
    ["two against one", { billingCountry: "FR", cardCountry: "DE", ipCountry: "DE" }, "contradicting"],
    ["two against two", { billingCountry: "FR", cardCountry: "FR", ipCountry: "DE", vatIdCountry: "DE" }, "contradicting"],
    ["only others", { ...none, ipCountry: "DE", cardCountry: "US" }, "contradicting"],
  ])("%s", (_, pieces, expected) => {
    const verdict = judgeLocation(pieces, "FR");
    expect(verdict.ok ? "ok" : verdict.code).toBe(expected);
  });

  test("VIES is asked again after a while, and where it never answered", () => {
    const now = new Date("2026-03-31T00:00:00Z");
    expect(needsConsultation(VALID, now, 30)).toBe(false);
    expect(needsConsultation(VALID, now, 29)).toBe(true);
    expect(needsConsultation({ ...VALID, state: "unknown" }, now, 30)).toBe(true);
    expect(needsConsultation({ ...VALID, state: "invalid" }, now, 30)).toBe(false);
    expect(needsConsultation({ state: "valid", checkedAt: null }, now, 30)).toBe(true);
    expect(needsConsultation(null, now, 30)).toBe(true);
  });
});
