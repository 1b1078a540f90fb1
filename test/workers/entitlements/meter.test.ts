import { meterStub } from "./meter-of.ts";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { type Item } from "#kernel/meter";
import { upTo } from "../world.ts";

const calendar = (now = "2026-11-10T12:00:00Z", zone = "UTC") => ({
  zone,
  now: new Date(now),
  since: new Date("2026-11-05T00:00:00Z"),
});
const exports: Item = { featureId: "fea_1", feature: "export", units: 1, limit: 100, reset: "month", rollover: false };

const run = crypto.randomUUID();
let meters = 0;
/** A meter of a license that no other test knows. */
const meter = () => meterStub("ten_m", `lic_${run}${meters++}`);

test("who comes again with the same key is answered as before, and counted once", async () => {
  const m = meter();
  const ask = (requestHash: string) =>
    m.consume({ intent: { keyHash: "k", requestHash }, items: [{ ...exports, units: 3 }], calendar: calendar() });
  const first = await ask("a");
  const again = await ask("a");
  expect(first).toMatchObject({
    outcome: "answered",
    replayed: false,
    answer: { taken: true, usages: [{ used: 3, remaining: 97 }] },
  });
  expect(again).toEqual({ ...first, replayed: true });
  expect(await ask("b")).toEqual({ outcome: "reused" });
  expect(await m.audit()).toEqual([{ featureId: "fea_1", period: "2026-11-01", used: 3, summed: 3 }]);
});

test("what is reserved is nobody else's until it ends, and comes to what was committed", async () => {
  const m = meter();
  const items = [{ ...exports, units: 60 }];
  const reserve = (id: string) => m.reserve({ intent: null, id, items, calendar: calendar(), ttlS: 60 });
  expect(await reserve("rsv_a")).toMatchObject({ answer: { taken: true, usages: [{ used: 0, reserved: 60, remaining: 40 }] } });
  expect(await reserve("rsv_b")).toMatchObject({ answer: { taken: false, short: [{ index: 0 }] } });
  const committed = await m.commit({
    intent: null,
    id: "rsv_a",
    items: [{ feature: "export", units: 10 }],
    calendar: calendar(),
  });
  expect(committed).toMatchObject({ answer: { settled: true, usages: [{ used: 10, reserved: 0, remaining: 90 }] } });
  expect(await m.release({ intent: null, id: "rsv_a", calendar: calendar() })).toMatchObject({
    answer: { settled: false, why: "status", status: "committed" },
  });

  await reserve("rsv_c");
  await runInDurableObject(m, (_, state) => {
    state.storage.sql.exec("update reservations set ends_at = 0 where status = 'open'");
  });
  expect(await m.usage([exports], calendar())).toMatchObject([{ used: 10, reserved: 0, remaining: 90 }]);
  expect(await m.commit({ intent: null, id: "rsv_c", items: null, calendar: calendar() })).toMatchObject({
    answer: { settled: false, status: "expired" },
  });
});

test("one budget is used to its last unit by many at once, and to none beyond, though the object dies in between", async () => {
  const m = meter();
  const limit = 100;
  let taken = 0;
  for (const round of upTo(5)) {
    const answers = await Promise.all(
      upTo(60).map(() => m.consume({ intent: null, items: [{ ...exports, limit }], calendar: calendar() })),
    );
    taken += answers.filter((each) => each.outcome === "answered" && each.answer.taken).length;
    if (round % 2 === 0) await evictDurableObject(m);
  }
  expect(taken).toBe(limit);
  expect(await m.audit()).toEqual([{ featureId: "fea_1", period: "2026-11-01", used: limit, summed: limit }]);
});

