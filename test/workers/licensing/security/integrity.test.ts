import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import worker from "../../../../workers/main.ts";
import { upTo } from "../../world.ts";
import { DAY_MS, device, shop } from "../shop.ts";

const PATH = "/v1/integrity_checks";
const [GOOD, BAD] = ["a".repeat(64), "b".repeat(64)];
const FILES = [
  { path: "bin/studio.exe", sha256: GOOD },
  { path: "lib/render.dll", sha256: GOOD },
];
const TAMPERED = [{ path: "bin/studio.exe", sha256: BAD }, FILES[1]];

/** A shop whose version 2.4.0 has a manifest, and a license with a seat. */
async function released() {
  const w = await shop();
  const versions = `/v1/products/${w.product["id"]}/versions`;
  await w.made(versions, { version: "2.4.0", released_at: "2026-01-01T00:00:00Z" });
  const manifest = `${versions}/2.4.0/manifest`;
  const license = await w.license({ max_activations: 2 });
  const seat = (await w.activate(license["license_key"], "a")).body;
  const check = (more: Record<string, unknown>) => w.program(PATH, { app_version: "2.4.0", ...more });
  return { w, versions, manifest, license, seat, key: license["license_key"], token: seat["activation_token"], check };
}

test("a manifest is registered whole, spelled in one way, and replaced by the next", async () => {
  const { w, versions, manifest } = await released();
  expect((await w.get(manifest)).body).toMatchObject({ version: "2.4.0", files: [] });
  const spelled = [
    { path: ".\\bin\\studio.exe", sha256: GOOD.toUpperCase() },
    { path: "lib//render.dll", sha256: GOOD },
  ];
  expect(await w.put(manifest, { files: spelled })).toMatchObject({ status: 200, body: { files: FILES } });
  expect((await w.get(manifest)).body["files"]).toEqual(FILES);
  expect((await w.get(versions)).body["data"]).toMatchObject([{ version: "2.4.0", files_count: 2 }]);
  await w.put(manifest, { files: FILES.slice(1) });
  expect((await w.get(manifest)).body["files"]).toEqual(FILES.slice(1));
  const previous = (await w.events("product_version.updated")).map(({ data }) => JSON.parse(String(data)).previous);
  expect(previous).toEqual([{ files_count: null }, { files_count: 2 }]);

  const refused = async (files: unknown) => (await w.put(manifest, { files })).status;
  expect(await refused([])).toBe(400);
  expect(await refused([{ path: "../etc/passwd", sha256: GOOD }])).toBe(400);
  expect(await refused([{ path: "a", sha256: "abc" }])).toBe(400);
  expect(await refused([FILES[0], { path: "bin\\studio.exe", sha256: BAD }])).toBe(400);
  expect(await w.put(`${versions}/9.9.9/manifest`, { files: FILES })).toMatchObject({
    status: 404,
    body: { code: "product_version_not_found" },
  });
});

test("a thousand files are registered and compared; one more is refused", async () => {
  const { w, manifest, token, check } = await released();
  const many = Array.from({ length: 1000 }, (_, n) => ({ path: `lib/${n}`, sha256: GOOD }));
  expect((await w.put(manifest, { files: [...many, FILES[0]] })).status).toBe(400);
  expect((await w.put(manifest, { files: many })).status).toBe(200);
  expect((await check({ activation_token: token, files: many })).body).toMatchObject({ passed: true, mismatches: [] });
});

test("a check names the first hundred files that differ, and counts the others", async () => {
  const { w, manifest, token, check } = await released();
  const many = (sha256: string) => Array.from({ length: 150 }, (_, n) => ({ path: `lib/${String(n).padStart(3, "0")}`, sha256 }));
  await w.put(manifest, { files: many(GOOD) });
  const failed = await check({ activation_token: token, files: many(BAD) });
  const first = upTo(100).map((n) => ({ path: `lib/${String(n - 1).padStart(3, "0")}`, mismatch: "changed" }));
  expect(failed.body).toMatchObject({ passed: false, mismatches: first, mismatches_count: 150 });
  expect((await w.get(`${PATH}/${failed.body["id"]}`)).body).toEqual(failed.body);
  expect((await w.get("/v1/security_reports")).body["data"]).toMatchObject([{ evidence: { differing: 150 } }]);
});

