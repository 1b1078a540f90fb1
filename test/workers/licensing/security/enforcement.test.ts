import { expect, test } from "vitest";
import { DAY_MS, device, shop } from "../shop.ts";

const BLACKLIST = "/v1/devices/blacklist";
const DEVICES = { max_activations: 5 };
const from = (ip: string) => ({ "x-latchkey-ip": ip });

test("a device that is shut out gets no seat and no yes, until its entry ends", async () => {
  const w = await shop();
  const license = await w.license(DEVICES);
  const key = license["license_key"];
  const seat = (await w.activate(key, "a")).body;
  const expires_at = new Date(Date.now() + DAY_MS).toISOString();
  for (const name of ["a", "b"]) {
    expect((await w.post(BLACKLIST, { fingerprint: device(name), reason: "abuse", expires_at })).status).toBe(201);
  }

  expect(await w.activate(key, "b")).toMatchObject({ status: 403, body: { code: "device_blacklisted" } });
  expect((await w.validate(key, { fingerprint: device("b") })).body).toMatchObject({
    valid: false,
    code: "DEVICE_BLACKLISTED",
    next: { action: "contact_vendor" },
  });
  // the seat that it holds is no way around it, neither by key nor by token
  expect((await w.validate(key, { fingerprint: device("a") })).body).toMatchObject({ valid: false, code: "DEVICE_BLACKLISTED" });
  const byToken = { activation_token: seat["activation_token"] };
  expect((await w.program("/v1/activations/validate", byToken)).body).toMatchObject({ valid: false, code: "DEVICE_BLACKLISTED" });
  // others are not meant
  expect((await w.validate(key)).body).toMatchObject({ code: "VALID" });
  expect((await w.activate(key, "c")).status).toBe(201);

  await w.later(DAY_MS + 1000);
  expect((await w.validate(key, { fingerprint: device("a") })).body).toMatchObject({ code: "VALID" });
  expect((await w.activate(key, "b")).status).toBe(201);
});

test("an entry that is deleted holds no longer, and one holds for every license of the tenant", async () => {
  const w = await shop();
  const [one, two] = [await w.license(DEVICES), await w.license(DEVICES)];
  const { id } = (await w.post(BLACKLIST, { fingerprint: device("a"), reason: "abuse" })).body;
  for (const { license_key: key } of [one, two]) {
    expect((await w.activate(key, "a")).body).toMatchObject({ code: "device_blacklisted" });
  }
  const other = await shop();
  const elsewhere = await other.license(DEVICES);
  expect((await other.activate(elsewhere["license_key"], "a")).status).toBe(201);
  await w.delete(`${BLACKLIST}/${id}`);
  expect((await w.activate(one["license_key"], "a")).status).toBe(201);
});

test.each([
  ["198.51.100.0/25", "198.51.100.127", "198.51.100.128"],
  ["198.51.100.7", "198.51.100.7", "198.51.100.8"],
  ["2001:db8:1::/48", "2001:db8:1:ffff::1", "2001:db8:2::1"],
  ["::ffff:198.51.100.0/120", "198.51.100.9", "198.51.101.9"],
])("the range %s shuts out %s, and not %s", async (ip_range, inside, outside) => {
  const w = await shop();
  const license = await w.license(DEVICES);
  const key = license["license_key"];
  expect((await w.post(BLACKLIST, { ip_range, reason: "abuse" })).status).toBe(201);
  const ask = (ip: string) =>
    w.post("/v1/licenses/validate", { license_key: key }, { headers: from(ip), key: w.keys.publishable });
  const activate = (ip: string, name: string) =>
    w.post("/v1/activations", { license_key: key, fingerprint: device(name) }, { headers: from(ip), key: w.keys.publishable });
  expect((await ask(inside)).body).toMatchObject({ valid: false, code: "DEVICE_BLACKLISTED" });
  expect(await activate(inside, "a")).toMatchObject({ status: 403, body: { code: "device_blacklisted" } });
  expect((await ask(outside)).body).toMatchObject({ valid: true });
  expect((await activate(outside, "a")).status).toBe(201);
});

test("a part that is shut out shuts out every device that has it", async () => {
  const w = await shop();
  const license = await w.license(DEVICES);
  const key = license["license_key"];
  const board = { kind: "mainboard", hash: "serial-4711" };
  await w.post(BLACKLIST, { component: board, reason: "stolen" });
  expect(await w.activate(key, "a", { components: [board] })).toMatchObject({
    status: 403,
    body: { code: "device_blacklisted" },
  });
  expect((await w.activate(key, "b", { components: [{ ...board, hash: "serial-4712" }] })).status).toBe(201);
  expect((await w.activate(key, "c", { components: [{ ...board, kind: "disk" }] })).status).toBe(201);
  // one that is there already is no longer let in
  await w.post(BLACKLIST, { component: { ...board, hash: "serial-4712" }, reason: "stolen" });
  expect((await w.validate(key, { fingerprint: device("b") })).body).toMatchObject({ code: "DEVICE_BLACKLISTED" });
});

const VERSION = "2.4.0";
const FILES = [{ path: "bin/studio.exe", sha256: "a".repeat(64) }];
const TAMPERED = [{ path: "bin/studio.exe", sha256: "b".repeat(64) }];

