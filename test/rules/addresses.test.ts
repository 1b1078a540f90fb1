import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { addressKey, isWithin, rangeKeys } from "#rules/addresses";

test.each([
  ["203.0.113.7", "00000000000000000000ffffcb007107"],
  ["::ffff:203.0.113.7", "00000000000000000000ffffcb007107"],
  ["2001:db8::1", "20010db8000000000000000000000001"],
  ["::1", "00000000000000000000000000000001"],
  ["no address", null],
  ["203.0.113.0/24", null],
  ["", null],
])("the address %j has the key %j", (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test.each([
  ["203.0.113.0/24", "00000000000000000000ffffcb007100", "00000000000000000000ffffcb0071ff"],
  ["203.0.113.200/25", "00000000000000000000ffffcb007180", "00000000000000000000ffffcb0071ff"],
  ["203.0.113.7", "00000000000000000000ffffcb007107", "00000000000000000000ffffcb007107"],
  ["0.0.0.0/0", "00000000000000000000ffff00000000", "00000000000000000000ffffffffffff"],
  ["2001:db8::/33", "20010db8000000000000000000000000", "20010db87fffffffffffffffffffffff"],
  ["::/0", "0".repeat(32), "f".repeat(32)],
])("the range %j reaches from %j to %j", (range, from, to) => {
  expect(rangeKeys(range)).toEqual({ from, to });
});

test("what is no range has no keys", () => {
  expect(["203.0.113.0/33", "x", "", "203.0.113.0/"].map(rangeKeys)).toEqual([null, null, null, null]);
});

const ip = fc.oneof(fc.ipV4(), fc.ipV6());
const range = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(fc.ipV6(), fc.integer({ min: 96, max: 128 })).map(([address, bits]) => `${address}/${bits}`),
);
const near = range.chain((text) => fc.tuple(fc.constant(text), fc.oneof(ip, fc.constant(text.split("/")[0] ?? ""))));

property.prop([near])("an address lies between the keys of a range just where it lies within the range", ([text, address]) => {
  // a range of IPv6 addresses that holds v4-mapped ones holds IPv4 by key alone
  fc.pre(!(address.includes(".") && text.includes(":")));
  const [keys, key] = [rangeKeys(text), addressKey(address)];
  const between = keys !== null && key !== null && keys.from <= key && key <= keys.to;
  expect(between).toBe(isWithin(address, [text]));
});
