import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import {
  renewedMaintenance,
  renewedPeriod,
  RENEWAL_BASES,
  type RenewalAsk,
  type RenewedPeriod,
  type RunningPeriod,
} from "#rules/licensing/renewal";
import { termsWithDefaults, type TermsInput } from "#rules/licensing/terms";
import { addDuration, dayOfMonth } from "#rules/time";

const at = (text: string) => new Date(`${text}${text.includes("T") ? "" : "T00:00:00.000"}Z`);
const iso = (date: Date | null) => date?.toISOString().replace(".000Z", "").replace("T00:00:00", "") ?? null;
const terms = (over: Partial<TermsInput> = {}) => termsWithDefaults({ type: "subscription", model: "per_device", ...over });
const running = (expiresAt: string, over: Partial<RunningPeriod> = {}): RunningPeriod => ({
  expiresAt: at(expiresAt),
  maintenanceUntil: null,
  anchorDay: null,
  ...over,
});

function renewed(period: ReturnType<typeof renewedPeriod>): RenewedPeriod {
  if ("code" in period) throw new Error(`Refused: ${period.code}`);
  return period;
}

/** The ends of several renewals, each counted from the one before. */
function ends(from: RunningPeriod, over: Partial<TermsInput>, times: number, zone = "UTC"): (string | null)[] {
  const found: (string | null)[] = [];
  let period = from;
  for (let i = 0; i < times; i++) {
    const next = renewed(renewedPeriod(terms(over), period, {}, new Date(0), zone));
    found.push(iso(next.expiresAt));
    period = next;
  }
  return found;
}

describe("a renewal", () => {
  test("keeps the day on which the license began, through short months", () => {
    expect(ends(running("2027-01-31", { anchorDay: 31 }), { duration: "P1M" }, 4)).toEqual([
      "2027-02-28",
      "2027-03-31",
      "2027-04-30",
      "2027-05-31",
    ]);
    expect(ends(running("2028-01-31", { anchorDay: 31 }), { duration: "P1M" }, 2)).toEqual(["2028-02-29", "2028-03-31"]);
    expect(ends(running("2028-02-29", { anchorDay: 29 }), { duration: "P1Y" }, 4)).toEqual([
      "2029-02-28",
      "2030-02-28",
      "2031-02-28",
      "2032-02-29",
    ]);
  });

  test("of a license whose days end at midnight keeps the day as well", () => {
    const monthly = { duration: "P1M", endOfDay: true };
    // begun on the 30th: it ends with the 28th of February, the 30th of March, the 30th of April
    expect(ends(running("2027-01-31", { anchorDay: 30 }), monthly, 3)).toEqual(["2027-03-01", "2027-03-31", "2027-05-01"]);
    expect(ends(running("2027-01-30T23:00", { anchorDay: 30 }), monthly, 2, "Europe/Berlin")).toEqual([
      "2027-02-28T23:00:00",
      "2027-03-30T22:00:00",
    ]);
  });

  test("counts from the old end, or from now where that is in the past, or as it is asked to", () => {
    const now = at("2027-06-15");
    const end = (expiresAt: string, basis?: RenewalAsk["basis"]) =>
      iso(renewed(renewedPeriod(terms(), running(expiresAt), { basis }, now)).expiresAt);
    expect(end("2027-07-01")).toBe("2028-07-01");
    expect(end("2027-01-01")).toBe("2028-06-15");
    expect(end("2027-06-15")).toBe("2028-06-15");
    expect(end("2027-01-01", "from_expiry")).toBe("2028-01-01");
    expect(end("2027-07-01", "from_now")).toBe("2028-06-15");
  });

  test("brings grace and maintenance along, and never shortens maintenance", () => {
    const over = { gracePeriod: "P10D", maintenance: "P1Y" };
    const period = (maintenanceUntil: Date | null) =>
      renewed(renewedPeriod(terms(over), running("2027-01-01", { maintenanceUntil }), { duration: "P1M" }, new Date(0)));
    expect(iso(period(null).graceUntil)).toBe("2027-02-11");
    expect(iso(period(at("2027-01-01")).maintenanceUntil)).toBe("2028-01-01");
    expect(iso(period(at("2030-01-01")).maintenanceUntil)).toBe("2030-01-01");
    expect(renewed(renewedPeriod(terms(), running("2027-01-01"), {}, new Date(0))).maintenanceUntil).toBeNull();
  });

  test("until an instant ends there, whatever the duration and the end of the day", () => {
    const period = renewed(
      renewedPeriod(
        terms({ endOfDay: true }),
        running("2027-01-01", { anchorDay: 3 }),
        { until: at("2027-05-05T13:30") },
        new Date(0),
      ),
    );
    expect(period.expiresAt).toEqual(at("2027-05-05T13:30"));
    expect(period.anchorDay).toBeNull();
  });

  test("that would not extend is refused, and so is one without a length", () => {
    const code = (ask: RenewalAsk, over: Partial<TermsInput> = {}) => {
      const period = renewedPeriod(terms(over), running("2027-06-01"), ask, at("2027-05-01"));
      return "code" in period ? period.code : "renewed";
    };
    expect(code({ until: at("2027-06-01") })).toBe("not_later");
    expect(code({ duration: "P1D", basis: "from_now" })).toBe("not_later");
    expect(code({}, { type: "perpetual", duration: null })).toBe("no_duration");
    expect(code({ duration: "P1M" }, { type: "perpetual", duration: null })).toBe("renewed");
  });
});