test("killed among many calls it has counted each of them whole or not at all, and what is asked again under its key once", async () => {
  // a handle on an object that was killed is good for nothing
  const name = `lic_${run}killed`;
  const meterNow = () => meterStub("ten_m", name);
  const limit = 100;
  const ask = (n: number) =>
    meterNow().consume({
      intent: { keyHash: `k${n}`, requestHash: "one" },
      items: [{ ...exports, limit }],
      calendar: calendar(),
    });
  let waiting = upTo(160);
  let taken = 0;
  for (let kills = 0; waiting.length > 0; kills++) {
    const asked = Promise.allSettled(waiting.map(ask));
    if (kills < 4) await runInDurableObject(meterNow(), (_, state) => state.abort("killed")).catch(() => undefined);
    const answers = await asked;
    for (const answer of answers) {
      if (answer.status === "fulfilled" && answer.value.outcome === "answered" && answer.value.answer.taken) taken++;
    }
    waiting = waiting.filter((_, index) => answers[index]?.status === "rejected");
  }
  expect(taken).toBe(limit);
  expect(await meterNow().audit()).toEqual([{ featureId: "fea_1", period: "2026-11-01", used: limit, summed: limit }]);
});

test("an object that was only asked has written nothing", async () => {
  const m = meter();
  expect(await m.usage([exports], calendar())).toMatchObject([{ used: 0, reserved: 0, remaining: 100, carried: 0 }]);
  const tables = await runInDurableObject(m, (_, { storage }) => storage.sql.exec("select name from sqlite_master").toArray());
  expect(tables.filter(({ name }) => name === "counters")).toEqual([]);
  expect(await runDurableObjectAlarm(m)).toBe(false);
});

test("a day's sum is what the day added, and its level what the counter stood at in its end, however late it is told", async () => {
  const m = meter();
  const add = (key: string, at: string, units: number, mode: "add" | "set" = "add") =>
    m.track([{ ...exports, units, key, mode, at: new Date(at) }], calendar());
  await add("1", "2026-11-08T10:00:00Z", 5);
  await add("2", "2026-11-10T10:00:00Z", 7);
  await add("3", "2026-11-09T10:00:00Z", 2);
  expect(await add("3", "2026-11-09T10:00:00Z", 2)).toMatchObject([{ outcome: "duplicate" }]);
  expect(await add("3", "2026-11-09T10:00:00Z", 3)).toMatchObject([{ outcome: "other" }]);
  await add("4", "2026-11-10T11:00:00Z", 20, "set");
  await add("5", "2026-11-10T09:00:00Z", 1, "set");
  const days = await runInDurableObject(m, (_, { storage }) =>
    storage.sql.exec("select day, used, level, items from days order by day").toArray(),
  );
  expect(days).toEqual([
    { day: "2026-11-08", used: 5, level: 5, items: 1 },
    { day: "2026-11-09", used: 2, level: 7, items: 1 },
    { day: "2026-11-10", used: 13, level: 20, items: 3 },
  ]);
  expect(await m.audit()).toEqual([{ featureId: "fea_1", period: "2026-11-01", used: 20, summed: 20 }]);
});

test("what is left of a period is added to the next one, and to that one alone", async () => {
  const m = meter();
  const monthly = { ...exports, rollover: true };
  const left = async (now: string) => (await m.usage([monthly], calendar(now)))[0];
  const use = (now: string, units: number) =>
    m.consume({ intent: null, items: [{ ...monthly, units }], calendar: calendar(now) });
  expect(await left("2026-11-10T00:00:00Z")).toMatchObject({ carried: 0, remaining: 100 });
  await use("2026-11-10T00:00:00Z", 30);
  expect(await left("2026-12-10T00:00:00Z")).toMatchObject({ carried: 70, remaining: 170 });
  expect(await use("2026-12-10T00:00:00Z", 171)).toMatchObject({ answer: { taken: false } });
  await use("2026-12-10T00:00:00Z", 120);
  // 70 of these were carried: of December's own hundred 50 are left
  expect(await left("2027-01-10T00:00:00Z")).toMatchObject({ carried: 50, remaining: 150 });
  // nothing was used in January: one limit goes on, and not what January had carried
  expect(await left("2027-02-10T00:00:00Z")).toMatchObject({ carried: 100, remaining: 200 });
});