test("a device that gives its seat back with changed files comes back as one whose files were changed, until it passes", async () => {
  const { w, manifest, license, seat, token, key, check } = await released();
  await w.put(manifest, { files: FILES });
  await check({ activation_token: token, files: TAMPERED });
  const { integrity_failed_at: since } = await w.read(`/v1/activations/${seat["id"]}`);
  const leave = (id: string) => w.post(`/v1/activations/${id}/deactivate`);
  await leave(seat["id"]);
  expect((await w.activate(key, "b")).body).toMatchObject({ integrity_failed_at: null });
  const other = await w.license();
  expect((await w.activate(other["license_key"], "a")).body).toMatchObject({ integrity_failed_at: null });
  const back = (await w.activate(key, "a")).body;
  expect(back).toMatchObject({ license_id: license["id"], integrity_failed_at: since });
  expect(back["id"]).not.toBe(seat["id"]);
  expect((await w.validate(key, { fingerprint: device("a") })).body).toMatchObject({ code: "INTEGRITY_FAILED" });

  await check({ activation_token: back["activation_token"], files: FILES });
  await leave(back["id"]);
  expect((await w.activate(key, "a")).body).toMatchObject({ integrity_failed_at: null });
});

test("a check tells how every file differs; a missing one only where the program told of all", async () => {
  const { w, manifest, key, check } = await released();
  expect(await check({ license_key: key, files: FILES })).toMatchObject({
    status: 404,
    body: { code: "manifest_not_registered" },
  });
  await w.put(manifest, { files: FILES });
  expect(await check({ license_key: key, files: FILES })).toMatchObject({
    status: 201,
    body: { object: "integrity_check", passed: true, mismatches: [], activation_id: null, app_version: "2.4.0" },
  });
  const files = [
    { path: "bin\\studio.exe", sha256: BAD },
    { path: "plugins/patch.dll", sha256: BAD },
  ];
  const mismatches = [
    { path: "bin/studio.exe", mismatch: "changed" },
    { path: "lib/render.dll", mismatch: "missing" },
    { path: "plugins/patch.dll", mismatch: "unknown" },
  ];
  expect((await check({ license_key: key, files })).body).toMatchObject({ passed: false, mismatches });
  const some = await check({ license_key: key, files, complete: false });
  expect(some.body["mismatches"]).toEqual([mismatches[0], mismatches[2]]);
  expect(await check({ license_key: key, app_version: "9", files })).toMatchObject({ body: { code: "manifest_not_registered" } });
  // no device was named, so none is under suspicion
  expect((await w.get("/v1/security_reports")).body["data"]).toEqual([]);
});

test("a device that fails is marked and reported once, and is clear again when it passes", async () => {
  const { w, manifest, license, seat, token, key, check } = await released();
  await w.put(manifest, { files: FILES });
  const marked = async () => (await w.read(`/v1/activations/${seat["id"]}`))["integrity_failed_at"];
  const failed = await check({ activation_token: token, files: TAMPERED });
  expect(failed.body).toMatchObject({ passed: false, activation_id: seat["id"], license_id: license["id"] });
  const since = await marked();
  expect(since).toEqual(expect.any(String));
  await w.later(1000);
  await check({ license_key: key, fingerprint: device("a"), files: TAMPERED });
  expect(await marked()).toBe(since);
  const reports = await w.get("/v1/security_reports?source=latchkey");
  expect(reports.body["data"]).toMatchObject([
    {
      kind: "integrity",
      activation_id: seat["id"],
      times: 2,
      evidence: { integrity_check: failed.body["id"], differing: 1, files: [{ path: "bin/studio.exe", mismatch: "changed" }] },
    },
  ]);

  await check({ activation_token: token, files: FILES });
  expect(await marked()).toBeNull();
  await check({ activation_token: token, files: FILES });
  expect(await w.events("activation.integrity_failed")).toHaveLength(1);
  expect(await w.events("activation.integrity_restored")).toHaveLength(1);
  const listed = async (query: string) => (await w.get(`${PATH}?${query}`)).body["data"].length;
  expect(await listed(`license_id=${license["id"]}`)).toBe(4);
  expect(await listed(`activation_id=${seat["id"]}&passed=false`)).toBe(2);
  expect((await w.get(`${PATH}/${failed.body["id"]}`)).body).toEqual(failed.body);
});

test("files that are right clear no device of the one that was not: a complete check does", async () => {
  const { w, manifest, seat, token, check } = await released();
  await w.put(manifest, { files: FILES });
  const marked = async () => (await w.read(`/v1/activations/${seat["id"]}`))["integrity_failed_at"];
  const some = (files: unknown) => check({ activation_token: token, files, complete: false });
  expect((await some([TAMPERED[0]])).body).toMatchObject({ passed: false });
  const since = await marked();
  expect(since).toEqual(expect.any(String));
  expect((await some([FILES[1]])).body).toMatchObject({ passed: true });
  expect((await some(FILES)).body).toMatchObject({ passed: true });
  expect(await marked()).toBe(since);
  expect(await w.events("activation.integrity_restored")).toEqual([]);
  await check({ activation_token: token, files: FILES });
  expect(await marked()).toBeNull();
  expect(await w.events("activation.integrity_restored")).toHaveLength(1);
});

