import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { device, shop } from "./shop.ts";

test("no license key, fingerprint or activation token lies readable in the database after all was used", async () => {
  const s = await shop();
  const license = await s.license({ heartbeat: { required: true, interval_s: 60 } });
  const imported = await s.license({}, { license_key: "Canary-Key-9fQz77LmPw31Xk0oTr5" });
  const key = license["license_key"];
  const body = { license_key: key, fingerprint: device("canary") };
  const activation = (await s.post("/v1/activations", body, { idempotencyKey: "a" })).body;
  const token = activation["activation_token"];
  await s.post("/v1/licenses", { template_id: license["template_id"], customer_id: s.customer["id"] }, { idempotencyKey: "b" });
  await s.validate(key, { fingerprint: device("canary") });
  await s.program("/v1/activations/validate", { activation_token: token });
  await s.beat(token, { counters: { renders: 1 }, seq: 1 });
  await s.post("/v1/licenses/lookup", { license_key: key });
  await s.post(`/v1/licenses/${license["id"]}/reveal_key`, undefined, { idempotencyKey: "c" });
  const again = (await s.post(`/v1/licenses/${license["id"]}/regenerate_key`, undefined, { idempotencyKey: "e" })).body;
  await s.post(`/v1/activations/${activation["id"]}/deactivate`, { activation_token: token }, { idempotencyKey: "d" });

  const { results: tables } = await env.DB_00.prepare(
    "select name from sqlite_schema where type = 'table' and name not glob '_cf_*'",
  ).all<{ name: string }>();
  expect(tables.map(({ name }) => name)).toContain("idempotency_keys");
  const canaries = [
    key,
    String(key).replaceAll("-", ""),
    again["license_key"],
    imported["license_key"],
    device("canary"),
    token,
    String(token).slice(-32),
  ];
  for (const { name } of tables) {
    const { results } = await env.DB_00.prepare(`select * from "${name}"`).all();
    const text = JSON.stringify(results);
    for (const canary of canaries) expect(text.includes(String(canary)), `${name} holds a secret`).toBe(false);
  }
});
