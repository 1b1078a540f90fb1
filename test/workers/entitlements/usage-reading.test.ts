import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { DaySum } from "#db/entitlements/usage-days";
import { daysBefore } from "#rules/entitlements/reports";
import { shop, type Shop } from "../licensing/shop.ts";
import { daySum, opened, raised } from "./told.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects
type Line = Record<string, any>;

const TODAY = new Date().toISOString().slice(0, 10);
const ago = (days: number) => daysBefore(TODAY, days);

/** A tenant with two licenses and two features. */
async function metered() {
  const s = await shop();
  const print = await s.made("/v1/features", { name: "Print", code: "print" });
  const [a, b] = [String((await s.license())["id"]), String((await s.license())["id"])];
  const { repo } = await opened(s.tenant.id);
  const [exporting, printing] = [
    { featureId: String(s.feature["id"]), feature: "export" },
    { featureId: String(print["id"]), feature: "print" },
  ];
  const tell = (licenseId: string, sums: (Partial<DaySum> & { onDay: string; used: number })[]) =>
    repo.usageDays.write(
      licenseId,
      sums.map((sum) => daySum({ ...exporting, ...sum })),
    );
  return { ...s, a, b, exporting, printing, tell };
}

const fallsBy = (lines: readonly Line[], field: string) =>
  lines.every((line, n) => n === 0 || lines[n - 1]?.[field] >= line[field]);

async function everyPage(s: Pick<Shop, "read">, path: string): Promise<Line[]> {
  const lines: Line[] = [];
  for (let cursor = "", pages = 0; pages < 100; pages++) {
    const page = await s.read(`${path}${cursor}`);
    lines.push(...(page["data"] as Line[]));
    if (!page["has_more"]) return lines;
    cursor = `&cursor=${page["next_cursor"]}`;
  }
  throw new Error(`The pages of ${path} have no end`);
}

test("history shows what was used day by day, newest first, of a license, a feature, both or all, between two dates", async () => {
  const s = await metered();
  await s.tell(s.a, [
    { onDay: ago(2), used: 5 },
    { onDay: ago(0), used: -2, level: 3, items: 4 },
    { onDay: ago(1), used: 7, ...s.printing },
  ]);
  await s.tell(s.b, [{ onDay: ago(1), used: 11 }]);
  const used = async (query: string) =>
    ((await s.read(`/v1/usage/history${query}`))["data"] as Line[]).map((line) => [line["used_on"], line["used"]]);

  expect((await s.read("/v1/usage/history?limit=1"))["data"]).toEqual([
    {
      object: "usage_day",
      license_id: s.a,
      feature: "export",
      feature_id: s.exporting.featureId,
      used_on: TODAY,
      used: -2,
      level: 3,
      entries: 4,
      updated_at: expect.any(String),
    },
  ]);
  expect(new Set(await used(""))).toEqual(
    new Set([
      [TODAY, -2],
      [ago(1), 11],
      [ago(1), 7],
      [ago(2), 5],
    ]),
  );
  expect(await used(`?license_id=${s.b}`)).toEqual([[ago(1), 11]]);
  expect(await used("?feature=print")).toEqual([[ago(1), 7]]);
  expect(await used(`?license_id=${s.a}&feature=${s.exporting.featureId}`)).toEqual([
    [TODAY, -2],
    [ago(2), 5],
  ]);
  expect(await used(`?from=${ago(2)}&to=${ago(2)}`)).toEqual([[ago(2), 5]]);
  expect(await used(`?from=${ago(1)}&feature=export`)).toEqual([
    [TODAY, -2],
    [ago(1), 11],
  ]);
  expect(await used("?feature=nothing")).toEqual([]);
});

