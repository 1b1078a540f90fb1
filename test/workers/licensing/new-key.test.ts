import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { airGap, claimsIn, requestOf } from "./offline/air.ts";
import { device, shop, type Shop } from "./shop.ts";

const regenerate = (s: Shop, id: string, idempotencyKey?: string) =>
  s.post(`/v1/licenses/${id}/regenerate_key`, undefined, idempotencyKey === undefined ? {} : { idempotencyKey });

test("a new key is the only one: the old one is unknown at once, and devices keep their seats and tokens", async () => {
  const s = await shop();
  const made = await s.license({ max_activations: 2, key_format: { prefix: "ACME" } });
  const { id, license_key: old } = made;
  const activation = (await s.activate(old, "a")).body;

  const answer = await regenerate(s, id);
  expect(answer.status).toBe(200);
  const { license_key: key, ...license } = answer.body;
  expect(key).toMatch(/^ACME-/);
  expect(key).not.toBe(old);
  expect(license).toMatchObject({ id, key_last4: String(key).slice(-4), activations_count: 1, status: "active" });
  expect(await s.read(`/v1/licenses/${id}`)).toEqual(license);

  expect((await s.validate(old)).body).toMatchObject({ valid: false, code: "NOT_FOUND", license: null });
  expect((await s.post("/v1/licenses/lookup", { license_key: old })).status).toBe(404);
  expect((await s.activate(old, "b")).status).toBe(404);
  expect((await s.validate(key, { fingerprint: device("a") })).body).toMatchObject({ valid: true, license: { id } });
  expect((await s.post("/v1/licenses/lookup", { license_key: key })).body["id"]).toBe(id);
  expect((await s.post(`/v1/licenses/${id}/reveal_key`)).body["license_key"]).toBe(key);

  const token = activation["activation_token"];
  expect((await s.program("/v1/activations/validate", { activation_token: token })).body["valid"]).toBe(true);
  const again = (await s.activate(key, "a")).body;
  expect([again["id"], again["activation_token"]]).toEqual([activation["id"], token]);
});

test("the event of a new key holds the ends of both, and neither of them", async () => {
  const s = await shop();
  const { id, license_key: old, key_last4: before } = await s.license();
  const { license_key: key } = (await regenerate(s, id)).body;
  const [event, ...others] = await s.events("license.key_regenerated");
  expect(others).toEqual([]);
  const data = JSON.parse(String(event?.["data"]));
  expect(data["previous"]).toEqual({ key_last4: before });
  expect(data["object"]["key_last4"]).toBe(String(key).slice(-4));
  for (const text of [old, key]) expect(JSON.stringify(event)).not.toContain(String(text));
});

test("asked again under its Idempotency-Key, the same new key is answered and stays", async () => {
  const s = await shop();
  const { id } = await s.license();
  const first = await regenerate(s, id, "lost");
  expect((await regenerate(s, id, "lost")).text).toBe(first.text);
  expect((await s.validate(first.body["license_key"])).body["valid"]).toBe(true);
  expect(await s.events("license.key_regenerated")).toHaveLength(1);
});

test("of keys that are made at once the last one is good, and no other", async () => {
  const s = await shop();
  const { id } = await s.license();
  const answers = await Promise.all(upTo(5).map(() => regenerate(s, id)));
  expect(answers.map(({ status }) => status)).toEqual(upTo(5).map(() => 200));
  const decisions = await Promise.all(answers.map(({ body }) => s.validate(body["license_key"])));
  const codes = decisions.map(({ body }) => body["code"]);
  expect(codes.filter((code) => code === "VALID")).toHaveLength(1);
  expect(codes.filter((code) => code === "NOT_FOUND")).toHaveLength(4);
});

test("an imported key is replaced by one of our making; a held license gets one, an ended one gets none", async () => {
  const s = await shop();
  const { id } = await s.license({}, { license_key: "Imported-9fQz77LmPw31Xk0oTr5" });
  await s.post(`/v1/licenses/${id}/suspend`, { reason: "The key was published" });
  const { license_key: key } = (await regenerate(s, id)).body;
  expect(key).toMatch(/^([0-9A-Z]{4}-){4}[0-9A-Z]{4}$/);
  await s.post(`/v1/licenses/${id}/cancel`);
  expect((await regenerate(s, id)).body["code"]).toBe("invalid_transition");
  await s.post(`/v1/licenses/${id}/revoke`, { reason: "fraud" });
  expect((await regenerate(s, id)).body["code"]).toBe("invalid_transition");
  expect((await s.read(`/v1/licenses/${id}`))["key_last4"]).toBe(String(key).slice(-4));
});

test("where digests alone are kept, a new key has no copy", async () => {
  const s = await shop();
  const { id } = await s.license();
  await s.setting({ key_storage: "hash_only" });
  await regenerate(s, id);
  expect((await s.post(`/v1/licenses/${id}/reveal_key`)).body["code"]).toBe("license_key_not_kept");
  const row = await env.DB_00.prepare("select key_sealed, key_sealed_until from licenses where id = ?").bind(id).first();
  expect(row).toEqual({ key_sealed: null, key_sealed_until: null });
});

test("a device without a connection asks for its next license file with the new key, and not with the old one", async () => {
  const g = await airGap();
  const license = await g.offlineLicense();
  const { device: press, file } = await g.activated(license, "press-4");
  const { license_key: key } = (await g.post(`/v1/licenses/${license["id"]}/regenerate_key`)).body;
  const send = async (known: Record<string, unknown>) =>
    g.send(await requestOf(g.asked(known, "press-4", press), { last_seq: claimsIn(file.split("~")[1] ?? "")["seq"] }));
  expect((await send(license)).body["code"]).toBe("license_not_found");
  const answer = await send({ license_key: key });
  expect(answer.status).toBeLessThan(300);
  expect(answer.body["license_file"]).toBeTypeOf("string");
});
