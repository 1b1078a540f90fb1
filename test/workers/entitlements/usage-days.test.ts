import { expect, test } from "vitest";
import { shop } from "../licensing/shop.ts";
import { plansOf } from "../plans.ts";
import { daySum, opened, raised } from "./told.ts";

const ALWAYS = { from: "2000-01-01", to: "2100-01-01" };

test("a meter's sum of a day stands as it was told last: what comes twice, or late, changes nothing", async () => {
  const s = await shop();
  const license = (await s.license())["id"] as string;
  const { repo } = await opened(s.tenant.id);
  const tell = (used: number, seq: number) =>
    repo.usageDays.write(license, [daySum({ featureId: "fea_a", onDay: "2026-11-28", used, seq })]);
  const read = async () => (await repo.usageDays.list(ALWAYS, {}, 10, null)).rows.map(({ used, seq }) => [used, seq]);

  await tell(5, 1);
  await tell(9, 3);
  expect(await read()).toEqual([[9, 3]]);
  await tell(7, 2);
  await tell(8, 3);
  expect(await read()).toEqual([[9, 3]]);
  await tell(-4, 4);
  expect(await read()).toEqual([[-4, 4]]);
  await repo.usageDays.write(license, []);
  expect(await read()).toHaveLength(1);
});

test("a mark is raised once a period, with its event, however often it is told", async () => {
  const s = await shop();
  const license = (await s.license())["id"] as string;
  const mark = { featureId: "fea_a", percent: 80 };
  expect(await raised(s.tenant.id, license, mark)).toBe(true);
  expect(await raised(s.tenant.id, license, mark)).toBe(false);
  expect(await raised(s.tenant.id, license, { ...mark, percent: 100 })).toBe(true);
  expect(await raised(s.tenant.id, license, { ...mark, periodStartsAt: new Date(1_000) })).toBe(true);
  expect(await raised(s.tenant.id, (await s.license())["id"], mark)).toBe(true);
  expect(await s.events("quota.threshold_reached")).toHaveLength(4);
});

test("days, sums and marks are read from indexes that begin with what is asked for, and sums from those alone", async () => {
  const s = await shop();
  const { repo } = await opened(s.tenant.id);
  const [license, feature] = [{ licenseId: "lic_a" }, { featureId: "fea_a" }];
  const place = { onDay: "2026-11-28", featureId: "fea_a", licenseId: "lic_a" };
  const plans = await plansOf(/from usage_|join usage_/, async () => {
    for (const filter of [{}, license, feature, { ...license, ...feature }]) {
      for (const after of [null, place]) await repo.usageDays.list(ALWAYS, filter, 10, after);
      for (const by of ["day", "month"] as const)
        for (const after of [null, { period: "2026-11", featureId: "fea_a" }])
          await repo.usageSums.report(by, ALWAYS, filter, 10, after);
      await repo.usageSums.totals(ALWAYS, filter, 10);
    }
    await repo.usageSums.heaviest(ALWAYS, ["fea_a"], 5);
    await repo.usageAlerts.marksReached([new Date(0)], undefined);
  });
  const told = plans.map(({ sql, plan }) => ({ sql: sql.replaceAll(/\s+/g, " "), plan }));
  for (const { sql, plan } of told) {
    const scan = plan.find((line) => /\bu\b|\ba\b/.test(line)) ?? "";
    expect(scan, sql).toMatch(/SEARCH [ua] USING (COVERING )?INDEX usage_\w+ \(tenant_id=\?/);
    if (sql.includes("total(") || sql.includes("count(")) expect([sql, scan]).toEqual([sql, expect.stringContaining("COVERING")]);
    // days come in the order of the index: a page reads its own rows alone
    if (!sql.includes("total(") && sql.includes("order by u.on_day")) expect([sql, plan]).toEqual([sql, [scan]]);
  }
  expect(told.length).toBeGreaterThan(20);
});