test("a report adds up by day, month and year over all licenses, and its pages say the same as the whole", async () => {
  const s = await metered();
  const days = [0, 1, 40, 41, 400].map((n) => ({ onDay: ago(n), used: n + 1 }));
  await s.tell(s.a, [...days, ...days.map((day) => ({ ...day, ...s.printing }))]);
  await s.tell(s.b, days);

  const expected = (length: number, feature: string, times: number) => {
    const sums = new Map<string, number>();
    for (const { onDay, used } of days) sums.set(onDay.slice(0, length), (sums.get(onDay.slice(0, length)) ?? 0) + used * times);
    return [...sums].map(([period, used]) => ({ period, feature, used, licenses_count: times }));
  };
  for (const [period, length] of [
    ["day", 10],
    ["month", 7],
    ["year", 4],
  ] as const) {
    const path = `/v1/usage/report?period=${period}&to=${TODAY}&from=${ago(period === "day" ? 365 : 401)}`;
    const most = period === "day" ? ago(365) : ago(401);
    const wanted = [...expected(length, "export", 2), ...expected(length, "print", 1)].filter(
      (sum) => period !== "day" || sum.period >= most,
    );
    const whole = await everyPage(s, `${path}&limit=100`);
    const shown = whole.map(({ period: named, feature, used, licenses_count }) => ({
      period: named,
      feature,
      used,
      licenses_count,
    }));
    expect(new Set(shown)).toEqual(new Set(wanted));
    expect(fallsBy(shown, "period")).toBe(true);
    expect(await everyPage(s, `${path}&limit=1`)).toEqual(whole);
    expect(await everyPage(s, `${path}&limit=2&feature=print`)).toEqual(whole.filter((sum) => sum["feature"] === "print"));
  }
  expect((await s.read(`/v1/usage/report?license_id=${s.b}`))["data"]).toMatchObject([
    { object: "usage_sum", period: TODAY, used: 1, licenses_count: 1 },
    { period: ago(1), used: 2 },
  ]);
});

test("pages of the history give every line once, whatever was used and is asked for", async () => {
  const s = await metered();
  const any = fc.record({
    license: fc.constantFrom(s.a, s.b),
    day: fc.integer({ min: 0, max: 4 }),
    printing: fc.boolean(),
    used: fc.integer({ min: -50, max: 50 }),
  });
  const [sums] = fc.sample(
    fc.uniqueArray(any, { minLength: 12, selector: ({ license, day, printing }) => `${license}${day}${printing}` }),
    1,
  );
  for (const { license, day, printing, used } of sums ?? [])
    await s.tell(license, [{ onDay: ago(day), used, ...(printing ? s.printing : s.exporting) }]);
  const lineOf = (line: Line) => `${line["license_id"]} ${line["feature"]} ${line["used_on"]} ${line["used"]}`;
  for (const [query, fits] of [
    ["", () => true],
    [`&license_id=${s.a}`, (sum: { license: string }) => sum.license === s.a],
    ["&feature=print", (sum: { printing: boolean }) => sum.printing],
  ] as const) {
    const lines = await everyPage(s, `/v1/usage/history?limit=3${query}`);
    const wanted = (sums ?? [])
      .filter(fits as never)
      .map(({ license, printing, day, used }) => `${license} ${printing ? "print" : "export"} ${ago(day)} ${used}`);
    expect(lines.map(lineOf).sort()).toEqual(wanted.sort());
    expect(fallsBy(lines, "used_on")).toBe(true);
  }
});

