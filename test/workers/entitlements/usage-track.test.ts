import { meterStub } from "./meter-of.ts";
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { type MeterCalls } from "#kernel/meter";
import { DAY_MS, shop } from "../licensing/shop.ts";
import { upTo } from "../world.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects
type Line = Record<string, any>;

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

let keys = 0;
const key = () => `key-${++keys}`;

/** A tenant whose licenses have 100 exports a month and 1,000 bytes for good. */
async function metered() {
  const s = await shop();
  await s.made("/v1/features", { name: "Disk", code: "disk" });
  await s.made("/v1/features", { name: "Print", code: "print" });
  const template = await s.template({
    entitlements: [
      { feature: "export", limit_value: 100, reset: "month" },
      { feature: "disk", limit_value: 1000, limit_type: "size" },
    ],
  });
  const license = async (fields: Line = {}) => {
    const made = await s.made("/v1/licenses", { template_id: template["id"], customer_id: s.customer["id"], ...fields });
    return String(made["id"]);
  };
  const meter = (id: string) => meterStub(s.tenant.id, id);
  return {
    ...s,
    newLicense: license,
    meter,
    track: (events: readonly Line[]) =>
      s.post("/v1/usage", { events: events.map((event) => ({ feature: "export", units: 1, idempotency_key: key(), ...event })) }),
    current: async (id: string): Promise<Line> => {
      const { usage } = await s.read(`/v1/usage/current?license_id=${id}`);
      return Object.fromEntries(usage.map((each: Line) => [each["feature"], each]));
    },
    /** Has the meters tell the database now. */
    told: async (...ids: string[]) => {
      for (const id of ids) for (let rounds = 0; rounds < 20 && (await runDurableObjectAlarm(meter(id))); rounds++);
    },
  };
}

/** Has the edge meet other meters than those of the platform; `wrap` undefined = the meter is away. */
function metersThat(wrap: (get: () => MeterCalls, place: number) => MeterCalls | undefined) {
  let place = 0;
  const get = env.METER.get.bind(env.METER);
  vi.spyOn(env.METER, "get").mockImplementation(
    (id) => (wrap(() => get(id), place++) ?? { track: () => Promise.reject(new Error("away")) }) as never,
  );
}

afterEach(() => void vi.restoreAllMocks());

test("what is told is counted once, and an event that cannot be counted holds no other back", async () => {
  const s = await metered();
  const [a, b] = [await s.newLicense(), await s.newLicense()];
  const again = { license_id: a, units: 4, idempotency_key: "once" };
  const answer = await s.track([
    again,
    { license_id: b, units: 2 },
    { license_id: "lic_none" },
    { license_id: a, feature: "print" },
    { license_id: a, at: new Date(Date.now() + DAY_MS).toISOString() },
    { license_id: a, at: daysAgo(36) },
    again,
    { ...again, units: 5 },
    { license_id: a, feature: "disk", units: 700, mode: "set" },
    { license_id: a, feature: s.feature["id"], units: 10 },
  ]);
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      object: "usage_batch",
      accepted: 4,
      duplicates: 1,
      rejected: [
        { index: 2, code: "license_not_found", detail: expect.any(String) },
        { index: 3, code: "feature_not_licensed", detail: expect.any(String) },
        { index: 4, code: "at_in_future", detail: expect.any(String) },
        { index: 5, code: "at_too_old", detail: expect.any(String) },
        { index: 7, code: "idempotency_key_reused", detail: expect.any(String) },
      ],
    },
  ]);
  expect((await s.track([again])).body).toMatchObject({ accepted: 0, duplicates: 1 });
  const current = await s.current(a);
  expect([current["export"].used, current["disk"].used]).toEqual([14, 700]);
  expect((await s.current(b))["export"]).toMatchObject({
    used: 2,
    remaining: 98,
    limit_value: 100,
    limit_type: "count",
    reset: "month",
  });
});

test("what a license used now is shown for each feature it names, and nothing is shown of another tenant's", async () => {
  const [s, stranger] = [await metered(), await metered()];
  const [a, theirs] = [await s.newLicense(), await stranger.newLicense()];
  await s.track([{ license_id: a, feature: "disk", units: 300, mode: "set" }]);
  const month = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth())).toISOString();
  expect(await s.current(a)).toMatchObject({
    export: { used: 0, reserved: 0, carried: 0, remaining: 100, period_starts_at: month, resets_at: expect.any(String) },
    disk: { used: 300, limit_type: "size", remaining: 700, period_starts_at: null, resets_at: null },
  });
  const asked = async (id: string) => {
    const { status, text, body } = await s.get(`/v1/usage/current?license_id=${id}`);
    return [status, text.replace(body["request_id"], "")];
  };
  expect(await asked(theirs)).toEqual(await asked(`${theirs.slice(0, -3)}777`));
  expect((await asked(theirs))[0]).toBe(404);
  expect((await s.track([{ license_id: theirs }])).text).toBe((await s.track([{ license_id: "lic_none" }])).text);
  expect((await stranger.current(theirs))["export"].used).toBe(0);
});

