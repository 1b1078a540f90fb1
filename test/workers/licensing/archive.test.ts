import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { endOfMonth, monthOf } from "#rules/licensing/archive-month";
import { archivedFrom } from "#rules/licensing/archive";
import { asHost } from "../events/host.ts";
import { forget, upTo } from "../world.ts";
import { DAY_MS, device, shop, worksOffline, type Shop } from "./shop.ts";

const MONTH = monthOf(new Date());
const BEFORE = endOfMonth(MONTH).toISOString();
/** So late that whatever is released now is old enough, by the setting as it is by default. */
const LONG_AFTER = 125 * DAY_MS;

const step = async (w: Shop, month = MONTH) => {
  const answer = await asHost("/internal/activations/archive", { tenant_id: w.tenant.id, month });
  expect(answer.status, answer.text).toBe(200);
  return answer.body as { count: number; outcome: string; from: string | null };
};
const listed = async (w: Shop, query: string) =>
  (await w.read(`/v1/activations?limit=100&${query}`))["data"] as Record<string, unknown>[];
const idsOf = (rows: readonly Record<string, unknown>[]) => rows.map(({ id }) => id);

/** A seat that was taken and given back. */
async function released(w: Shop, key: unknown, name: string, more: Record<string, unknown> = {}) {
  const seat = (await w.post("/v1/activations", { license_key: key, fingerprint: device(name), ...more })).body;
  const { status, text } = await w.post(`/v1/activations/${seat["id"]}/deactivate`, { reason: "sold" });
  expect(status, text).toBe(200);
  return { id: seat["id"] as string, token: seat["activation_token"] as string };
}

/** As many seats as the one that there is, released like it. */
async function manyLike(id: string, count: number): Promise<void> {
  const row = await env.DB_00.prepare("select * from activations where id = ?").bind(id).first();
  const columns = Object.keys(row ?? {});
  const copied = columns.map((name) => {
    if (name === "id") return `substr(a.id, 1, length(a.id) - 5) || printf('%05d', n.value)`;
    return name === "device_hash" ? "a.device_hash || n.value" : `a.${name}`;
  });
  await env.DB_00.prepare(
    `insert into activations (${columns.join(", ")}) select ${copied.join(", ")} from activations a, json_each(?2) n where a.id = ?1`,
  )
    .bind(id, JSON.stringify(upTo(count)))
    .run();
}

test("what was released long ago is archived as it was, and found by who asks for the archive", async () => {
  const w = await shop();
  const [one, other] = [await w.license({ max_activations: 2 }), await w.license()];
  const whole = {
    name: "Ada's",
    platform: "linux",
    external_id: "pc-1",
    metadata: { a: "1" },
    components: [{ kind: "cpu", hash: device("c") }],
  };
  const old = await released(w, one["license_key"], "a", whole);
  const elsewhere = await released(w, other["license_key"], "b");
  const held = (await w.activate(one["license_key"], "c")).body;
  const before = await w.read(`/v1/activations/${old.id}`);
  await w.later(LONG_AFTER);
  expect(await step(w)).toEqual({ count: 2, outcome: "done", from: null });

  expect(idsOf(await listed(w, ""))).toEqual([held["id"]]);
  const archived = await listed(w, "archived=true");
  expect(idsOf(archived)).toEqual([elsewhere.id, old.id]);
  expect(archived[1]).toEqual({ ...before, archived_at: expect.stringMatching(/^20/) });
  expect(await w.read(`/v1/activations/${old.id}`)).toEqual(archived[1]);

  expect(idsOf(await listed(w, `archived=true&license_id=${one["id"]}`))).toEqual([old.id]);
  expect(idsOf(await listed(w, `archived=true&license_id=${one["id"]}&external_id=pc-1`))).toEqual([old.id]);
  expect(await listed(w, `archived=true&license_id=${one["id"]}&external_id=pc-2`)).toEqual([]);
  expect(await listed(w, "archived=true&status=active")).toEqual([]);
  expect((await w.get("/v1/activations?archived=true&external_id=pc-1")).body).toMatchObject({
    code: "invalid_request",
    errors: [{ pointer: "/query/license_id" }],
  });
  const first = await w.read("/v1/activations?archived=true&limit=1");
  expect([idsOf(first["data"]), first["has_more"]]).toEqual([[elsewhere.id], true]);
  const next = await w.read(`/v1/activations?archived=true&limit=1&cursor=${first["next_cursor"]}`);
  expect([idsOf(next["data"]), next["has_more"]]).toEqual([[old.id], false]);

  const stranger = await shop();
  expect((await stranger.get(`/v1/activations/${old.id}`)).status).toBe(404);
  expect(await listed(stranger, "archived=true")).toEqual([]);
});

test("each step archives two hundred at most and tells of it, and of two at once none takes what the other has", async () => {
  const w = await shop();
  const license = await w.license();
  const { id } = await released(w, license["license_key"], "a");
  await manyLike(id, 449);
  await w.later(LONG_AFTER);
  const steps = [...(await Promise.all([step(w), step(w)])), await step(w), await step(w)];
  expect(steps.map(({ count }) => count).toSorted((a, b) => b - a)).toEqual([200, 200, 50, 0]);
  const told = (await w.events("activation.archived")).map(({ data, subject_id }) => [subject_id, JSON.parse(data as string)]);
  const object = (count: number) => ({ object: "archived_activations", count, released_before: BEFORE });
  expect(told).toEqual([200, 200, 50].map((count) => [w.tenant.id, { object: object(count), previous: null }]));
  const rows = await env.DB_00.prepare(
    "select count(distinct id) as ids, count(*) as n from archived_activations where tenant_id = ?",
  )
    .bind(w.tenant.id)
    .first();
  expect(rows).toEqual({ ids: 450, n: 450 });
  expect(await listed(w, "")).toEqual([]);
});

