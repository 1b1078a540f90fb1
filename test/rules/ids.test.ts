import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { idOf, madeAt } from "#rules/ids";

test.prop([fc.date({ min: new Date(0), max: new Date(2 ** 45), noInvalidDate: true })])("an id tells when it was made", (at) => {
  expect(madeAt(idOf("event", "0z", at, new Uint8Array(10)))).toEqual(at);
});

test("what is no id of ours was made at no time", () => {
  expect(madeAt("evt_001")).toBeUndefined();
});