test("a check of a device without a seat, or of one that was released, marks nobody", async () => {
  const { w, manifest, seat, token, key, check } = await released();
  await w.put(manifest, { files: FILES });
  expect((await check({ license_key: key, fingerprint: device("b"), files: TAMPERED })).body).toMatchObject({
    activation_id: null,
  });
  await w.post(`/v1/activations/${seat["id"]}/deactivate`);
  expect((await check({ activation_token: token, files: TAMPERED })).body).toMatchObject({ passed: false });
  expect(await w.events("activation.integrity_failed")).toEqual([]);
  expect((await w.get("/v1/security_reports")).body["data"]).toEqual([]);
});

test("a program names itself by its key or its token, and sees only its own license", async () => {
  const { w, manifest, token, check } = await released();
  await w.put(manifest, { files: FILES });
  expect(await check({ files: FILES })).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  expect(await check({ license_key: "unknown", files: FILES })).toMatchObject({ body: { code: "license_not_found" } });
  const another = await w.license();
  expect(await check({ license_key: another["license_key"], activation_token: token, files: FILES })).toMatchObject({
    body: { code: "activation_not_found" },
  });
  const bound = await w.post("/v1/api_keys", { name: "Other", kind: "publishable", product_ids: [await otherProduct(w)] });
  const asked = await w.post(
    PATH,
    { activation_token: token, app_version: "2.4.0", files: FILES },
    { key: bound.body["secret"] },
  );
  expect(asked).toMatchObject({ status: 404, body: { code: "activation_not_found" } });
});

const otherProduct = async (w: Awaited<ReturnType<typeof shop>>) =>
  (await w.made("/v1/products", { name: "Other", code: "other" }))["id"];

test("ten checks of one device at once fail together, and pass together: one mark, one report, and each check kept", async () => {
  const { w, manifest, token, check } = await released();
  await w.put(manifest, { files: FILES });
  const tenTimes = async (files: unknown) =>
    (await Promise.all(upTo(10).map(() => check({ activation_token: token, files })))).map(({ status }) => status);
  expect(await tenTimes(TAMPERED)).toEqual(upTo(10).map(() => 201));
  expect(await w.events("activation.integrity_failed")).toHaveLength(1);
  expect((await w.get("/v1/security_reports")).body["data"]).toMatchObject([{ times: 10 }]);
  expect(await tenTimes(FILES)).toEqual(upTo(10).map(() => 201));
  expect(await w.events("activation.integrity_restored")).toHaveLength(1);
  expect((await w.get(PATH)).body["data"]).toHaveLength(20);
});

test("checks are kept for ninety days", async () => {
  const { w, manifest, token, check } = await released();
  await w.put(manifest, { files: FILES });
  const [old, young] = [
    await check({ activation_token: token, files: FILES }),
    await check({ activation_token: token, files: FILES }),
  ];
  await env.DB_00.prepare("update integrity_checks set created_at = ? where tenant_id = ? and id = ?")
    .bind(Date.now() - 91 * DAY_MS, w.tenant.id, old.body["id"])
    .run();
  const context = createExecutionContext();
  worker.scheduled(createScheduledController(), env, context);
  await waitOnExecutionContext(context);
  expect((await w.get(PATH)).body["data"]).toEqual([young.body]);
});

test("a vendor trusts a device again that was taken for a clone", async () => {
  const { w, seat } = await released();
  const path = `/v1/activations/${seat["id"]}`;
  await env.DB_00.prepare("update activations set clone_suspected_at = 5 where tenant_id = ? and id = ?")
    .bind(w.tenant.id, seat["id"])
    .run();
  expect((await w.read(path))["clone_suspected_at"]).toBe("1970-01-01T00:00:00.005Z");
  expect(await w.post(`${path}/clear_suspicion`)).toMatchObject({ status: 200, body: { clone_suspected_at: null } });
  expect(await w.post(`${path}/clear_suspicion`)).toMatchObject({ status: 200, body: { clone_suspected_at: null } });
  const told = (await w.events("activation.updated")).map(({ data }) => JSON.parse(String(data)).previous);
  expect(told).toEqual([{ clone_suspected_at: "1970-01-01T00:00:00.005Z" }]);
  expect((await w.program("/v1/activations/validate", { activation_token: seat["activation_token"] })).body).toMatchObject({
    code: "VALID",
  });
});
