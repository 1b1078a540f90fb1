import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  type Counters,
  gapsIn,
  numberText,
  raiseCounters,
  readNumber,
  sequenceOf,
  seriesClash,
  takeNumber,
  whyNotSeries,
} from "#rules/billing/numbering";

const yearly = { prefix: "INV-{YYYY}-", width: 6 };
const prefixes = fc
  .array(fc.constantFrom("A", "RE", "-", "/", "{YYYY}", "{YY}", "{MM}", "7"), { maxLength: 6 })
  .map((parts) => `${parts.join("")}-`);
const series = fc
  .record({ prefix: prefixes, width: fc.integer({ min: 1, max: 12 }) })
  .filter((candidate) => whyNotSeries(candidate) === null);
const days = fc
  .date({ min: new Date("2000-01-01T00:00:00Z"), max: new Date("2099-12-31T00:00:00Z"), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));

describe("a document's number", () => {
  test.each([
    [yearly, "2026-03-01", 42, "INV-2026-000042"],
    [{ prefix: "INV-", width: 4 }, "2026-03-01", 7, "INV-0007"],
    [{ prefix: "", width: 1 }, "2026-03-01", 7, "7"],
    [{ prefix: "CN/{YY}/{MM}/", width: 3 }, "2026-03-01", 999, "CN/26/03/999"],
    [{ prefix: "CN/{YY}/{MM}/", width: 3 }, "2026-03-01", 1000, "CN/26/03/1000"],
  ])("%j on %s: %i is %s", (numbering, day, sequence, text) => {
    expect(whyNotSeries(numbering)).toBeNull();
    expect(numberText(numbering, day, sequence)).toBe(text);
  });

  test.prop([series, days, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })])(
    "is read back as the sequence and its place in it",
    (numbering, day, sequence) => {
      expect(readNumber(numbering.width, numberText(numbering, day, sequence))).toEqual({
        sequenceName: sequenceOf(numbering, day),
        sequence,
      });
    },
  );

  test.prop([series, days, days, fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 3000 })])(
    "is given once: two are equal only where sequence and place are",
    (numbering, dayA, dayB, a, b) => {
      const same = sequenceOf(numbering, dayA) === sequenceOf(numbering, dayB) && a === b;
      expect(numberText(numbering, dayA, a) === numberText(numbering, dayB, b)).toBe(same);
    },
  );

  test.each([
    [{ prefix: "INV{YYYY}", width: 6 }, "prefix_ends_in_digit"],
    [{ prefix: "INV2", width: 6 }, "prefix_ends_in_digit"],
    [{ prefix: "INV-{MM}-", width: 6 }, "month_without_year"],
    [{ prefix: "INV {YYYY}-", width: 6 }, "prefix_characters"],
    [{ prefix: "INV-{DD}-", width: 6 }, "prefix_characters"],
    [{ prefix: "I".repeat(31), width: 6 }, "prefix_length"],
    [{ prefix: "INV-", width: 0 }, "width"],
    [{ prefix: "INV-", width: 1.5 }, "width"],
  ])("%j: %s", (numbering, code) => {
    expect(whyNotSeries(numbering)?.code).toBe(code);
  });

  test("is none without a place in its sequence, or a day", () => {
    expect(() => numberText(yearly, "2026-03-01", 0)).toThrow(RangeError);
    expect(() => numberText(yearly, "2026-03-01T00:00:00Z", 1)).toThrow(RangeError);
    expect([readNumber(6, "INV-2026-42"), readNumber(6, "INV-2026-"), readNumber(6, "INV-2026-000000")]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test("series clash where one reads as the other on any day", () => {
    expect(seriesClash(yearly, { prefix: "CN-{YYYY}-" })).toBe(false);
    expect(seriesClash(yearly, yearly)).toBe(true);
    expect(seriesClash(yearly, { prefix: "INV-2031-" })).toBe(true);
    expect(seriesClash({ prefix: "{YY}{MM}-" }, { prefix: "{YYYY}-" })).toBe(true);
  });
});

describe("a sequence", () => {
  /** Takers read, then try to write; what is between may be anything. A failed write takes nothing, its taker reads anew. */
  const steps = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("read" as const), taker: fc.nat(3) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), taker: fc.nat(3), fails: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("new_year" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const), back: fc.nat(20) }) },
    ),
    { maxLength: 120 },
  );

  test.prop([steps])("has no gap and no number twice, whoever races, fails, or is restored", (script) => {
    let counters: Counters = new Map();
    let year = 2026;
    const given: string[] = [];
    const history: Counters[] = [counters];
    const read = new Map<number, { name: string; last: number; day: string }>();
    for (const step of script) {
      const day = `${year}-05-05`;
      if (step.kind === "read") {
        const name = sequenceOf(yearly, day);
        read.set(step.taker, { name, last: counters.get(name) ?? 0, day });
      } else if (step.kind === "write") {
        const known = read.get(step.taker);
        const taken = known && takeNumber(counters, known.name, known.last);
        read.delete(step.taker);
        // one batch: the number is taken together with the document, or neither
        if (!known || !taken || step.fails) continue;
        counters = taken;
        history.push(counters);
        given.push(numberText(yearly, known.day, known.last + 1));
      } else if (step.kind === "new_year") year++;
      else {
        // the database is an older one, the document store is not; nobody remembers what they read
        counters = raiseCounters(history[Math.max(0, history.length - 1 - step.back)] ?? new Map(), yearly.width, given);
        read.clear();
      }
    }
    expect(new Set(given).size).toBe(given.length);
    expect(gapsIn(yearly.width, given)).toEqual(new Map());
  });

  test("is taken by one of two who read the same", () => {
    const counters = new Map([["INV-2026-", 41]]);
    const first = takeNumber(counters, "INV-2026-", 41);
    expect(first).toEqual(new Map([["INV-2026-", 42]]));
    expect(takeNumber(first ?? counters, "INV-2026-", 41)).toBeNull();
    expect(takeNumber(counters, "INV-2027-", 0)).toEqual(new Map([...counters, ["INV-2027-", 1]]));
  });

  test("after a restore goes on behind what the document store holds, and is never lowered", () => {
    const stored = ["INV-2026-000044", "INV-2026-000043", "INV-2027-000001", "notes.txt", "INV-2026-99"];
    expect(raiseCounters(new Map([["INV-2026-", 41]]), 6, stored)).toEqual(
      new Map([
        ["INV-2026-", 44],
        ["INV-2027-", 1],
      ]),
    );
    expect(raiseCounters(new Map([["INV-2026-", 50]]), 6, stored).get("INV-2026-")).toBe(50);
  });

  test("shows its gaps, and none where there is none", () => {
    expect(gapsIn(1, ["A-1", "A-2", "A-5", "A-4", "A-9", "B-1", "C-3"])).toEqual(
      new Map([
        [
          "A-",
          [
            [3, 3],
            [6, 8],
          ],
        ],
        ["C-", [[1, 2]]],
      ]),
    );
  });
});