test("stats count who uses what, who uses most, and who is near a limit in the period that runs", async () => {
  const s = await metered();
  await s.tell(s.a, [
    { onDay: ago(0), used: 5 },
    { onDay: ago(3), used: 4 },
    { onDay: ago(1), used: 70, ...s.printing },
  ]);
  await s.tell(s.b, [
    { onDay: ago(2), used: 11 },
    { onDay: ago(60), used: 1000 },
  ]);
  const month = new Date(`${TODAY.slice(0, 7)}-01T00:00:00.000Z`);
  const mark = (license: string, percent: number, periodStartsAt: Date) =>
    raised(s.tenant.id, license, { ...s.exporting, percent, periodStartsAt });
  await mark(s.a, 80, month);
  await mark(s.a, 100, month);
  await mark(s.b, 80, new Date(0));
  await mark(s.b, 100, new Date(month.getTime() - 40 * 86_400_000));

  expect(await s.read("/v1/usage/stats")).toEqual({
    object: "usage_stats",
    from_on: ago(30),
    to_on: TODAY,
    active_licenses: 2,
    features: [
      {
        feature: "export",
        feature_id: s.exporting.featureId,
        used: 20,
        licenses_count: 2,
        top_licenses: [
          { license_id: s.b, used: 11 },
          { license_id: s.a, used: 9 },
        ],
      },
      {
        feature: "print",
        feature_id: s.printing.featureId,
        used: 70,
        licenses_count: 1,
        top_licenses: [{ license_id: s.a, used: 70 }],
      },
    ],
    near_limit: [
      { percent: 80, licenses_count: 2 },
      { percent: 100, licenses_count: 1 },
    ],
    evaluated_at: expect.any(String),
  });
  expect(await s.read(`/v1/usage/stats?feature=print&from=${ago(1)}&to=${ago(1)}`)).toMatchObject({
    active_licenses: 1,
    features: [{ feature: "print", used: 70 }],
    near_limit: [{ licenses_count: 0 }, { licenses_count: 0 }],
  });
  expect(await (await shop()).read("/v1/usage/stats")).toMatchObject({ active_licenses: 0, features: [] });
});

test("alerts are listed newest first, by license, feature and percent", async () => {
  const s = await metered();
  for (const percent of [80, 100])
    for (const license of [s.a, s.b]) await raised(s.tenant.id, license, { ...s.exporting, percent });
  await raised(s.tenant.id, s.a, {
    ...s.printing,
    periodStartsAt: new Date("2026-11-01T00:00:00.000Z"),
    used: 8,
    limitValue: 10,
  });
  const found = async (query: string) =>
    ((await s.read(`/v1/usage/alerts${query}`))["data"] as Line[]).map((line) => [
      line["license_id"],
      line["feature"],
      line["percent"],
    ]);

  expect((await s.read("/v1/usage/alerts?limit=1"))["data"]).toEqual([
    {
      object: "usage_alert",
      id: expect.stringMatching(/^usg_/),
      license_id: s.a,
      feature: "print",
      feature_id: s.printing.featureId,
      percent: 80,
      used: 8,
      limit_value: 10,
      period_starts_at: "2026-11-01T00:00:00.000Z",
      created_at: expect.any(String),
    },
  ]);
  expect((await s.read("/v1/usage/alerts"))["data"]).toHaveLength(5);
  expect(await found(`?license_id=${s.b}`)).toEqual([
    [s.b, "export", 100],
    [s.b, "export", 80],
  ]);
  expect(await found("?feature=print")).toEqual([[s.a, "print", 80]]);
  expect(await found(`?feature=${s.exporting.featureId}&percent=100`)).toEqual([
    [s.b, "export", 100],
    [s.a, "export", 100],
  ]);
  expect(await everyPage(s, "/v1/usage/alerts?limit=2")).toHaveLength(5);
});

test.each([
  "report?from=2026-01-01&to=2025-12-31",
  "report?from=2020-01-01&to=2026-01-01",
  "report?period=month&from=2010-01-01&to=2026-01-01",
  "report?period=week",
  "history?from=yesterday",
  "history?from=2026-02-30",
  "alerts?percent=90",
  "stats?from=2020-01-01",
  "history?cursor=bm9uZQ",
])("usage/%s is refused", async (query) => {
  const s = await shop();
  const { status, body } = await s.get(`/v1/usage/${query}`);
  expect([status, ["invalid_request", "invalid_cursor"].includes(body["code"])]).toEqual([400, true]);
});
