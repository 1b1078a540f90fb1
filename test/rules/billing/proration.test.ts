import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { DocumentLine } from "#rules/billing/documents";
import { BILLING_INTERVALS, type Span, periodAt } from "#rules/billing/periods";
import {
  PRORATION_CONVENTIONS,
  type ProrationRule,
  type UntaxedLine,
  prorationCharge,
  prorationCredit,
  prorationInstant,
  recomputeLine,
  remainingPart,
} from "#rules/billing/proration";
import { type Rational, add, compare, mul, sub, toRational } from "#rules/rational";
import { ZONES, clockChanges } from "./zones.ts";

const at = (text: string) => new Date(text);
const TAX = { category: "S", rate: "19", taxRateId: "tax_1", reason: null } as const;

/** A line for the whole of a period. */
function fullLine(net: number, period: Span, discount = 0): UntaxedLine {
  return {
    description: "Pro",
    quantity: 1,
    unitAmount: String(net + discount),
    amount: net + discount,
    discount,
    net,
    tax: null,
    priceId: "prc_1",
    priceRev: 1,
    productId: "prod_1",
    subscriptionItemId: "1",
    periodStartAt: period.startsAt.toISOString(),
    periodEndAt: period.endsAt.toISOString(),
    derivation: { kind: "flat", quantity: 1, unitAmount: net + discount },
    creditsLine: null,
  };
}
const billed = (line: UntaxedLine, credited = 0) => ({
  on: { invoiceId: "inv_1", lineId: "1" },
  line: { ...line, id: "1", tax: line.tax ?? TAX } satisfies DocumentLine,
  credited,
});
const expectRecomputable = (line: UntaxedLine) =>
  expect(recomputeLine(line)).toEqual({
    amount: line.amount,
    part: line.derivation.kind === "proration" ? line.derivation.part : null,
  });

