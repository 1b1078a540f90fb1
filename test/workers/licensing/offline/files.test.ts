import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createVerifier } from "../../../../sdk/verifier/index.ts";
import { upTo } from "../../world.ts";
import { meanwhile } from "../meanwhile.ts";
import { DAY_MS } from "../shop.ts";
import { airGap, claimsIn, jws, pair, pairFrom, receiptOf, requestOf, sha256 } from "./air.ts";

const now = () => Math.floor(Date.now() / 1000);

/** Both roots that programs embed. */
async function embedded(g: Awaited<ReturnType<typeof airGap>>) {
  const { body } = await g.get("/v1/offline/roots");
  return { tenant: g.tenant.id, product: g.productId, roots: [body["current"].x, body["next"].x] };
}

test("a device without a connection gets a file that the verifier takes, and that says what the license says", async () => {
  const g = await airGap();
  const license = await g.offlineLicense(
    { entitlements: [{ feature: "export", limit_value: 5 }], max_activations: 3 },
    { expires_at: new Date(Date.now() + 60 * DAY_MS).toISOString() },
  );
  const device = await pair();
  const request = await requestOf(g.asked(license, "press-4", device));
  const answer = await g.send(request);
  expect(answer.status, answer.text).toBe(201);
  expect(answer.body).toMatchObject({
    object: "license_file",
    seq: 1,
    activation: { type: "offline", license_id: license["id"] },
  });

  const verifier = createVerifier(await embedded(g));
  const asked = { now: now(), fingerprint: "press-4", request, deviceKey: device.x, features: ["export"] };
  const verdict = await verifier.verify(answer.body["license_file"], asked);
  expect(verdict.code, JSON.stringify(verdict)).toBe("OK");
  expect(verdict).toMatchObject({ decision: { valid: true, code: "VALID" } });
  const claims = claimsIn(answer.body["license_file"].split("~")[1]);
  expect(claims).toMatchObject({ sub: license["id"], req: await sha256(request), product: "studio", ver: null });
  expect(claims["ent"]).toMatchObject([{ feature: "export", limit: 5, enabled: true }]);
  expect((await verifier.verify(answer.body["license_file"], { ...asked, fingerprint: "press-5" })).code).toBe("WRONG_DEVICE");
  expect((await g.read(`/v1/licenses/${license["id"]}`))["activations_count"]).toBe(1);
  expect(await g.events("license_file.issued")).toHaveLength(1);
});

test("a device that cannot make a request has one made, with a key that is shown once", async () => {
  const g = await airGap();
  const license = await g.offlineLicense();
  const body = { license_key: license["license_key"], fingerprint: "press-4", name: "Press 4" };
  const made = await g.program("/v1/activations/offline_request", body);
  expect(made.status).toBe(200);
  expect(await g.rows("activations")).toEqual([]);
  const answer = await g.send(made.body["request"]);
  expect(answer.status, answer.text).toBe(201);
  expect(answer.body["activation"]).toMatchObject({ name: "Press 4", device_public_key: made.body["device_key"].x });
  const receipt = await receiptOf(await pairFrom(made.body["device_key"]), answer.body["license_file"]);
  expect((await g.program("/v1/activations/offline_deactivate", { receipt })).body["status"]).toBe("released");
});

test("a license from before there were proofs is found by one from the first request on", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({}, { license_key: "Legacy-Key-9fQz77LmPw31Xk0oTr5" });
  await env.DB_00.prepare("update licenses set proof_hash = null, key_bits = null where id = ?").bind(license["id"]).run();
  const request = await requestOf(g.asked(license, "press-4", await pair()), {}, { origin: "imported" });
  expect((await g.send(request)).body["code"]).toBe("license_not_found");
  await g.program("/v1/activations/offline_request", { license_key: license["license_key"], fingerprint: "press-4" });
  expect((await g.send(request)).status).toBe(201);
});

test("the same request gets the same bytes, thirty times at once, and another text of its id nothing", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ max_activations: 1 });
  const device = await pair();
  const request = await requestOf(g.asked(license, "press-4", device));
  const answers = await Promise.all(upTo(30).map(() => g.send(request)));
  expect(new Set(answers.map(({ body }) => body["license_file"])).size).toBe(1);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(await g.rows("offline_devices")).toHaveLength(1);
  expect(await g.events("license_file.issued")).toHaveLength(1);

  const { rid } = claimsIn(request);
  const other = await requestOf(g.asked(license, "press-4", device), { rid, name: "Press 5" });
  expect((await g.send(other)).body["code"]).toBe("request_reused");
});

