import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo } from "../../world.ts";
import { DAY_MS, device, shop } from "../shop.ts";

const PATH = "/v1/devices/blacklist";

test("an entry names exactly one thing, and shows no digest of it", async () => {
  const w = await shop();
  const reason = "abuse";
  const board = { kind: "mainboard", hash: "serial-4711" };
  expect(await w.post(PATH, { reason })).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  expect(await w.post(PATH, { reason, fingerprint: "f", ip_range: "203.0.113.0/24" })).toMatchObject({ status: 400 });
  expect(await w.post(PATH, { reason, ip_range: "203.0.113.0/33" })).toMatchObject({ status: 400 });

  const entry = await w.post(PATH, { reason, fingerprint: device("a") });
  expect(entry).toMatchObject({ status: 201, body: { object: "blacklist_entry", kind: "device", reason, expires_at: null } });
  const part = await w.post(PATH, { reason, component: board });
  expect(part.body).toMatchObject({ kind: "component", component_kind: "mainboard", ip_range: null });
  const range = await w.post(PATH, { reason, ip_range: "2001:db8::/32" });
  expect(range.body).toMatchObject({ kind: "ip_range", ip_range: "2001:db8::/32" });

  const all = await w.get(PATH);
  expect(all.body["data"].map(({ id }: { id: string }) => id)).toEqual([range, part, entry].map(({ body }) => body["id"]));
  expect((await w.get(`${PATH}?kind=component`)).body["data"]).toMatchObject([{ id: part.body["id"] }]);
  const { results: rows } = await env.DB_00.prepare("select * from blacklist where tenant_id = ?").bind(w.tenant.id).all();
  const digests = rows.flatMap(({ digest }) => (typeof digest === "string" ? [digest] : []));
  expect(digests).toHaveLength(2);
  const { results: events } = await env.DB_00.prepare("select data from events where tenant_id = ?").bind(w.tenant.id).all();
  const told = JSON.stringify([all.body, entry.body, part.body, events]);
  for (const secret of [...digests, device("a"), board.hash]) expect(told).not.toContain(secret);
  expect(JSON.stringify(rows)).not.toContain(device("a"));
  expect(JSON.stringify(rows)).not.toContain(board.hash);
});

test("the same device is shut out once, and anew when its entry has ended or is deleted", async () => {
  const w = await shop();
  const body = { fingerprint: device("a"), reason: "abuse", expires_at: new Date(Date.now() + DAY_MS).toISOString() };
  const first = await w.post(PATH, body);
  expect(await w.post(PATH, { ...body, expires_at: null })).toMatchObject({ status: 409, body: { code: "already_blacklisted" } });

  await w.later(DAY_MS + 1000);
  const second = await w.post(PATH, { ...body, expires_at: null });
  expect(second.status).toBe(201);
  expect(await w.get(`${PATH}/${first.body["id"]}`)).toMatchObject({ status: 404, body: { code: "blacklist_entry_not_found" } });

  expect((await w.delete(`${PATH}/${second.body["id"]}`)).status).toBe(204);
  expect((await w.delete(`${PATH}/${second.body["id"]}`)).status).toBe(404);
  expect((await w.post(PATH, body)).status).toBe(201);
  expect(await w.events("blacklist_entry.created")).toHaveLength(3);
  expect((await w.events("blacklist_entry.deleted")).map((event) => event["subject_id"])).toEqual([
    first.body["id"],
    second.body["id"],
  ]);
});

test("a tenant shuts out at most a thousand ranges, also when many ask for the last place at once", async () => {
  const w = await shop();
  await env.DB_00.prepare(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 998)
     insert into blacklist (tenant_id, id, kind, range, range_from, range_to, reason, metadata, created_at, updated_at, version)
     select ?, 'blk_' || i, 'ip_range', '10.0.0.1', 'a', 'b', 'seed', '{}', 1, 1, 1 from n`,
  )
    .bind(w.tenant.id)
    .run();
  const answers = await Promise.all(upTo(5).map((n) => w.post(PATH, { ip_range: `198.51.100.${n}`, reason: "abuse" })));
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 201, 409, 409, 409]);
  expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: "too_many_ip_ranges" });
  // devices are looked up by their digest, however many there are
  expect((await w.post(PATH, { fingerprint: device("a"), reason: "abuse" })).status).toBe(201);
});

test("ten who shut out the same device at once make one entry", async () => {
  const w = await shop();
  const answers = await Promise.all(upTo(10).map(() => w.post(PATH, { fingerprint: device("a"), reason: "abuse" })));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body["code"]))).toEqual(
    new Set(["already_blacklisted"]),
  );
  expect(await w.events("blacklist_entry.created")).toHaveLength(1);
});