test("what is told late counts into the period and the day that it belongs to, also of a license that is held by now", async () => {
  const s = await metered();
  const a = await s.newLicense();
  await s.post(`/v1/licenses/${a}/suspend`, { reason: "pause" });
  const late = daysAgo(33);
  await s.track([
    { license_id: a, units: 7, at: late },
    { license_id: a, units: 5 },
  ]);
  expect((await s.current(a))["export"].used).toBe(5);
  await s.told(a);
  const days = (await s.read(`/v1/usage/history?license_id=${a}`))["data"] as Line[];
  expect(days.map(({ used_on, used, level }) => [used_on, used, level])).toEqual([
    [daysAgo(0).slice(0, 10), 5, 5],
    [late.slice(0, 10), 7, 7],
  ]);
});

test.each(["Pacific/Kiritimati", "Pacific/Pago_Pago"])("days and today are those of the tenant's calendar: %s", async (zone) => {
  const s = await metered();
  await s.patch(`/v1/tenants/${s.tenant.id}`, { time_zone: zone }, { key: s.operator });
  const a = await s.newLicense();
  await s.track([{ license_id: a, units: 3 }]);
  await s.told(a);
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(new Date());
  expect((await s.read("/v1/usage/history"))["data"]).toMatchObject([{ used_on: today, used: 3 }]);
  expect((await s.read("/v1/usage/report"))["data"]).toMatchObject([{ period: today, used: 3 }]);
  expect(await s.read("/v1/usage/stats")).toMatchObject({ to_on: today, features: [{ used: 3 }] });
});

test("use beyond the limit is counted, and its marks are told once", async () => {
  const s = await metered();
  const a = await s.newLicense();
  await s.track([{ license_id: a, units: 85 }]);
  await s.track([
    { license_id: a, units: 85 },
    { license_id: a, units: 85 },
  ]);
  await s.told(a);
  expect((await s.current(a))["export"]).toMatchObject({ used: 255, remaining: 0 });
  const alerts = (await s.read(`/v1/usage/alerts?license_id=${a}`))["data"] as Line[];
  expect(new Set(alerts.map(({ percent, limit_value }) => [percent, limit_value]))).toEqual(
    new Set([
      [80, 100],
      [100, 100],
    ]),
  );
  expect(await s.events("quota.threshold_reached")).toHaveLength(2);
});

test.each([
  ["nothing", []],
  ["more than 1,000 events", upTo(1001).map(() => ({}))],
  ["units of 0", [{ units: 0 }]],
  ["units below 0", [{ units: -1, mode: "set" }]],
  ["units that are no whole number", [{ units: 1.5 }]],
  ["an event without its key", [{ idempotency_key: undefined }]],
  ["another field", [{ subscription_id: "sub_1" }]],
])("%s is refused as a whole, and nothing is counted", async (_, events: Line[]) => {
  const s = await metered();
  const a = await s.newLicense();
  const { status, body } = await s.track(
    [...events.slice(0, 1).map(() => ({ license_id: a })), ...events.map((event) => ({ license_id: a, ...event }))].slice(
      0,
      events.length === 0 ? 0 : undefined,
    ),
  );
  expect([status, body["code"]]).toEqual([400, "invalid_request"]);
  expect((await s.current(a))["export"].used).toBe(0);
});

test("a level of 0 may be set", async () => {
  const s = await metered();
  const a = await s.newLicense();
  await s.track([{ license_id: a, feature: "disk", units: 9, mode: "set" }]);
  expect((await s.track([{ license_id: a, feature: "disk", units: 0, mode: "set" }])).body).toMatchObject({ accepted: 1 });
  expect((await s.current(a))["disk"].used).toBe(0);
});

test("a thousand events cost one read of the licenses, and one call of each license's meter", async () => {
  const s = await metered();
  const licenses = await Promise.all(upTo(5).map(() => s.newLicense()));
  let calls = 0;
  metersThat((get) => {
    calls++;
    return get();
  });
  const batch = vi.spyOn(env.DB_00, "batch");
  const answer = await s.track(upTo(1000).map((n) => ({ license_id: licenses[n % 5], units: 1 })));
  expect(answer.body).toMatchObject({ accepted: 1000, rejected: [] });
  expect([calls, batch.mock.calls.length]).toEqual([5, 1]);
  vi.restoreAllMocks();
  for (const id of licenses) expect((await s.current(id))["export"].used).toBe(200);
});

test("where a meter does not answer the batch is told again, and what was counted is not counted twice", async () => {
  const s = await metered();
  const licenses = await Promise.all(upTo(3).map(() => s.newLicense()));
  const events = licenses.map((license_id) => ({ license_id, units: 3, idempotency_key: key() }));
  metersThat((get, place) => (place === 1 ? undefined : get()));
  const refused = await s.track(events);
  expect([refused.status, refused.body["code"], refused.headers.get("retry-after")]).toEqual([
    503,
    "temporarily_unavailable",
    "1",
  ]);
  vi.restoreAllMocks();
  expect((await s.track(events)).body).toMatchObject({ accepted: 1, duplicates: 2, rejected: [] });
  for (const id of licenses) expect((await s.current(id))["export"].used).toBe(3);
});

