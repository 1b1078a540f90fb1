import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { canonicalText, previewText } from "#rules/billing/previews";
import { planChange, planStart } from "#rules/sales/subscription-plans";
import { Books, of, price } from "../sales/subscribing.ts";

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.string(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 5 }),
  ),
})).value;

/** The same value with the keys of every object the other way around. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, field]) => [key, reversed(field)]),
  );
}

describe("the text of a value", () => {
  test.prop([values])("does not depend on the order of keys, and says what JSON would", (value) => {
    const text = canonicalText(value);
    expect(canonicalText(reversed(value))).toBe(text);
    const plain: unknown = JSON.parse(
      JSON.stringify(value, (_, field: unknown) => (typeof field === "bigint" ? String(field) : field)),
    );
    expect(canonicalText(JSON.parse(text))).toBe(canonicalText(plain));
  });

  test("sorts keys at every depth, leaves out what is undefined, and has no -0", () => {
    const value = { b: [{ z: 1, a: 10n }], a: new Date("2026-03-01T00:00:00Z"), c: undefined, d: -0, é: "é" };
    expect(canonicalText(value)).toBe('{"a":"2026-03-01T00:00:00.000Z","b":[{"a":"10","z":1}],"d":0,"é":"é"}');
  });

  test.each([0.5, Number.NaN, Infinity, 2 ** 53, () => 1, new Map(), new Date(Number.NaN)])("%s has none", (value) => {
    expect(() => canonicalText({ value })).toThrow(RangeError);
    expect(() => canonicalText([undefined])).toThrow(RangeError);
  });
});

describe("the text of a preview", () => {
  const prices = [price("basic", "1000"), price("pro", "3000")];
  const started = () => {
    const books = new Books(prices);
    books.do(
      planStart({ items: [of("basic")], timeZone: "UTC", collectionMethod: "send_invoice" }, books.at("2026-03-01T00:00:00Z")),
    );
    return books;
  };
  const textOf = (books: Books, at: string, quantity = 1, subjectId = "sub_1") => {
    const planned = planChange(books.state, { items: [of("pro", quantity)] }, "now", books.at(at));
    return previewText({ operation: "subscriptions.update", subjectId, effectiveAt: new Date(at), plan: planned });
  };

  test("is the same to the byte for the same facts, read anew from JSON or not", () => {
    const at = "2026-03-16T12:00:00Z";
    const books = started();
    const text = textOf(books, at);
    expect(textOf(started(), at)).toBe(text);
    const stored = started();
    for (const invoice of stored.invoices) invoice.lines = JSON.parse(JSON.stringify(invoice.lines)) as typeof invoice.lines;
    expect(textOf(stored, at)).toBe(text);
  });

  test("is another where the instant, the object, the request or the subscription is another", () => {
    const at = "2026-03-16T12:00:00Z";
    const text = textOf(started(), at);
    expect(textOf(started(), "2026-03-16T12:00:01Z")).not.toBe(text);
    expect(textOf(started(), at, 2)).not.toBe(text);
    expect(textOf(started(), at, 1, "sub_2")).not.toBe(text);
    const changed = started();
    changed.do(planChange(changed.state, { items: [of("basic", 2)] }, "next_invoice", changed.at(at)));
    expect(textOf(changed, at)).not.toBe(text);
  });
});
