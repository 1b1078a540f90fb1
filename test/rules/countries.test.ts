import { expect, test } from "vitest";
import { countryOf } from "#rules/countries";

test("a country is two letters of ISO 3166-1 in any case, and the United Kingdom's other name is understood", () => {
  expect(["AT", "at", "Us", "UK", "gb", "XK"].map(countryOf)).toEqual(["AT", "AT", "US", "GB", "GB", "XK"]);
});

test("what ISO 3166-1 does not list is no country", () => {
  expect(["", "A", "ZZ", "XX", "T1", "EU", "AUT", " AT", "ÅT"].map(countryOf)).toEqual(Array.from({ length: 9 }, () => null));
});

test("all 249 codes and Kosovo's are known", () => {
  const letters = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  const known = letters.flatMap((first) => letters.map((second) => first + second)).filter((code) => countryOf(code) === code);
  expect(known).toHaveLength(250);
});