/** The platform's own calendars: making one takes longer than all that is reckoned with it. */
const CALENDARS = new Map(ZONES.map((zone) => [zone, new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short" })]));

/** Time as each convention measures it, reckoned here anew: seconds by division, days by the platform's calendar. */
function measure(from: Date, to: Date, { by, zone }: ProrationRule): bigint {
  if (by === "second") return BigInt((to.getTime() - from.getTime()) / 1000);
  const calendar = CALENDARS.get(zone);
  const day = (instant: Date) => Date.parse(calendar?.format(instant) ?? "");
  return BigInt((day(to) - day(from)) / 86_400_000);
}

/** Changes the price at each instant of a chain; what was billed, in order, after the first line for the whole period. */
function chain(period: Span, prices: readonly number[], instants: readonly Date[], rule: ProrationRule): UntaxedLine[] {
  const lines = [fullLine(prices[0] ?? 0, period)];
  let current = lines[0]!;
  for (const [index, instant] of instants.entries()) {
    const credit = prorationCredit(billed(current), instant, rule);
    expect(-credit.net).toBeLessThanOrEqual(current.net);
    current = prorationCharge(fullLine(prices[index + 1] ?? 0, period), period, instant, rule);
    lines.push(credit, current);
  }
  return lines;
}

/** The price over time, per part of the period that each was valid for. */
function integral(period: Span, prices: readonly number[], instants: readonly Date[], rule: ProrationRule): Rational {
  const borders = [period.startsAt, ...instants.map((instant) => prorationInstant(period, instant, rule)), period.endsAt];
  const length = measure(period.startsAt, period.endsAt, rule);
  return prices
    .map((price, index) => mul(toRational(price), { n: measure(borders[index]!, borders[index + 1]!, rule), d: length }))
    .reduce(add, toRational(0));
}

function expectIntegral(period: Span, prices: readonly number[], instants: readonly Date[], rule: ProrationRule) {
  const lines = chain(period, prices, instants, rule);
  const sum = lines.reduce((total, line) => total + line.net, 0);
  const off = sub(toRational(sum), integral(period, prices, instants, rule));
  // each line but the first is rounded once, by at most half a unit; a credit also passes on a part of its charge's
  expect(compare({ n: off.n < 0n ? -off.n : off.n, d: off.d }, toRational(lines.length - 1))).toBeLessThanOrEqual(0);
  for (const line of lines) expectRecomputable(line);
}

const seconds = (from: string, to: string) =>
  fc.integer({ min: Date.parse(from) / 1000, max: Date.parse(to) / 1000 }).map((second) => new Date(second * 1000));
const cycles = fc.record({
  anchorAt: seconds("2015-01-01", "2040-01-01"),
  zone: fc.constantFrom(...ZONES),
  interval: fc.constantFrom(...BILLING_INTERVALS),
  count: fc.integer({ min: 1, max: 6 }),
});
const conventions = fc.constantFrom(...PRORATION_CONVENTIONS);
const amounts = fc.oneof(fc.nat(20), fc.nat(100_000), fc.nat(1_000_000_000_000));
const changes = fc.array(fc.record({ place: fc.double({ min: 0, max: 1, noNaN: true }), price: amounts }), { maxLength: 8 });
const placed = (period: Span, places: readonly number[]) =>
  places
    .toSorted((a, b) => a - b)
    .map((place) => {
      const length = period.endsAt.getTime() - period.startsAt.getTime();
      return new Date(Math.min(period.startsAt.getTime() + Math.floor((place * length) / 1000) * 1000, period.endsAt.getTime()));
    });

describe("any chain of changes in a period", () => {
  test.prop([cycles, fc.integer({ min: 0, max: 40 }), amounts, changes, conventions], { numRuns: 250 })(
    "costs the price over time, within a unit per line",
    (cycle, k, first, list, by) => {
      const period = periodAt(cycle, k);
      fc.pre(period.startsAt < period.endsAt);
      const rule = { by, zone: cycle.zone };
      fc.pre(measure(period.startsAt, period.endsAt, rule) > 0n);
      const instants = placed(
        period,
        list.map(({ place }) => place),
      );
      expectIntegral(period, [first, ...list.map(({ price }) => price)], instants, rule);
    },
  );

  test("does so over every change of the clocks of every zone", () => {
    let tried = 0;
    for (const zone of ZONES) {
      for (const change of clockChanges(zone, at("2020-01-01"), at("2026-07-01"))) {
        tried++;
        const anchorAt = new Date(change.getTime() - 10 * 86_400_000);
        const period = periodAt({ anchorAt, zone, interval: "month", count: 1 }, 0);
        const around = [-1, 0, 1, 5400].map((second) => new Date(change.getTime() + second * 1000));
        for (const by of PRORATION_CONVENTIONS) expectIntegral(period, [1999, 4999, 0, 999_999, 1999], around, { by, zone });
      }
    }
    expect(tried).toBeGreaterThan(200);
  });

  test.each([
    ["a month that began on the 31st", "2026-01-31T10:00:00Z", "month", "2026-02-14T10:00:00Z", 14n, 28n],
    ["a month with a leap day", "2028-01-31T10:00:00Z", "month", "2028-02-14T10:00:00Z", 15n, 29n],
    ["a year with a leap day", "2028-01-01T00:00:00Z", "year", "2028-02-29T00:00:00Z", 307n, 366n],
  ] as const)("in %s", (_, anchorAt, interval, changedAt, left, days) => {
    const period = periodAt({ anchorAt: at(anchorAt), zone: "UTC", interval, count: 1 }, 0);
    for (const by of PRORATION_CONVENTIONS) {
      const part = remainingPart(period, at(changedAt), { by, zone: "UTC" });
      expect(part.n * days).toBe(part.d * left);
      expectIntegral(period, [10_000, 20_000], [at(changedAt)], { by, zone: "UTC" });
    }
  });
});

describe("up and down again", () => {
  test.prop([cycles, amounts, amounts, fc.double({ min: 0, max: 1, noNaN: true }), conventions, fc.nat(1000)], { numRuns: 250 })(
    "at one instant costs and gains nothing, also after a discount",
    (cycle, net, higher, place, by, discount) => {
      const period = periodAt(cycle, 0);
      fc.pre(period.startsAt < period.endsAt);
      const rule = { by, zone: cycle.zone };
      const [instant] = placed(period, [place]);
      const first = fullLine(net, period, discount);
      const down = prorationCredit(billed(first), instant!, rule);
      const up = prorationCharge(fullLine(higher, period), period, instant!, rule);
      const downAgain = prorationCredit(billed(up), instant!, rule);
      const back = prorationCharge(first, period, instant!, rule);
      expect(down.net + up.net + downAgain.net + back.net).toBe(0);
    },
  );

  test.prop([cycles, amounts, fc.nat(1_000_000), changes, conventions], { numRuns: 250 })(
    "in one period never costs less than the lower price, but for the rounding of the lines",
    (cycle, price, more, list, by) => {
      const period = periodAt(cycle, 0);
      fc.pre(period.startsAt < period.endsAt);
      const instants = placed(
        period,
        list.map(({ place }) => place),
      );
      const prices = [price, ...list.map((_, index) => (index % 2 === 0 ? price + more : price))];
      const lines = chain(period, prices, instants, { by, zone: cycle.zone });
      const sum = lines.reduce((total, line) => total + line.net, 0);
      expect(sum).toBeGreaterThanOrEqual(price - lines.length + 1);
    },
  );
});

describe("a credit", () => {
  const period = { startsAt: at("2026-03-01T00:00:00Z"), endsAt: at("2026-04-01T00:00:00Z") };
  const rule = { by: "second", zone: "UTC" } as const;

  test.prop([amounts, fc.nat(1000), amounts, seconds("2026-02-01", "2026-05-01"), conventions])(
    "never exceeds what is left of its line, whenever it is given",
    (net, discount, credited, instant, by) => {
      const credit = prorationCredit(billed(fullLine(net, period, discount), credited), instant, { by, zone: "UTC" });
      expect(-credit.net).toBeLessThanOrEqual(Math.max(net - credited, 0));
      expect(credit.net).toBeLessThanOrEqual(0);
      expect(Object.is(credit.net, -0)).toBe(false);
      expectRecomputable(credit);
    },
  );

  test("is taken of the line after its discount and what was given back before, and taxed like it", () => {
    const credit = prorationCredit(billed(fullLine(8000, period, 2000), 1000), at("2026-03-16T12:00:00.900Z"), rule);
    expect(credit).toMatchObject({
      description: "Unused time: Pro",
      amount: -3500,
      discount: 0,
      net: -3500,
      tax: TAX,
      periodStartAt: "2026-03-16T12:00:00.000Z",
      periodEndAt: "2026-04-01T00:00:00.000Z",
      creditsLine: { invoiceId: "inv_1", lineId: "1" },
      derivation: { of: "credit", by: "second", at: "2026-03-16T12:00:00.000Z", part: { n: "1", d: "2" }, fullAmount: 7000 },
    });
  });

  test("before the period is all of it, after it nothing, and a line without a period has none", () => {
    const line = fullLine(1000, period);
    expect(prorationCredit(billed(line), at("2026-02-01T00:00:00Z"), rule).net).toBe(-1000);
    expect(prorationCredit(billed(line), at("2026-04-01T00:00:00Z"), rule).net).toBe(0);
    const once = { ...line, periodStartAt: null, periodEndAt: null };
    expect(prorationCredit(billed(once), at("2026-03-10T00:00:00Z"), rule).net).toBe(0);
  });

  test("half a unit is rounded away from zero on both sides", () => {
    const middle = at("2026-03-16T12:00:00Z");
    expect(prorationCredit(billed(fullLine(5, period)), middle, rule).net).toBe(-3);
    expect(prorationCharge(fullLine(5, period), period, middle, rule).net).toBe(3);
  });
});

describe("by the day", () => {
  const berlin = { by: "day", zone: "Europe/Berlin" } as const;
  const period = periodAt({ anchorAt: at("2026-01-31T15:00:00Z"), zone: "Europe/Berlin", interval: "month", count: 1 }, 0);

  test.each([
    ["the first day is whole, however late the period began", "2026-01-31T22:59:59Z", 28n, "2026-01-31T15:00:00.000Z"],
    ["the day of the change belongs to what comes", "2026-02-10T22:59:59Z", 18n, "2026-02-09T23:00:00.000Z"],
    ["days turn by the zone's calendar", "2026-02-10T23:00:00Z", 17n, "2026-02-10T23:00:00.000Z"],
    ["the day of the end is none of the period's", "2026-02-28T10:00:00Z", 0n, "2026-02-27T23:00:00.000Z"],
  ])("%s", (_, changedAt, left, counted) => {
    const part = remainingPart(period, at(changedAt), berlin);
    expect(part.n * 28n).toBe(part.d * left);
    expect(prorationInstant(period, at(changedAt), berlin).toISOString()).toBe(counted);
  });

  test("days of 23 and 25 hours are days", () => {
    for (const month of ["2026-03-01", "2026-10-01"]) {
      const startsAt = periodAt({ anchorAt: at(`${month}T00:00:00Z`), zone: "Europe/Berlin", interval: "month", count: 1 }, 0);
      expect(remainingPart(startsAt, at(`${month.slice(0, 8)}30T12:00:00Z`), berlin)).toEqual({ n: 2n, d: 31n });
    }
  });

  test("a period inside of one day is that day", () => {
    const short = { startsAt: at("2026-02-10T08:00:00Z"), endsAt: at("2026-02-10T20:00:00Z") };
    expect(remainingPart(short, at("2026-02-10T12:00:00Z"), berlin)).toEqual({ n: 1n, d: 1n });
    expect(remainingPart(short, short.endsAt, berlin)).toEqual({ n: 0n, d: 1n });
  });
});

test("lines of every kind are recomputed from what they say of themselves", () => {
  const amount = (derivation: DocumentLine["derivation"], stated = 0) => recomputeLine({ amount: stated, derivation }).amount;
  expect(amount({ kind: "flat", quantity: 3, unitAmount: 250 })).toBe(750);
  const tier = { upTo: 100, quantity: 33, unitAmount: "0.05", flatAmount: 0, amount: "1.65" };
  expect(amount({ kind: "scheme", scheme: "graduated", quantity: 66, tiers: [tier, tier], packageSize: null })).toBe(3);
  expect(amount({ kind: "manual" }, 42)).toBe(42);
  // a line that claims another part than its instants give is found out
  const derivation = prorationCharge(
    fullLine(1000, { startsAt: at("2026-03-01"), endsAt: at("2026-04-01") }),
    { startsAt: at("2026-03-01"), endsAt: at("2026-04-01") },
    at("2026-03-16T12:00:00Z"),
    { by: "second", zone: "UTC" },
  ).derivation;
  expect(derivation.kind).toBe("proration");
  expect(recomputeLine({ amount: 1000, derivation: { ...derivation, part: { n: "1", d: "1" } } as typeof derivation })).toEqual({
    amount: 500,
    part: { n: "1", d: "2" },
  });
});
