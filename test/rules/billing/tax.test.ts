import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type TaxRate, chooseRate, isValidOn, whyNotTaxRate } from "#rules/billing/tax";
import { EU_STATES, VAT_RATES_FROM, isEuState, standardVatRate } from "#rules/billing/vat-rates";

const rate = (more: Partial<TaxRate> = {}): TaxRate => ({
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
const question = { country: "DE", state: null, taxCategory: "standard", on: "2026-03-01" };
const days = fc.integer({ min: 0, max: 60 }).map((day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10));
const rates = fc.record({
  country: fc.constantFrom("DE", "US"),
  state: fc.option(fc.constantFrom("CA", "NY")),
  taxCategory: fc.constantFrom("standard", "reduced"),
  validFromOn: fc.option(days),
  validUntilOn: fc.option(days),
});

describe("a tenant's rate", () => {
  test.prop([
    fc.array(rates, { maxLength: 8 }),
    fc.record({
      country: fc.constantFrom("DE", "US"),
      state: fc.option(fc.constantFrom("CA", "NY")),
      taxCategory: fc.constantFrom("standard", "reduced"),
      on: days,
    }),
  ])("is of the place, the goods and the day, and where rates were let in one by one never one of two", (drawn, asked) => {
    const kept: TaxRate[] = [];
    for (const [index, more] of drawn.entries()) {
      const candidate = rate({ ...more, id: `txr_${index}` });
      if (whyNotTaxRate(candidate, kept) === null) kept.push(candidate);
    }
    const choice = chooseRate(kept, asked);
    expect(choice.kind).not.toBe("ambiguous");
    const matching = kept.filter(
      (each) =>
        each.country === asked.country &&
        each.taxCategory === asked.taxCategory &&
        (each.state === null || each.state === asked.state) &&
        isValidOn(each, asked.on),
    );
    expect(choice.kind === "found").toBe(matching.length > 0);
    if (choice.kind === "found") {
      expect(matching).toContain(choice.rate);
      if (matching.some(({ state }) => state !== null)) expect(choice.rate.state).toBe(asked.state);
    }
  });

  test("changes on the day that the new one begins", () => {
    const both = [rate({ validUntilOn: "2026-03-01" }), rate({ id: "txr_2", percent: "21", validFromOn: "2026-03-01" })];
    const percentOn = (on: string) => {
      const choice = chooseRate(both, { ...question, on });
      return choice.kind === "found" ? choice.rate.percent : choice.kind;
    };
    expect(["2026-02-28", "2026-03-01", "2027-01-01"].map(percentOn)).toEqual(["19", "21", "21"]);
  });

  test("that is missing is told from one that is zero, and says what is missing", () => {
    const kind = (rates: TaxRate[], more = {}) => chooseRate(rates, { ...question, ...more }).kind;
    expect(kind([])).toBe("nowhere");
    expect(kind([rate({ country: "FR" })])).toBe("nowhere");
    expect(kind([rate({ archivedAt: new Date(0) })])).toBe("nowhere");
    expect(kind([rate({ state: "BY" })])).toBe("nowhere");
    expect(kind([rate()], { taxCategory: "reduced" })).toBe("no_category");
    expect(kind([rate({ validFromOn: "2026-03-02" })])).toBe("not_then");
    expect(kind([rate(), rate({ id: "txr_2" })])).toBe("ambiguous");
    expect(kind([rate({ percent: "0", category: "Z" })])).toBe("found");
  });

  test("of a state comes before that of its country", () => {
    const both = [rate({ country: "US", percent: "1" }), rate({ id: "txr_2", country: "US", state: "CA", percent: "7.25" })];
    const percentIn = (state: string | null) => {
      const choice = chooseRate(both, { ...question, country: "US", state });
      return choice.kind === "found" ? choice.rate.percent : choice.kind;
    };
    expect(["CA", " ca", "NY", null].map(percentIn)).toEqual(["7.25", "7.25", "1", "1"]);
  });

  test("does not overlap another for the same place and goods", () => {
    const code = (more: Partial<TaxRate>, others: TaxRate[] = []) => whyNotTaxRate(rate({ id: "txr_2", ...more }), others)?.code;
    expect(code({}, [rate()])).toBe("overlapping");
    expect(code({ id: "txr_1" }, [rate()])).toBeUndefined();
    expect(code({ state: "BY" }, [rate()])).toBeUndefined();
    expect(code({ taxCategory: "reduced" }, [rate()])).toBeUndefined();
    expect(code({}, [rate({ archivedAt: new Date(0) })])).toBeUndefined();
    expect(code({ validFromOn: "2026-01-01" }, [rate({ validUntilOn: "2026-01-01" })])).toBeUndefined();
    expect(code({ validFromOn: "2025-12-31" }, [rate({ validUntilOn: "2026-01-01" })])).toBe("overlapping");
    expect(code({ validFromOn: "2026-01-01", validUntilOn: "2026-01-01" })).toBe("invalid_validity");
    expect(code({ percent: "100.1" })).toBe("invalid_percent");
    expect(code({ percent: "0" })).toBe("percent_of_category");
    expect(code({ percent: "5", category: "E" })).toBe("percent_of_category");
  });
});

describe("standard rates of the member states", () => {
  test("are known of all 27, from 2020 on", () => {
    expect(EU_STATES).toHaveLength(27);
    expect(EU_STATES).toEqual(EU_STATES.toSorted());
    for (const state of EU_STATES) {
      expect(Number(standardVatRate(state, VAT_RATES_FROM))).toBeGreaterThanOrEqual(15);
      expect(standardVatRate(state, "2019-12-31")).toBeNull();
    }
    expect(["GB", "CH", "US", "EL", "toString"].map(isEuState)).toEqual([false, false, false, false, false]);
    expect(standardVatRate("CH", "2026-01-01")).toBeNull();
  });

  test.each([
    ["DE", "2020-06-30", "19"],
    ["DE", "2020-07-01", "16"],
    ["DE", "2021-01-01", "19"],
    ["IE", "2021-02-28", "21"],
    ["LU", "2023-06-01", "16"],
    ["EE", "2023-12-31", "20"],
    ["EE", "2024-01-01", "22"],
    ["EE", "2025-07-01", "24"],
    ["FI", "2024-08-31", "24"],
    ["FI", "2024-09-01", "25.5"],
    ["SK", "2025-01-01", "23"],
    ["RO", "2025-07-31", "19"],
    ["RO", "2025-08-01", "21"],
    ["HU", "2026-01-01", "27"],
  ])("%s on %s is %s %%", (state, on, percent) => {
    expect(standardVatRate(state, on)).toBe(percent);
  });
});
