import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Meter } from "../../../workers/entitlements/meter.object.ts";
import { licensed } from "./licensed.ts";

type Licensed = Awaited<ReturnType<typeof licensed>>;

const TOLD = "quota.threshold_reached";
const percents = async (l: Licensed) =>
  (await l.events(TOLD)).map(({ data }) => Number(JSON.parse(String(data)).object.percent)).toSorted((a, b) => a - b);
const alerts = async (l: Licensed) => {
  const read = "select percent, used, limit_value from usage_alerts where license_id = ? order by percent";
  return (await env.DB_00.prepare(read).bind(l.licensed["id"]).all()).results;
};
/** Rings its alarm, also where none is set. */
const ring = (l: Licensed) => runInDurableObject(l.meter, (instance: Meter) => instance.alarm());
/** Waits until the meter has nothing more to tell: its alarm may ring by itself meanwhile, or be rung. */
async function told(l: Licensed) {
  await expect
    .poll(async () => {
      await runDurableObjectAlarm(l.meter);
      return runInDurableObject(l.meter, (_, { storage }) => {
        const left = "select (select count(*) from marks where told = 0) + (select count(*) from days where seq > told_seq) as n";
        return storage.sql.exec<{ n: number }>(left).one().n;
      });
    })
    .toBe(0);
}

test("80 and 100 percent are told once each a period, also where one step goes over both", async () => {
  const l = await licensed({ limit_value: 10 });
  await l.consume(7);
  await told(l);
  expect(await percents(l)).toEqual([]);
  await l.consume(1);
  await told(l);
  expect(await percents(l)).toEqual([80]);
  await l.consume(2);
  await l.consume(1);
  await told(l);
  expect(await percents(l)).toEqual([80, 100]);

  const both = await licensed({ limit_value: 10 }, l);
  await both.consume(10);
  await told(both);
  expect(await alerts(both)).toEqual([
    { percent: 80, used: 10, limit_value: 10 },
    { percent: 100, used: 10, limit_value: 10 },
  ]);
});

test("a threshold stands in the license's log with what was used, and webhooks hear of it", async () => {
  const l = await licensed({ limit_value: 5, reset: "month" });
  await l.made("/v1/webhook_endpoints", { url: "https://hooks.example/quota", events: ["quota.*"] });
  await l.consume(4);
  await told(l);
  const log = (await l.read(`/v1/licenses/${l.licensed["id"]}/events?type=${TOLD}`))["data"];
  expect(log).toMatchObject([
    {
      type: TOLD,
      actor: { type: "system" },
      data: {
        object: {
          object: "quota",
          license_id: l.licensed["id"],
          feature: "export",
          feature_id: l.feature["id"],
          percent: 80,
          used: 4,
          limit_value: 5,
        },
      },
    },
  ]);
  const { results } = await env.DB_00.prepare("select event_type from deliveries where tenant_id = ?").bind(l.tenant.id).all();
  expect(results).toEqual([{ event_type: TOLD }]);
});

test("the next period is told of anew", async () => {
  const l = await licensed({ limit_value: 2, reset: "day" });
  await l.consume(2);
  await l.later(25 * 3600_000);
  await l.consume(2);
  await told(l);
  expect(await percents(l)).toEqual([80, 80, 100, 100]);
});

test("what was told when the object died, before it could note it, is told once", async () => {
  const l = await licensed({ limit_value: 2 });
  await l.consume(2);
  await told(l);
  await runInDurableObject(l.meter, (_, { storage }) => {
    storage.sql.exec("update marks set told = 0");
    storage.sql.exec("update days set told_seq = 0");
  });
  await ring(l);
  await told(l);
  expect(await percents(l)).toEqual([80, 100]);
  expect(await alerts(l)).toHaveLength(2);
});

test("while the database does not take it, it is kept and told later", async () => {
  const l = await licensed({ limit_value: 2 });
  await env.DB_00.prepare("alter table usage_days rename to usage_days_away").run();
  try {
    await l.consume(1);
    await runDurableObjectAlarm(l.meter);
    const wakes = await runInDurableObject(l.meter, (_, { storage }) => storage.getAlarm());
    expect(wakes).not.toBeNull();
  } finally {
    await env.DB_00.prepare("alter table usage_days_away rename to usage_days").run();
  }
  await told(l);
  const { results } = await env.DB_00.prepare("select used, level, items from usage_days where license_id = ?")
    .bind(l.licensed["id"])
    .all();
  expect(results).toEqual([{ used: 1, level: 1, items: 1 }]);
});

test("what goes on beyond a threshold that was told leaves nothing to tell of it", async () => {
  const l = await licensed({ limit_value: 2 });
  await l.consume(2);
  await told(l);
  const calendar = { zone: "UTC", now: new Date(), since: new Date(0) };
  const right = { featureId: String(l.feature["id"]), feature: "export", limit: 2, reset: "never", rollover: false } as const;
  const untold = await runInDurableObject(l.meter, async (instance: Meter, { storage }) => {
    const [tracked] = await instance.track([{ ...right, units: 5, key: "beyond", mode: "add", at: null }], calendar);
    expect(tracked).toMatchObject({ outcome: "counted", usage: { used: 7, remaining: 0 } });
    return storage.sql.exec<{ n: number }>("select count(*) as n from marks where told = 0").one().n;
  });
  expect(untold).toBe(0);
});

test("the meter of a closed tenant has nothing left to tell", async () => {
  const l = await licensed({ limit_value: 1 });
  await l.consume(1);
  await env.DB_00.prepare("update tenants set closed_at = 1 where id = ?").bind(l.tenant.id).run();
  await told(l);
  const { results } = await env.DB_00.prepare("select * from usage_days where license_id = ?").bind(l.licensed["id"]).all();
  expect(results.length).toBeLessThanOrEqual(1);
});

test("what is old is folded into its counter: the books still balance", async () => {
  const l = await licensed({ limit_value: 100 });
  for (const units of [1, 2, 3]) await l.consume(units);
  await told(l);
  await runInDurableObject(l.meter, (_, { storage }) => void storage.sql.exec("update ledger set recorded_at = 0 where id <= 2"));
  await ring(l);
  expect(await l.meter.ledger({ limit: 10, before: null, featureId: null })).toMatchObject([{ units: 3, source: "consume" }]);
  expect(await l.meter.audit()).toMatchObject([{ used: 6, summed: 6 }]);
});

test("of very many entries the oldest are folded too", async () => {
  const l = await licensed({ limit_value: null });
  await l.consume(1);
  await runInDurableObject(l.meter, (_, { storage }) => {
    storage.sql.exec(`insert into ledger (feature_id, feature, reset, period, units, mode, at, source, key, recorded_at)
      with recursive more(n) as (select 1 union all select n + 1 from more where n < 100004)
      select l.feature_id, l.feature, l.reset, l.period, 1, l.mode, l.at, l.source, null, l.recorded_at from more, ledger l where l.id = 1`);
    storage.sql.exec("update counters set used = used + 100004");
  });
  await ring(l);
  const kept = await runInDurableObject(
    l.meter,
    (_, { storage }) => storage.sql.exec("select count(*) as n from ledger").one()["n"],
  );
  expect(kept).toBe(100_000);
  expect(await l.meter.audit()).toMatchObject([{ used: 100_005, summed: 100_005 }]);
});
