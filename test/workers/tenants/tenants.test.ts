import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { send, world } from "../world.ts";

test("a new tenant comes with its sandbox and four keys, and each key opens its own side alone", async () => {
  const w = await world();
  const live = await w.post("/v1/products", { name: "Live", code: "live" });
  expect(live.status).toBe(201);
  expect((await w.get("/v1/products", undefined, { key: w.keys.testSecret })).body["data"]).toEqual([]);
  expect((await w.get(`/v1/products/${live.body["id"]}`, undefined, { key: w.keys.testSecret })).status).toBe(404);
});

test("the keys of a tenant are shown once and stand nowhere in the database", async () => {
  const w = await world();
  const again = await send("GET", `/v1/tenants/${w.tenant.id}`, undefined, { key: w.operator });
  expect(again.status).toBe(200);
  expect(again.text).not.toContain("lk_");
  const rows = await env.DB_00.prepare("select * from api_keys where tenant_id in (?, ?)")
    .bind(w.tenant.id, w.tenant.sandbox_id)
    .all();
  for (const key of Object.values(w.keys)) expect(JSON.stringify(rows.results)).not.toContain(key);
});

test("a tenant made twice under one Idempotency-Key is one tenant, with the same keys in both answers", async () => {
  const w = await world();
  const slug = `${w.tenant.slug}-twice`;
  const body = { name: "Twice", slug, owner_email: "a@b.example" };
  const [first, second] = [
    await send("POST", "/v1/tenants", body, { key: w.operator, idempotencyKey: "t" }),
    await send("POST", "/v1/tenants", body, { key: w.operator, idempotencyKey: "t" }),
  ];
  expect(first.status).toBe(201);
  expect(second.text).toBe(first.text);
  expect(second.headers.get("idempotency-replayed")).toBe("true");
});

test("a closed tenant's keys are refused, those of its sandbox as well", async () => {
  const w = await world();
  expect((await send("DELETE", `/v1/tenants/${w.tenant.id}`, undefined, { key: w.operator })).status).toBe(204);
  for (const key of [w.keys.secret, w.keys.testSecret])
    expect((await w.get("/v1/products", undefined, { key })).status).toBe(401);
  expect((await send("GET", `/v1/tenants/${w.tenant.id}`, undefined, { key: w.operator })).status).toBe(404);
});

test("a change of a tenant reaches its sandbox", async () => {
  const w = await world();
  const changed = await send("PATCH", `/v1/tenants/${w.tenant.id}`, { time_zone: "Europe/Berlin" }, { key: w.operator });
  expect(changed.body).toMatchObject({ time_zone: "Europe/Berlin" });
  const row = await env.DB_00.prepare("select time_zone from tenants where id = ?").bind(w.tenant.sandbox_id).first();
  expect(row).toEqual({ time_zone: "Europe/Berlin" });
});

test("operators reach no tenant's data, and tenants no operator's", async () => {
  const w = await world();
  expect((await w.get("/v1/products", undefined, { key: w.operator })).body).toMatchObject({ code: "key_kind_not_allowed" });
  expect((await w.get("/v1/tenants")).body).toMatchObject({ code: "key_kind_not_allowed", status: 403 });
});
