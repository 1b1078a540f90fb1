/**
 * The standard VAT rates of the 27 member states, from 2020 on.
 *
 * Source: the states' own laws, as the European Commission lists them ("VAT rates applied in the Member States", Taxes in Europe Database),
 * as known at the end of 2025. This is not tax advice: what a state changes later is not here until somebody writes it down, and a tenant's
 * own rate always comes before this table. Reduced rates are not here; a tenant who sells at one says so with a rate of its own.
 */

/** The first day that the table knows of. */
export const VAT_RATES_FROM = "2020-01-01";

/** From which day on which percentage, by state; the last goes on. */
const STANDARD: Record<string, readonly (readonly [fromOn: string, percent: string])[]> = {
  AT: [[VAT_RATES_FROM, "20"]],
  BE: [[VAT_RATES_FROM, "21"]],
  BG: [[VAT_RATES_FROM, "20"]],
  CY: [[VAT_RATES_FROM, "19"]],
  CZ: [[VAT_RATES_FROM, "21"]],
  // lowered for half a year in the pandemic
  DE: [
    [VAT_RATES_FROM, "19"],
    ["2020-07-01", "16"],
    ["2021-01-01", "19"],
  ],
  DK: [[VAT_RATES_FROM, "25"]],
  EE: [
    [VAT_RATES_FROM, "20"],
    ["2024-01-01", "22"],
    ["2025-07-01", "24"],
  ],
  ES: [[VAT_RATES_FROM, "21"]],
  FI: [
    [VAT_RATES_FROM, "24"],
    ["2024-09-01", "25.5"],
  ],
  FR: [[VAT_RATES_FROM, "20"]],
  GR: [[VAT_RATES_FROM, "24"]],
  HR: [[VAT_RATES_FROM, "25"]],
  HU: [[VAT_RATES_FROM, "27"]],
  // lowered for half a year in the pandemic
  IE: [
    [VAT_RATES_FROM, "23"],
    ["2020-09-01", "21"],
    ["2021-03-01", "23"],
  ],
  IT: [[VAT_RATES_FROM, "22"]],
  LT: [[VAT_RATES_FROM, "21"]],
  // lowered for the year 2023
  LU: [
    [VAT_RATES_FROM, "17"],
    ["2023-01-01", "16"],
    ["2024-01-01", "17"],
  ],
  LV: [[VAT_RATES_FROM, "21"]],
  MT: [[VAT_RATES_FROM, "18"]],
  NL: [[VAT_RATES_FROM, "21"]],
  PL: [[VAT_RATES_FROM, "23"]],
  PT: [[VAT_RATES_FROM, "23"]],
  RO: [
    [VAT_RATES_FROM, "19"],
    ["2025-08-01", "21"],
  ],
  SE: [[VAT_RATES_FROM, "25"]],
  SI: [[VAT_RATES_FROM, "22"]],
  SK: [
    [VAT_RATES_FROM, "20"],
    ["2025-01-01", "23"],
  ],
};

/** The member states, ISO 3166-1, sorted. */
export const EU_STATES: readonly string[] = Object.keys(STANDARD);

/** Whether the country is a member state. Territories with codes of their own are none. */
export function isEuState(country: string): boolean {
  return Object.hasOwn(STANDARD, country);
}

/** The state's standard rate on that day (`YYYY-MM-DD`), in percent; null before 2020 and where the country is no member state. */
export function standardVatRate(country: string, on: string): string | null {
  if (!isEuState(country)) return null;
  return STANDARD[country]?.findLast(([fromOn]) => on >= fromOn)?.[1] ?? null;
}