test("a request is superseded by a newer file, a stopped license, a returned seat and a revoked key", async () => {
  const g = await airGap();
  const [first, second, third] = [await g.offlineLicense(), await g.offlineLicense(), await g.offlineLicense()];
  const refused = async (request: string) => (await g.send(request)).body["code"];

  const a = await g.activated(first, "press-1");
  const newer = await g.send(await requestOf(g.asked(first, "press-1", a.device), { action: "refresh", last_seq: 1 }));
  expect(newer.body).toMatchObject({ seq: 2, activation: { id: a.activation.id } });
  expect(await refused(a.request)).toBe("request_superseded");

  const b = await g.activated(second, "press-2");
  await g.post(`/v1/licenses/${second["id"]}/suspend`, { reason: "pause" });
  expect(await refused(b.request)).toBe("request_superseded");
  await g.post(`/v1/licenses/${second["id"]}/reinstate`);
  expect((await g.send(b.request)).body["license_file"]).toBe(b.file);
  await g.post("/v1/activations/offline_deactivate", { receipt: await receiptOf(b.device, b.file) });
  expect(await refused(b.request)).toBe("request_superseded");

  const c = await g.activated(third, "press-3");
  const [{ kid }] = (await g.get("/v1/offline/keys")).body["data"];
  await g.post(`/v1/offline/keys/${kid}/revoke`, { reason: "leaked" });
  expect(await refused(c.request)).toBe("request_superseded");
});

test("a copied request is of no use: changed it is refused, and its answer is for its own device", async () => {
  const g = await airGap();
  const license = await g.offlineLicense();
  const [owner, thief] = [await pair(), await pair()];
  const request = await requestOf(g.asked(license, "press-4", owner));
  const stolen = claimsIn(request);
  const refused = async (text: string) => {
    const { status, body } = await g.send(text);
    return [status, body["code"]];
  };
  const invalid = [400, "offline_request_invalid"];
  expect(await refused(await jws("request", thief, stolen)), "another signer").toEqual(invalid);
  expect(await refused(await jws("request", { ...thief, kid: owner.kid }, stolen)), "in the owner's name").toEqual(invalid);
  expect(await refused(await jws("request", thief, { ...stolen, key: thief.x })), "another key").toEqual(invalid);
  expect(await refused(await jws("request", owner, { ...stolen, name: "Mine" })), "another name").toEqual(invalid);
  expect(await refused(await jws("request", owner, { ...stolen, iss: g.tenant.sandbox_id })), "another tenant").toEqual(invalid);
  expect(await refused(await jws("receipt", owner, stolen)), "another type").toEqual(invalid);
  expect(await refused(await jws("request", owner, stolen, { jku: "x" })), "another header").toEqual(invalid);
  expect(await refused(`${request}=`), "padding").toEqual(invalid);
  expect(await g.rows("activations")).toEqual([]);

  const answer = await g.send(request);
  const verifier = createVerifier(await embedded(g));
  const asked = { now: now(), fingerprint: "press-4", deviceKey: thief.x };
  expect((await verifier.verify(answer.body["license_file"], asked)).code).toBe("WRONG_DEVICE");
});

test("a file ends with the license's grace at the latest, and there is none where that is over", async () => {
  const g = await airGap();
  const expiresAt = new Date(Date.now() + 5 * DAY_MS);
  const terms = { grace_period: "P3D", offline: { max_ttl: "P30D" } };
  const license = await g.offlineLicense(terms, { expires_at: expiresAt.toISOString() });
  const graceEnd = Math.floor((expiresAt.getTime() + 3 * DAY_MS) / 1000);
  const { file, device } = await g.activated(license, "press-4");
  expect(claimsIn(file.split("~")[1] ?? "")["exp"]).toBe(graceEnd);

  await g.later(7 * DAY_MS);
  const inGrace = await g.send(await requestOf(g.asked(license, "press-4", device), { last_seq: 1 }));
  expect(claimsIn(inGrace.body["license_file"].split("~")[1])["exp"]).toBe(graceEnd);
  await g.later(2 * DAY_MS);
  const over = await g.send(await requestOf(g.asked(license, "press-4", device), { last_seq: 2 }));
  expect(over.body["code"]).toBe("license_not_active");

  const kept = await g.offlineLicense(
    { ...terms, expiration_strategy: "allow" },
    { expires_at: new Date(Date.now() + 10 * DAY_MS).toISOString() },
  );
  await g.later(6 * DAY_MS);
  const beyond = await g.send(await requestOf(g.asked(kept, "press-5", await pair())));
  expect(beyond.body["code"], "even where its use is allowed for ever").toBe("license_not_active");
});