test.each([
  ["warn", true],
  ["deny", false],
])("a device whose files were changed validates as the template weighs it: %s", async (on_integrity_failure, valid) => {
  const w = await shop();
  const versions = `/v1/products/${w.product["id"]}/versions`;
  await w.made(versions, { version: VERSION, released_at: "2026-01-01T00:00:00Z" });
  await w.put(`${versions}/${VERSION}/manifest`, { files: FILES });
  const license = await w.license({ ...DEVICES, on_integrity_failure });
  const key = license["license_key"];
  const token = { activation_token: (await w.activate(key, "a")).body["activation_token"] };
  await w.activate(key, "b");
  const check = (files: unknown) => w.program("/v1/integrity_checks", { ...token, app_version: VERSION, files });
  await check(TAMPERED);
  const failed = { valid, code: "INTEGRITY_FAILED" };
  expect((await w.validate(key, { fingerprint: device("a") })).body).toMatchObject(failed);
  expect((await w.program("/v1/activations/validate", token)).body).toMatchObject(failed);
  // it is a matter of this device, and not of the license
  expect((await w.validate(key, { fingerprint: device("b") })).body).toMatchObject({ code: "VALID" });
  await check(FILES);
  expect((await w.validate(key, { fingerprint: device("a") })).body).toMatchObject({ code: "VALID" });
});

test("two devices that show different keys as one are suspected, reported, and trusted again by their vendor", async () => {
  const w = await shop();
  const license = await w.license({ ...DEVICES, on_clone: "deny" });
  const key = license["license_key"];
  const [one, two] = await Promise.all([devicePublicKey(), devicePublicKey()]);
  const seat = (await w.activate(key, "a", { device_public_key: one })).body;
  expect((await w.activate(key, "a", { device_public_key: two })).status).toBeLessThan(300);
  expect((await w.validate(key, { fingerprint: device("a") })).body).toMatchObject({ valid: false, code: "CLONE_SUSPECTED" });
  const reports = (await w.get("/v1/security_reports?kind=clone")).body["data"];
  expect(reports).toMatchObject([{ source: "latchkey", activation_id: seat["id"], license_id: license["id"], status: "open" }]);
  expect(await w.events("activation.clone_suspected")).toHaveLength(1);

  expect((await w.post(`/v1/activations/${seat["id"]}/clear_suspicion`)).status).toBe(200);
  expect((await w.validate(key, { fingerprint: device("a") })).body).toMatchObject({ code: "VALID" });
});

async function devicePublicKey(): Promise<string> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const raw = new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  return btoa(String.fromCharCode(...raw))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

test.each([
  ["its fingerprint", { fingerprint: device("a") }],
  ["a part that it had", { component: { kind: "disk", hash: "d1" } }],
])("a device that is known by its parts is shut out under a new fingerprint too: by %s", async (_, entry) => {
  const w = await shop();
  const { license_key: key } = await w.license({ max_activations: 1, component_threshold: 2 });
  const parts = (disk: string) => ["mainboard", "cpu", "disk"].map((kind) => ({ kind, hash: kind === "disk" ? disk : "same" }));
  const seat = (await w.activate(key, "a", { components: parts("d1") })).body;
  const { id } = (await w.post(BLACKLIST, { ...entry, reason: "abuse" })).body;
  const renamed = () => w.activate(key, "renamed", { components: parts("d2") });
  expect(await renamed()).toMatchObject({ status: 403, body: { code: "device_blacklisted" } });
  await w.delete(`${BLACKLIST}/${id}`);
  expect(await renamed()).toMatchObject({ status: 200, body: { id: seat["id"] } });
});

test("a device that was taken for a clone is one when it comes back too, until its vendor trusts it", async () => {
  const w = await shop();
  const { license_key: key } = await w.license({ max_activations: 1, on_clone: "deny" });
  const [one, two] = await Promise.all([devicePublicKey(), devicePublicKey()]);
  const seat = (await w.activate(key, "a", { device_public_key: one })).body;
  await w.activate(key, "a", { device_public_key: two });
  const back = async (id: string) => {
    await w.post(`/v1/activations/${id}/deactivate`);
    return (await w.activate(key, "a", { device_public_key: two })).body;
  };
  const again = await back((await back(seat["id"]))["id"]);
  expect(again["clone_suspected_at"]).toEqual(expect.any(String));
  const decided = async () => (await w.validate(key, { fingerprint: device("a") })).body;
  expect(await decided()).toMatchObject({ valid: false, code: "CLONE_SUSPECTED" });

  expect((await w.post(`/v1/activations/${again["id"]}/clear_suspicion`)).status).toBe(200);
  expect(await back(again["id"])).toMatchObject({ clone_suspected_at: null });
  expect(await decided()).toMatchObject({ code: "VALID" });
});

test("a device that runs by an emergency code is shut out as any other, by token, heartbeat and key", async () => {
  const w = await shop();
  const { id: license_id, license_key: key } = await w.license({ max_activations: 1 });
  const { code } = await w.made("/v1/emergency_codes", { license_id, reason: "the line stands still" });
  const used = await w.program("/v1/emergency_codes/redeem", { code, fingerprint: device("z") });
  const activation_token = used.body["activation_token"];
  const byToken = () => w.program("/v1/activations/validate", { activation_token });
  expect((await byToken()).body).toMatchObject({ code: "VALID" });

  await w.made(BLACKLIST, { fingerprint: device("z"), reason: "abuse" });
  expect((await byToken()).body).toMatchObject({ valid: false, code: "DEVICE_BLACKLISTED" });
  expect((await w.validate(key, { fingerprint: device("z") })).body).toMatchObject({ code: "DEVICE_BLACKLISTED" });
  expect((await w.beat(activation_token)).body["decision"]).toMatchObject({ valid: false, code: "DEVICE_BLACKLISTED" });
});