test("nothing is archived before its month is old enough, by the setting as it is when it is asked", async () => {
  const w = await shop();
  await released(w, (await w.license())["license_key"], "a");
  const from = (after: string) => archivedFrom(MONTH, after)?.toISOString();
  expect(await step(w)).toEqual({ count: 0, outcome: "wait", from: from("P90D") });
  await w.later(LONG_AFTER);
  await w.setting({ archive_activations_after: null });
  expect(await step(w)).toEqual({ count: 0, outcome: "kept", from: null });
  await w.setting({ archive_activations_after: "P6M" });
  expect(await step(w)).toEqual({ count: 0, outcome: "wait", from: from("P6M") });
  await w.setting({ archive_activations_after: "P31D" });
  expect(await step(w, monthOf(new Date(Date.now() - 40 * DAY_MS)))).toMatchObject({ count: 0, outcome: "done" });
  expect(await step(w)).toMatchObject({ count: 1, outcome: "done" });
  expect(await step(w)).toMatchObject({ count: 0, outcome: "done" });
});

test("what still decides something stays: seats that are held, that have files, that are marked, or that may have cleared a mark", async () => {
  const w = await shop();
  const [plain, marked] = [await w.license({ max_activations: 9 }), await w.license({ max_activations: 9 })];
  const held = (await w.activate(plain["license_key"], "held")).body;
  const filed = await released(w, plain["license_key"], "filed");
  const gone = await released(w, plain["license_key"], "gone");
  await worksOffline(filed.id, Date.now());
  const before = await released(w, marked["license_key"], "before");
  const suspect = (await w.activate(marked["license_key"], "suspect")).body;
  await env.DB_00.prepare("update activations set clone_suspected_at = 1 where id = ?").bind(suspect["id"]).run();
  await w.post(`/v1/activations/${suspect["id"]}/deactivate`);
  const cleared = await released(w, marked["license_key"], "suspect");
  await w.later(LONG_AFTER);
  expect(await step(w)).toMatchObject({ count: 2 });
  expect(idsOf(await listed(w, "archived=true"))).toEqual([before.id, gone.id]);
  expect(idsOf(await listed(w, ""))).toEqual([cleared.id, suspect["id"], filed.id, held["id"]]);
});

test("a device whose seat was archived is not found by its token, is released for whoever knows it, and takes a seat anew", async () => {
  const w = await shop();
  const license = await w.license({ max_activations: 1 });
  const old = await released(w, license["license_key"], "a", { external_id: "pc-1" });
  await w.later(LONG_AFTER);
  const byToken = () => w.program("/v1/activations/validate", { activation_token: old.token });
  expect((await byToken()).body).toMatchObject({ valid: false, code: "ACTIVATION_RELEASED" });
  await step(w);
  forget();
  expect((await byToken()).body).toMatchObject({ valid: false, code: "ACTIVATION_NOT_FOUND" });
  expect(await w.beat(old.token)).toMatchObject({ status: 404, body: { code: "activation_not_found" } });
  const again = await w.post(`/v1/activations/${old.id}/deactivate`);
  expect(again).toMatchObject({ status: 200, body: { status: "released", archived_at: expect.any(String) } });
  // its place and its name are free, as they were
  const seat = await w.post("/v1/activations", {
    license_key: license["license_key"],
    fingerprint: device("a"),
    external_id: "pc-1",
  });
  expect(seat.status, seat.text).toBe(201);
});

test("no count changes by archiving", async () => {
  const w = await shop();
  const entitlements = [{ feature: "export", limit_value: 10 }];
  const named = await w.license({ type: "named_user", max_users: 3, max_activations: 5, entitlements });
  const limited = await w.license({ max_activations: 5, max_activations_per_30d: 3 });
  for (const name of ["a", "b"]) await released(w, named["license_key"], name, { user: `${name}@customer.example` });
  await w.activate(named["license_key"], "c", { user: "c@customer.example" });
  await released(w, limited["license_key"], "d");
  await w.activate(limited["license_key"], "e");
  const used = await w.post("/v1/entitlements/consume", {
    license_key: named["license_key"],
    items: [{ feature: "export", units: 4 }],
  });
  expect(used.status, used.text).toBe(200);
  await w.later(LONG_AFTER);
  const counts = async () => {
    const { evaluated_at: _, ...stats } = await w.read("/v1/licenses/stats");
    const { evaluated_at: __, ...usage } = await w.read(`/v1/usage/current?license_id=${named["id"]}`);
    return {
      licenses: [await w.read(`/v1/licenses/${named["id"]}`), await w.read(`/v1/licenses/${limited["id"]}`)],
      users: await w.read(`/v1/licenses/${named["id"]}/users`),
      stats,
      usage,
      held: await listed(w, "status=active"),
      log: (await w.read(`/v1/licenses/${named["id"]}/events?limit=100`))["data"],
    };
  };
  const before = await counts();
  expect(before.licenses.map((license) => license["activations_count"])).toEqual([1, 1]);
  expect(JSON.stringify(before.usage)).toContain('"used":4');
  expect(await step(w)).toMatchObject({ count: 3 });
  expect(await counts()).toEqual(before);
});
