import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DAY_MS, shop, type Shop } from "../licensing/shop.ts";
import { plansOf } from "../plans.ts";

type Told = { type: string; actor: { type: string; id: string }; subject: { type: string; id: string }; data: Data };
type Data = { object: Record<string, unknown>; previous: Record<string, unknown> | null };

const logOf = async (s: Shop, id: unknown, query = ""): Promise<Told[]> =>
  (await s.read(`/v1/licenses/${String(id)}/events${query}`))["data"];
const typesOf = (events: Told[]) => events.map(({ type }) => type);

/** A license that was made, activated on two devices, changed, and left by one of them. */
async function lived(s: Shop) {
  const license = await s.license({ max_activations: 3 });
  const first = (await s.activate(license["license_key"], "one")).body;
  await s.activate(license["license_key"], "two");
  await s.patch(`/v1/licenses/${license["id"]}`, { max_activations: 5 });
  await s.post(`/v1/activations/${first["id"]}/deactivate`, { reason: "replaced" });
  return { license, first };
}

test("a license's log holds what happened to it and to its devices, and nothing of another license", async () => {
  const s = await shop();
  const { license, first } = await lived(s);
  const other = await lived(s);

  const log = await logOf(s, license["id"]);
  expect(typesOf(log)).toEqual([
    "activation.released",
    "license.updated",
    "activation.created",
    "license.activated",
    "activation.created",
    "license.created",
  ]);
  expect(log[0]?.subject).toEqual({ type: "activation", id: first["id"] });
  expect(JSON.stringify(log)).not.toContain(other.license["id"]);
});

test("every change says what was different before, and who made it", async () => {
  const s = await shop();
  const { license } = await lived(s);
  const [updated] = await logOf(s, license["id"], "?type=license.updated");
  expect(updated).toMatchObject({
    actor: { type: "api_key", id: expect.stringMatching(/^key_/) },
    data: { object: { max_activations: 5 }, previous: { max_activations: 3 } },
  });
  const [released] = await logOf(s, license["id"], "?type=activation.released");
  expect(released?.data).toMatchObject({
    object: { status: "released", deactivated_reason: "replaced" },
    previous: { status: "active", deactivated_at: null, deactivated_reason: null },
  });
});

test("the log is narrowed by type, by who did it and by time, all of them joined by and", async () => {
  const s = await shop();
  const { license } = await lived(s);
  const begin = (await s.read(`/v1/licenses/${license["id"]}`))["created_at"];
  await s.later(10 * DAY_MS);
  await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "pause" });
  const all = await logOf(s, license["id"]);
  const [vendor, program] = [all[0]?.actor.id, all.find(({ type }) => type === "activation.created")?.actor.id];
  expect(vendor).not.toBe(program);

  const found = (query: string) => logOf(s, license["id"], `?${query}`).then(typesOf);
  expect(await found("type=activation.created")).toEqual(["activation.created", "activation.created"]);
  expect(await found(`actor_id=${program}`)).toHaveLength(3);
  expect(await found(`actor_id=${program}&type=activation.created`)).toHaveLength(2);
  expect(await found(`actor_id=${vendor}&type=activation.created`)).toEqual([]);
  expect(await found("actor_type=api_key")).toHaveLength(7);
  expect(await found("actor_type=provider")).toEqual([]);
  const suspendedAt = new Date(Date.parse(begin) + 9 * DAY_MS).toISOString();
  expect(await found(`from=${suspendedAt}`)).toEqual(["license.suspended"]);
  expect(await found(`to=${suspendedAt}`)).toHaveLength(6);
  // from is inclusive, to is exclusive
  expect(await found(`from=${begin}&to=${begin}`)).toEqual([]);
  expect(await found(`to=${begin}`)).toEqual([]);
  expect(await found(`from=${begin}&type=license.created`)).toEqual(["license.created"]);
});

test("pages of a log follow each other without gap or repetition, and a cursor fits its own filters alone", async () => {
  const s = await shop();
  const { license } = await lived(s);
  const path = `/v1/licenses/${license["id"]}/events`;
  const whole = typesOf(await logOf(s, license["id"]));
  const paged: string[] = [];
  for (let cursor = ""; ;) {
    const page = await s.read(`${path}?limit=2${cursor}`);
    paged.push(...typesOf(page["data"]));
    if (!page["has_more"]) break;
    cursor = `&cursor=${page["next_cursor"]}`;
    expect((await s.get(`${path}?limit=2&actor_type=api_key${cursor}`)).body).toMatchObject({ code: "invalid_cursor" });
  }
  expect(paged).toEqual(whole);
});

test("what was there before licenses had logs and terms has both after the migration", async () => {
  const s = await shop();
  const { license } = await lived(s);
  const waiting = await s.license({ expiry_basis: "first_activation" });
  const read = async (id: unknown) => [await logOf(s, id), await s.read(`/v1/licenses/${String(id)}/terms`)];
  const [whole, empty] = [await read(license["id"]), await read(waiting["id"])];
  const { DB_00 } = env;
  await DB_00.batch([
    DB_00.prepare("update events set license_id = null where tenant_id = ?").bind(s.tenant.id),
    DB_00.prepare("delete from license_terms where tenant_id = ?").bind(s.tenant.id),
    DB_00.prepare("update licenses set term_count = 0 where tenant_id = ?").bind(s.tenant.id),
  ]);
  expect(await logOf(s, license["id"])).toEqual([]);

  const { TEST_MIGRATIONS } = env as typeof env & { TEST_MIGRATIONS: { name: string; queries: string[] }[] };
  const queries = TEST_MIGRATIONS.find(({ name }) => name.endsWith("_licensing.sql"))?.queries ?? [];
  const filling = queries.filter((sql) => /^(UPDATE|INSERT INTO) `/m.test(sql));
  expect(filling).toHaveLength(3);
  for (const sql of filling) await DB_00.prepare(sql).run();
  expect([await read(license["id"]), await read(waiting["id"])]).toEqual([whole, empty]);
});

test("a log reads the events of its own license alone, whatever it is narrowed by", async () => {
  const s = await shop();
  const { license } = await lived(s);
  const plans = await plansOf(/from "events"/, async () => {
    for (const query of ["", "?type=license.created", "?actor_type=api_key", "?actor_id=key_x", "?from=2026-01-01T00:00:00Z"])
      await logOf(s, license["id"], query);
  });
  expect(plans.length).toBeGreaterThanOrEqual(5);
  for (const { plan } of plans)
    expect(plan).toEqual([expect.stringMatching(/USING INDEX events_license \(tenant_id=\? AND license_id=\?/)]);
});