type Told = { license: number; feature: "export" | "disk"; units: number; mode: "add" | "set"; days: number; key: number };

/** What counters must come to, worked out one event after the other. */
function oracle(told: readonly Told[]) {
  const known = new Map<string, string>();
  const counters = new Map<string, { used: number; setAt: number }>();
  const outcomes = { accepted: 0, duplicates: 0, rejected: 0 };
  for (const each of told) {
    const { license, feature, units, mode, days, key: name } = each;
    const content = JSON.stringify([feature, units, mode, days]);
    const before = known.get(`${license}/${name}`);
    if (before !== undefined) {
      if (before === content) outcomes.duplicates++;
      else outcomes.rejected++;
      continue;
    }
    known.set(`${license}/${name}`, content);
    outcomes.accepted++;
    const at = Date.parse(AT[days] ?? "");
    const period = feature === "export" ? (AT[days] ?? "").slice(0, 7) : "";
    const counter = counters.get(`${license}/${feature}/${period}`) ?? { used: 0, setAt: 0 };
    if (mode === "add") counter.used += units;
    else if (at >= counter.setAt) Object.assign(counter, { used: units, setAt: at });
    counters.set(`${license}/${feature}/${period}`, counter);
  }
  return { counters, outcomes };
}

/** The instants that usage is told of: the same for an event and its repetition. */
const AT = Array.from({ length: 34 }, (_, days) => daysAgo(days));

const anyTold: fc.Arbitrary<Told> = fc
  .record({
    license: fc.integer({ min: 0, max: 1 }),
    feature: fc.constantFrom("export" as const, "disk" as const),
    units: fc.integer({ min: 1, max: 50 }),
    mode: fc.constantFrom("add" as const, "add" as const, "set" as const),
    days: fc.nat(33),
    key: fc.nat(25),
  })
  // of the same key mostly the same content, so that there are duplicates beside those that are none
  .map((told) => (told.key < 12 ? { ...told, units: 7, mode: "add", days: 3, feature: "export" } : told));

test("report, ledger, counter and days say the same, whatever is told in whichever order, twice or late", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyTold, { minLength: 1, maxLength: 25 }), { minLength: 1, maxLength: 4 }),
      async (batches) => {
        const s = await metered();
        const licenses = [await s.newLicense(), await s.newLicense()] as const;
        const summed = { accepted: 0, duplicates: 0, rejected: 0 };
        for (const batch of batches) {
          const { body } = await s.track(
            batch.map(({ license, days, key: name, ...event }) => ({
              ...event,
              license_id: licenses[license],
              at: AT[days],
              idempotency_key: `k${name}`,
            })),
          );
          summed.accepted += body["accepted"];
          summed.duplicates += body["duplicates"];
          summed.rejected += body["rejected"].length;
          // what is evicted must be awake
          await s.meter(licenses[0]).audit();
          await evictDurableObject(s.meter(licenses[0]));
        }
        const { counters, outcomes } = oracle(batches.flat());
        expect(summed).toEqual(outcomes);

        await s.told(...licenses);
        for (const [place, id] of licenses.entries()) {
          const current = await s.current(id);
          const now = `${place}/export/${new Date().toISOString().slice(0, 7)}`;
          expect(current["export"].used).toBe(counters.get(now)?.used ?? 0);
          expect(current["disk"].used).toBe(counters.get(`${place}/disk/`)?.used ?? 0);
          for (const { used, summed: ledger } of await s.meter(id).audit()) expect(ledger).toBe(used);
          const months = (await s.read(`/v1/usage/report?period=month&license_id=${id}&feature=export`))["data"] as Line[];
          for (const { period, used } of months) expect(used).toBe(counters.get(`${place}/export/${period}`)?.used);
          const years = (await s.read(`/v1/usage/report?period=year&license_id=${id}&feature=disk`))["data"] as Line[];
          expect(years.reduce((sum, { used }) => sum + used, 0)).toBe(counters.get(`${place}/disk/`)?.used ?? 0);
          const [newest] = (await s.read(`/v1/usage/history?license_id=${id}&feature=disk&limit=1`))["data"] as Line[];
          expect(newest?.["level"] ?? 0).toBe(counters.get(`${place}/disk/`)?.used ?? 0);
        }
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
});

test("a tenant sees what it used of its own limits", async () => {
  const s = await shop();
  const answer = await s.read("/v1/usage/limits");
  expect(answer).toMatchObject({ object: "tenant_limits", tier: "enterprise" });
  const [calls] = answer["limits"] as Line[];
  expect(calls).toMatchObject({ name: "api_calls", limit_value: 1_000_000, resets_at: expect.any(String) });
  expect(calls?.["remaining"]).toBe(1_000_000 - calls?.["used"]);
});