const instants = fc.date({ min: at("2020-01-01"), max: at("2040-01-01"), noInvalidDate: true });
const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata");

property.prop([
  instants,
  instants,
  fc.constantFrom(...RENEWAL_BASES),
  fc.constantFrom("P1M", "P3M", "P1Y", "P14D", "PT36H"),
  zones,
  fc.boolean(),
])(
  "every renewal ends later than before, begins where its basis says, and never before the instant it counts from",
  (expiresAt, now, basis, duration, zone, endOfDay) => {
    const period = renewedPeriod(
      terms({ duration, endOfDay }),
      { expiresAt, maintenanceUntil: null, anchorDay: null },
      { basis },
      now,
      zone,
    );
    if ("code" in period) {
      expect(period.code).toBe("not_later");
      expect(basis).toBe("from_now");
      return;
    }
    const fromNow = basis === "from_now" || (basis === "from_now_if_expired" && expiresAt <= now);
    expect(period.term).toEqual({ startsAt: fromNow ? now : expiresAt, basis });
    expect(period.expiresAt > expiresAt && period.expiresAt > period.term.startsAt).toBe(true);
  },
);

property.prop([fc.integer({ min: 1, max: 31 }), fc.integer({ min: 0, max: 11 }), fc.integer({ min: 1, max: 30 }), zones])(
  "a chain of monthly renewals ends where one count from the beginning does",
  (day, month, times, zone) => {
    const begin = new Date(Date.UTC(2027, month, day, 12));
    const anchorDay = dayOfMonth(begin, zone);
    let period: RunningPeriod = { expiresAt: begin, maintenanceUntil: null, anchorDay };
    for (let i = 0; i < times; i++) period = renewed(renewedPeriod(terms({ duration: "P1M" }), period, {}, new Date(0), zone));
    expect(period.expiresAt).toEqual(addDuration(begin, `P${times}M`, zone));
  },
);

test("the maintenance of a license without an end is renewed by its own length, from where it ended or from now", () => {
  const lasting = terms({ type: "perpetual", duration: null, maintenance: "P1Y" });
  const until = (ask: RenewalAsk, now: string, over = lasting) => {
    const renewal = renewedMaintenance(over, at("2027-03-01"), ask, at(now));
    return "code" in renewal ? renewal.code : iso(renewal.maintenanceUntil);
  };
  expect(until({}, "2027-01-01")).toBe("2028-03-01");
  expect(until({}, "2027-06-01")).toBe("2028-06-01");
  expect(until({ basis: "from_expiry", duration: "P6M" }, "2027-06-01")).toBe("2027-09-01");
  expect(until({ until: at("2027-02-01") }, "2027-01-01")).toBe("not_later");
  expect(until({}, "2027-01-01", terms({ type: "perpetual", duration: null }))).toBe("no_duration");
});
