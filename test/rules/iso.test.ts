import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { canonicalDuration, isoInstant, isPositiveDuration, parseDuration, parseInstant } from "#rules/iso";

const instants = fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
const units = fc.record({
  years: fc.nat(20),
  months: fc.nat(100),
  weeks: fc.nat(100),
  days: fc.nat(1000),
  hours: fc.nat(1000),
  minutes: fc.nat(1000),
  seconds: fc.nat(100_000),
});

describe("instants", () => {
  test.prop([instants])("what is written is read back", (at) => {
    expect(parseInstant(isoInstant(at))).toEqual(at);
    expect(isoInstant(at)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test.prop([instants, fc.integer({ min: -14 * 60, max: 14 * 60 })])("an offset names the same instant", (at, offset) => {
    fc.pre(at.getTime() > 86_400_000 && at.getUTCFullYear() < 9999);
    const wall = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, -1);
    const size = Math.abs(offset);
    const text = `${wall}${offset < 0 ? "-" : "+"}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
    expect(parseInstant(text)).toEqual(at);
  });

  test.each([
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"],
    ["2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500Z"],
    ["2024-02-29T12:00:00.25Z", "2024-02-29T12:00:00.250Z"],
    ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
    ["2026-01-02T23:59:00+23:59", "2026-01-02T00:00:00.000Z"],
  ])("%s is read", (text, iso) => {
    expect(parseInstant(text)?.toISOString()).toBe(iso);
  });

  test.each([
    "2026-02-30T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-06-30T23:59:60Z",
    "2026-06-30T23:60:00Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00Z",
    "2026-01-01",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:00z",
    "2026-01-01T00:00:00.1234Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+01:60",
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59.999-01:00",
    "+012026-01-01T00:00:00Z",
    " 2026-01-01T00:00:00Z",
    "",
    "now",
  ])("%j is no instant", (text) => {
    expect(parseInstant(text)).toBeNull();
  });
});

describe("durations", () => {
  const none = { years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 };
  test.each([
    ["P3Y", { years: 3 }],
    ["P3M", { months: 3 }],
    ["P3W", { weeks: 3 }],
    ["P3D", { days: 3 }],
    ["PT3H", { hours: 3 }],
    ["PT3M", { minutes: 3 }],
    ["PT3S", { seconds: 3 }],
  ])("%s is that and nothing else", (text, parts) => {
    expect(parseDuration(text)).toEqual({ ...none, ...parts });
  });

  test.prop([units])("every whole duration is read, unit by unit", (parts) => {
    const { years, months, weeks, days, hours, minutes, seconds } = parts;
    expect(parseDuration(`P${years}Y${months}M${weeks}W${days}DT${hours}H${minutes}M${seconds}S`)).toEqual(parts);
  });

  test.prop([units])("the canonical spelling means the same, and is canonical itself", (parts) => {
    const { years, months, weeks, days, hours, minutes, seconds } = parts;
    const canonical = canonicalDuration(`P0${years}Y${months}M${weeks}W${days}DT${hours}H0${minutes}M${seconds}S`);
    expect(parseDuration(canonical ?? "")).toEqual(parts);
    expect(canonicalDuration(canonical ?? "")).toBe(canonical);
    expect(canonical).not.toMatch(/(?<!\d)0(?!D$)/);
  });

  test.each(["P1Y", "P30D", "PT1H", "P1Y2M3W4DT5H6M7S", "P12M", "P100Y"])("%s is canonical", (text) => {
    expect(canonicalDuration(text)).toBe(text);
    expect(isPositiveDuration(text)).toBe(true);
  });

  test.each(["P0D", "PT0S", "P0Y", "P0W"])("%s is a duration, but not longer than nothing", (text) => {
    expect(canonicalDuration(text)).toBe("P0D");
    expect(isPositiveDuration(text)).toBe(false);
  });

  test.each([
    "",
    "P",
    "PT",
    "P1",
    "1Y",
    "P1YT",
    "P-1D",
    "-P1D",
    "p1y",
    "P1.5D",
    "P1D1Y",
    "PT1D",
    "P1H",
    "P101Y",
    "P2000M",
    "P40000D",
    "P6000W",
    "PT1000000H",
    "PT99999999M",
    "PT9999999999S",
    " P1Y",
    "P1Y\n",
  ])("%j is no duration", (text) => {
    expect(parseDuration(text)).toBeNull();
    expect(canonicalDuration(text)).toBeNull();
    expect(isPositiveDuration(text)).toBe(false);
  });
});

const pad = (n: number) => String(n).padStart(2, "0");