test("a file never outlives a cancellation that is to come, nor a keyset", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ offline: { max_ttl: "P10Y" }, duration: null, type: "perpetual" });
  const keysetEnd = claimsIn((await g.get("/v1/offline/keyset")).body["keyset"])["exp"];
  const first = await g.activated(license, "press-4");
  expect(claimsIn(first.file.split("~")[1] ?? "")["exp"]).toBe(keysetEnd);
  const canceledAt = Date.now() + 3 * DAY_MS;
  await env.DB_00.prepare("update licenses set canceled_at = ? where id = ?").bind(canceledAt, license["id"]).run();
  const second = await g.send(await requestOf(g.asked(license, "press-4", first.device), { last_seq: 1 }));
  expect(claimsIn(second.body["license_file"].split("~")[1])["exp"]).toBe(Math.floor(canceledAt / 1000));
});

test("a license that is shortened while its file is made gives a file that knows it", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ grace_period: "P0D", max_activations: 2 });
  await g.activated(license, "press-3");
  const request = await requestOf(g.asked(license, "press-4", await pair()));
  const sooner = new Date(Date.now() + 2 * DAY_MS).toISOString();
  const happened = meanwhile(/insert into "activations"/, () => g.patch(`/v1/licenses/${license["id"]}`, { expires_at: sooner }));
  const { body } = await g.send(request);
  expect(happened()).toBe(true);
  expect(claimsIn(body["license_file"].split("~")[1])["exp"]).toBe(Math.floor(Date.parse(sooner) / 1000));
});

test("a device with another fingerprint and enough of its parts gets its next file, and is told apart from a stranger", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ component_threshold: 2, max_activations: 1 });
  const device = await pair();
  const part = async (kind: string, hash: string) => ({
    kind,
    hash: await sha256(`olp1-part\n${g.tenant.id}\n${kind}\n${hash}`),
  });
  const parts = await Promise.all([part("board", "b"), part("disk", "d"), part("cpu", "c")]);
  const first = await g.send(await requestOf(g.asked(license, "press-4", device), { components: parts }));
  expect(claimsIn(first.body["license_file"].split("~")[1])["dev"]).toMatchObject({ k: 2, components: parts });
  const changed = [...parts.slice(0, 2), await part("cpu", "another")];
  const ask = async (components: unknown[]) =>
    g.send(await requestOf(g.asked(license, "press-4b", device), { components, action: "refresh", last_seq: 1 }));
  expect((await ask([changed[2], changed[1]])).body["code"]).toBe("activation_not_found");
  expect((await ask(changed)).body).toMatchObject({ seq: 2, activation: { id: first.body["activation"].id } });
});

test("devices without a connection race for seats with the others, and exactly as many win as there are", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ max_activations: 4 });
  const requests = await Promise.all(upTo(8).map(async (n) => requestOf(g.asked(license, `press-${n}`, await pair()))));
  const answers = await Promise.all([
    ...requests.map((request) => g.send(request)),
    ...upTo(8).map((n) => g.activate(license["license_key"], `laptop-${n}`)),
  ]);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
  expect(answers.filter(({ body }) => body["code"] === "seat_limit_reached")).toHaveLength(12);
  expect(await g.events("activation.created")).toHaveLength(4);
  const files = await g.rows("offline_devices");
  expect(await g.rows("offline_requests")).toHaveLength(files.length);
});

test("terms that do not allow it, keys that could be guessed and products that are bound give no file", async () => {
  const g = await airGap();
  const forbidden = await g.license();
  const send = async (license: Record<string, unknown>, more = {}, origin = "issued", key = g.keys.publishable) =>
    (await g.send(await requestOf(g.asked(license, "press-4", await pair()), more, { origin }), key)).body["code"];
  expect(await send(forbidden)).toBe("offline_not_allowed");
  expect(
    (await g.program("/v1/activations/offline_request", { license_key: forbidden["license_key"], fingerprint: "x" })).body[
      "code"
    ],
  ).toBe("offline_not_allowed");

  const weak = await g.offlineLicense({}, { license_key: "k7Qz1mX9pL2w" });
  expect(await send(weak, {}, "imported")).toBe("offline_needs_secret_key");
  expect(await send(weak, {}, "imported", g.keys.secret)).toBe(undefined);

  const license = await g.offlineLicense();
  expect(await send(license, { aud: "prod_another" })).toBe("license_not_found");
  expect(await send({ ...license, license_key: "7K2Q-M8XT-0V4B-R3ZC-9XWD" })).toBe("license_not_found");
  expect(await send(license, { action: "refresh" })).toBe("activation_not_found");
  await g.post("/v1/devices/blacklist", { fingerprint: "press-4", reason: "stolen" });
  expect(await send(license)).toBe("device_blacklisted");
});

test("a device whose files go back or whose key is another is taken for a clone, once it shows", async () => {
  const g = await airGap();
  const license = await g.offlineLicense();
  const { device, activation } = await g.activated(license, "press-4");
  const asked = g.asked(license, "press-4", device);
  const refresh = async (lastSeq: number, by = device) =>
    g.send(await requestOf({ ...asked, device: by }, { action: "refresh", last_seq: lastSeq }));
  expect((await refresh(1)).body["activation"].clone_suspected_at).toBe(null);
  expect((await refresh(2)).body["activation"].clone_suspected_at).toBe(null);
  expect((await refresh(2)).body["activation"].clone_suspected_at, "an answer was lost").toBe(null);
  expect((await refresh(1)).body["activation"].clone_suspected_at).not.toBe(null);
  await g.post(`/v1/activations/${activation.id}/clear_suspicion`);
  expect((await refresh(3, await pair())).body["activation"].clone_suspected_at).not.toBe(null);
  expect(await g.events("activation.clone_suspected")).toHaveLength(2);
});

test("terms that refuse clones mark the device with its first sign, and give it no file", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ on_clone: "deny" });
  const { device, activation } = await g.activated(license, "press-4");
  const second = { ...g.asked(license, "press-4", await pair()) };
  const refused = await g.send(await requestOf(second, { action: "refresh", last_seq: 1 }));
  expect([refused.status, refused.body["code"]]).toEqual([403, "clone_suspected"]);
  expect((await g.send(await requestOf(g.asked(license, "press-4", device), { last_seq: 1 }))).body["code"]).toBe(
    "clone_suspected",
  );
  expect(await g.events("activation.clone_suspected")).toHaveLength(1);
  await g.post(`/v1/activations/${activation.id}/clear_suspicion`);
  expect((await g.send(await requestOf(g.asked(license, "press-4", device), { last_seq: 1 }))).status).toBe(200);
});

test("a receipt frees the seat at once, for the newest file alone, and only by the device itself", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ max_activations: 1 });
  const { device, file, activation } = await g.activated(license, "press-4");
  const give = async (receipt: string) => g.program("/v1/activations/offline_deactivate", { receipt });
  const code = async (receipt: string) => (await give(receipt)).body["code"];
  expect(await code(await receiptOf(await pair(), file))).toBe("offline_request_invalid");
  expect(await code(await receiptOf({ ...(await pair()), kid: device.kid }, file))).toBe("offline_request_invalid");
  expect(await code(await receiptOf(device, file, { fp: await sha256("another") }))).toBe("offline_request_invalid");
  expect(await code(await receiptOf(device, file, { seq: 2 }))).toBe("receipt_outdated");
  expect(await code(await receiptOf(device, file, { act: "act_000000000000000000000000000" }))).toBe("activation_not_found");
  expect((await g.activate(license["license_key"], "laptop")).body["code"]).toBe("seat_limit_reached");

  const receipt = await receiptOf(device, file);
  const answers = await Promise.all(upTo(10).map(() => give(receipt)));
  expect(answers.map(({ status }) => status)).toEqual(upTo(10).map(() => 200));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(await g.events("activation.released")).toHaveLength(1);
  expect((await g.activate(license["license_key"], "laptop")).status).toBe(201);
  expect(await code(await receiptOf(device, file, { rid: claimsIn(receipt)["rid"], iat: 2 }))).toBe("request_reused");
  expect((await g.read(`/v1/activations/${activation.id}`))["deactivated_reason"]).toBe("returned");
});

test("no license key lies in a file, an event or a row, and no file in an event", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ offline: { status_max_age_s: 3600 } });
  const { file, device } = await g.activated(license, "press-4");
  await g.program("/v1/activations/offline_request", { license_key: license["license_key"], fingerprint: "press-4" });
  await g.post("/v1/activations/offline_deactivate", { receipt: await receiptOf(device, file) });
  const key = String(license["license_key"]);
  const parts = file.split("~");
  expect(parts).toHaveLength(3);
  const inFile = parts.map((part) => JSON.stringify(claimsIn(part))).join();
  const events = JSON.stringify(await g.rows("events"));
  for (const table of ["offline_devices", "offline_requests", "activations", "events", "status_lists"]) {
    expect(JSON.stringify(await g.rows(table)).includes(key), table).toBe(false);
  }
  expect(inFile.includes(key) || inFile.includes("press-4")).toBe(false);
  expect(events.includes(parts[1] ?? "")).toBe(false);
});
