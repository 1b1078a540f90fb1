import { expect, test } from "vitest";
import { createVerifier } from "../../../../sdk/verifier/index.ts";
import { fromBase64url } from "#rules/licensing/olp/base64url";
import { statusAt } from "#rules/licensing/olp/status";
import { upTo } from "../../world.ts";
import { meanwhile } from "../meanwhile.ts";
import { DAY_MS, device as fingerprintOf } from "../shop.ts";
import { airGap, claimsIn, jws, pair, receiptOf, requestOf, sha256, signerIn } from "./air.ts";

// What somebody may try who holds a license key, a device, a copy of a file or a fast connection.

type Gap = Awaited<ReturnType<typeof airGap>>;

const rid = () => requestId(crypto.getRandomValues(new Uint8Array(16)));
const requestId = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .slice(0, 22);

async function verifierOf(g: Gap) {
  const { body } = await g.get("/v1/offline/roots");
  return createVerifier({ tenant: g.tenant.id, product: g.productId, roots: [body["current"].x, body["next"].x] });
}

test("ten licenses that send one request id at once: one has it, the others have no seat and no file", async () => {
  const g = await airGap();
  const licenses = await Promise.all(upTo(10).map(() => g.offlineLicense()));
  const same = rid();
  const requests = await Promise.all(
    licenses.map(async (license, n) => requestOf(g.asked(license, `press-${n}`, await pair()), { rid: same })),
  );
  const answers = await Promise.all(requests.map((request) => g.send(request)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status, body }) => status === 409 && body["code"] === "request_reused")).toHaveLength(9);
  expect(await g.rows("activations")).toHaveLength(1);
  expect(await g.events("license_file.issued")).toHaveLength(1);
});

test("ten requests of one device at once get ten files in a row, and the last of them alone is answered again", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ max_activations: 1 });
  const { device } = await g.activated(license, "press-4");
  const requests = await Promise.all(upTo(10).map(() => requestOf(g.asked(license, "press-4", device), { last_seq: 1 })));
  const answers = await Promise.all(requests.map((request) => g.send(request)));
  expect(answers.map(({ status }) => status)).toEqual(upTo(10).map(() => 200));
  const numbers = answers.map(({ body }) => Number(body["seq"]));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(upTo(10).map((n) => n + 1));
  const again = await Promise.all(requests.map((request) => g.send(request)));
  expect(again.map(({ body }) => body["code"] ?? body["seq"])).toEqual(
    numbers.map((n) => (n === 11 ? 11 : "request_superseded")),
  );
});

test("a receipt and a new file that meet: the seat is free and no newer file is out, or it is held", async () => {
  const g = await airGap();
  const licenses = await Promise.all(upTo(8).map(() => g.offlineLicense({ max_activations: 1 })));
  for (const [n, license] of licenses.entries()) {
    const { device, file, activation } = await g.activated(license, `press-${n}`);
    const refresh = await requestOf(g.asked(license, `press-${n}`, device), { action: "refresh", last_seq: 1 });
    const receipt = await receiptOf(device, file);
    const [fresh, back] = await Promise.all([g.send(refresh), g.program("/v1/activations/offline_deactivate", { receipt })]);
    const released = (await g.read(`/v1/activations/${activation.id}`))["status"] === "released";
    expect([fresh.status, back.status], `${fresh.body["code"]} ${back.body["code"]}`).toEqual(released ? [404, 200] : [200, 409]);
  }
});

test("a license that is revoked between reading and writing has no file made, nor has a key that is", async () => {
  const g = await airGap();
  const [first, second] = [await g.offlineLicense(), await g.offlineLicense()];
  const one = await requestOf(g.asked(first, "press-1", await pair()));
  const came = meanwhile(/insert into "?offline_devices/i, () => g.post(`/v1/licenses/${first["id"]}/revoke`, { reason: "x" }));
  expect((await g.send(one)).body["code"]).toBe("license_not_active");
  expect(came()).toBe(true);
  expect(await g.rows("offline_devices")).toEqual([]);

  const [{ kid }] = (await g.get("/v1/offline/keys")).body["data"];
  const two = await requestOf(g.asked(second, "press-2", await pair()));
  const key = meanwhile(/insert into "?offline_devices/i, () => g.post(`/v1/offline/keys/${kid}/revoke`, { reason: "leaked" }));
  const answer = await g.send(two);
  expect(key()).toBe(true);
  expect(answer.status, answer.text).toBe(201);
  expect(signerIn(answer.body["license_file"].split("~")[1])).not.toBe(kid);
});

test("what a revoked key signed is not carried on by the status list", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ offline: { status_max_age_s: 3600 } });
  const { device } = await g.activated(license, "press-4");
  const list = async () => (await g.get(`/v1/offline/status/${g.productId}`)).body["status_list"];
  const kid = signerIn(await list());
  await g.post(`/v1/offline/keys/${kid}/revoke`, { reason: "leaked" });
  expect(signerIn(await list())).not.toBe(kid);
  const fresh = await g.send(await requestOf(g.asked(license, "press-4", device), { last_seq: 1 }));
  const { iat } = claimsIn(fresh.body["license_file"].split("~")[1]);
  const verdict = await (await verifierOf(g)).verify(fresh.body["license_file"], { now: iat, fingerprint: "press-4" });
  expect(verdict.code, JSON.stringify(verdict)).toBe("OK");
});

test("a number that no file has marks the device once, and not for ever", async () => {
  const g = await airGap();
  const license = await g.offlineLicense();
  const { device, activation } = await g.activated(license, "press-4", { last_seq: 7 });
  const refresh = async (lastSeq: number) => {
    const answer = await g.send(await requestOf(g.asked(license, "press-4", device), { action: "refresh", last_seq: lastSeq }));
    return answer.body["activation"].clone_suspected_at !== null;
  };
  expect(await refresh(1), "what it told before its first file is another license's").toBe(false);
  expect(await refresh(Number.MAX_SAFE_INTEGER)).toBe(true);
  await g.post(`/v1/activations/${activation.id}/clear_suspicion`);
  expect(await refresh(3)).toBe(false);
});

test("a part is told of once: a file cannot count one part twice, nor fit two machines", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ component_threshold: 2 });
  const part = async (kind: string, hash: string) => ({
    kind,
    hash: await sha256(`olp1-part\n${g.tenant.id}\n${kind}\n${hash}`),
  });
  const twice = [await part("cpu", "common"), await part("cpu", "common")];
  const union = [await part("cpu", "a"), await part("disk", "a"), await part("cpu", "b"), await part("disk", "b")];
  for (const components of [twice, union]) {
    const answer = await g.send(await requestOf(g.asked(license, "press-4", await pair()), { components }));
    expect(answer.body["code"], JSON.stringify(components)).toBe("offline_request_invalid");
  }
});

test("a request that was made for another vendor or for the sandbox is nobody's here", async () => {
  const [g, h] = [await airGap(), await airGap()];
  const [here, there] = [await g.offlineLicense(), await h.offlineLicense()];
  const foreign = await requestOf(h.asked(there, "press-4", await pair()));
  expect((await g.send(foreign)).body["code"]).toBe("offline_request_invalid");
  const posing = await requestOf({ ...h.asked(there, "press-4", await pair()), tenant: g.tenant.id, product: g.productId });
  expect((await g.send(posing)).body["code"]).toBe("license_not_found");
  const theirs = await requestOf({ ...g.asked(here, "press-4", await pair()), product: h.productId });
  expect((await g.send(theirs)).body["code"]).toBe("license_not_found");
  const toSandbox = await requestOf({ ...g.asked(here, "press-4", await pair()), tenant: g.tenant.sandbox_id });
  expect((await g.send(toSandbox)).body["code"]).toBe("offline_request_invalid");

  const mine = await g.activated(here, "press-4");
  const receipt = await receiptOf(mine.device, mine.file);
  expect((await h.program("/v1/activations/offline_deactivate", { receipt })).body["code"]).toBe("offline_request_invalid");
  expect((await h.send(mine.request)).body["code"]).toBe("offline_request_invalid");
  const relabeled = await receiptOf(mine.device, mine.file, { iss: h.tenant.id });
  expect((await h.program("/v1/activations/offline_deactivate", { receipt: relabeled })).body["code"]).toBe(
    "activation_not_found",
  );
  const second = await g.activated(here, "press-5").catch(() => undefined);
  const swapped = await receiptOf(mine.device, mine.file, { act: second?.activation.id ?? "act_0" });
  expect((await g.program("/v1/activations/offline_deactivate", { receipt: swapped })).status).toBeGreaterThanOrEqual(400);
  expect(await g.events("activation.released")).toEqual([]);
});

test("no text is so strange that it is not refused", async () => {
  const g = await airGap();
  const license = await g.offlineLicense();
  const device = await pair();
  const noPoint = { ...device, x: "A".repeat(42) + "I" };
  const asked = g.asked(license, "press-4", device);
  const good = await requestOf(asked);
  const [header = "", payload = "", signature = ""] = good.split(".");
  const claims = claimsIn(good);
  const texts = [
    "..",
    `${header}.${payload}.`,
    `${header}.${payload}.${"A".repeat(86)}`,
    `${header}.${payload}.${signature}.${signature}`,
    `${good}\n`,
    `\u{feff}${good}`,
    await requestOf({ ...asked, device: noPoint }),
    await jws("request", device, { ...claims, proof: { x: noPoint.x, sig: signature } }),
    await jws("request", device, { ...claims, proof: { x: device.x, sig: "" } }),
    await jws("request", device, { ...claims, rid: "short" }),
    await jws("request", device, { ...claims, counters: { export: -1 } }),
    await jws("request", device, { ...claims, fp: "x" }),
    await requestOf(asked, { name: "x".repeat(201) }),
    await requestOf(asked, { name: "a\u0000b" }),
    await requestOf(asked, { components: upTo(21).map((n) => ({ kind: `k${n}`, hash: "A".repeat(43) })) }),
    await requestOf(asked, { last_seq: -1 }),
    await requestOf(asked, { action: "deactivate" }),
    await requestOf(asked, { more: "x".repeat(17_000) }),
  ];
  for (const [n, text] of texts.entries()) {
    const [asRequest, asReceipt] = [await g.send(text), await g.program("/v1/activations/offline_deactivate", { receipt: text })];
    expect([asRequest.status, asReceipt.status], `${n}: ${asRequest.text} ${asReceipt.text}`).toEqual([400, 400]);
  }
  expect(await g.rows("activations")).toEqual([]);
  expect((await g.send(good)).status).toBe(201);
});

test("an emergency does not lift what the license does not allow: files, and places it is not for", async () => {
  const g = await airGap();
  const online = await g.license();
  const { code } = (await g.post("/v1/emergency_codes", { license_id: online["id"], reason: "weekend" })).body;
  const request = await requestOf(g.asked(online, "press-4", await pair()));
  expect((await g.program("/v1/emergency_codes/redeem", { code, request })).body["code"]).toBe("offline_not_allowed");
  const fingerprint = "f".repeat(64);
  expect((await g.program("/v1/emergency_codes/redeem", { code, fingerprint })).status).toBe(201);

  const placed = await g.license({ restrictions: [{ type: "geographic", operator: "allow", values: ["DE"] }] });
  const there = (await g.post("/v1/emergency_codes", { license_id: placed["id"], reason: "weekend" })).body["code"];
  const from = (country: string) =>
    g.post("/v1/emergency_codes/redeem", { code: there, fingerprint }, { headers: { "x-latchkey-country": country } });
  expect((await from("FR")).body["code"]).toBe("restriction_violated");
  expect((await from("DE")).status).toBe(201);
});

test("terms that refuse clones refuse them under another fingerprint with the same parts too", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ on_clone: "deny", component_threshold: 2, max_activations: 1 });
  const components = await Promise.all(
    ["board", "disk", "mac"].map(async (kind) => ({ kind, hash: await sha256(`olp1-part\n${g.tenant.id}\n${kind}\n${kind}-1`) })),
  );
  const { device, activation } = await g.activated(license, "press-4", { components });
  const other = await g.send(await requestOf(g.asked(license, "press-5", await pair()), { components }));
  expect([other.status, other.body["code"]]).toEqual([403, "clone_suspected"]);
  expect((await g.rows("offline_devices")).map(({ seq }) => seq)).toEqual([1]);
  expect(await g.events("activation.clone_suspected")).toHaveLength(1);
  const again = await g.send(await requestOf(g.asked(license, "press-6", device), { components, last_seq: 1 }));
  expect(again.body["code"], "it is marked, whatever it calls itself").toBe("clone_suspected");
  await g.post(`/v1/activations/${activation.id}/clear_suspicion`);
  const mended = await requestOf(g.asked(license, "press-4", device), { components, last_seq: 1, action: "refresh" });
  expect((await g.send(mended)).status).toBe(200);
});

test.each(["warn", "deny"])(
  "machines that call the same parts theirs are not one device, where clones are to %s",
  async (onClone) => {
    const g = await airGap();
    const terms = { on_clone: onClone, component_threshold: 2, max_activations: 1 };
    const license = await g.offlineLicense({ ...terms, offline: { max_ttl: "P30D" } });
    const components = await Promise.all(
      ["board", "disk"].map(async (kind) => ({ kind, hash: await sha256(`olp1-part\n${g.tenant.id}\n${kind}\n${kind}-1`) })),
    );
    const { device, activation } = await g.activated(license, "machine-0", { components });
    const as = async (name: string, told: number) =>
      g.send(await requestOf(g.asked(license, name, device), { components, last_seq: told }));
    const denied = onClone === "deny";
    expect((await as("machine-1", 1)).body["code"]).toBe(denied ? "clone_suspected" : undefined);
    expect((await as("machine-2", denied ? 1 : 2)).body["code"]).toBe(denied ? "clone_suspected" : undefined);
    expect((await g.rows("offline_devices")).map(({ seq }) => seq)).toEqual([denied ? 1 : 3]);
    expect((await g.read(`/v1/activations/${activation.id}`))["clone_suspected_at"]).not.toBeNull();
    expect(await g.events("activation.clone_suspected")).toHaveLength(1);

    await g.post(`/v1/activations/${activation.id}/clear_suspicion`);
    await g.later(31 * DAY_MS);
    const changed = await as("machine-3", denied ? 1 : 3);
    expect(changed.status, "hardware changed after the last file was over").toBe(200);
    expect(changed.body["activation"].clone_suspected_at).toBeNull();
  },
);

test("a machine that comes with another's parts while that one takes its seat has no file where clones are refused", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ on_clone: "deny", component_threshold: 1, max_activations: 1 });
  const components = [{ kind: "disk", hash: await sha256(`olp1-part\n${g.tenant.id}\ndisk\ndisk-1`) }];
  const device = await pair();
  const request = (name: string) => requestOf(g.asked(license, name, device), { components });
  const [first, second] = [await request("machine-0"), await request("machine-1")];
  const came = meanwhile(/from "?offline_keysets/i, () => g.send(first));
  const answer = await g.send(second);
  expect(came()).toBe(true);
  expect(answer.body["code"]).toBe("clone_suspected");
  expect(await g.events("license_file.issued")).toHaveLength(1);
});

test("a list speaks of a device, and a seat that is taken by force is held, for as long as any of its files could run", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ grace_period: "P0D", offline: { max_ttl: "P30D" } });
  const { device, file, activation } = await g.activated(license, "press-4");
  await g.patch(`/v1/licenses/${license["id"]}`, { expires_at: new Date(Date.now() + 5 * DAY_MS).toISOString() });
  const short = await g.send(await requestOf(g.asked(license, "press-4", device), { last_seq: 1 }));
  const longEnd = endIn(file);
  expect(endIn(short.body["license_file"])).toBeLessThan(longEnd);
  expect(Date.parse(short.body["expires_at"]) / 1000).toBe(endIn(short.body["license_file"]));
  const forced = (await g.post(`/v1/activations/${activation.id}/deactivate`)).body;
  expect(Date.parse(forced["ends_at"]) / 1000).toBe(longEnd);
  await g.post(`/v1/licenses/${license["id"]}/revoke`, { reason: "published" });
  await g.later(10 * DAY_MS);
  const { status_list: list } = (await g.get(`/v1/offline/status/${g.productId}`)).body;
  expect(statusAt(fromBase64url(claimsIn(list)["lst"]), claimsIn(file.split("~")[1] ?? "")["st"])).toBe("revoked");
});

const endIn = (file: string): number => claimsIn(file.split("~")[1] ?? "")["exp"];

test.each(["transfer", "regenerate_key"])("an emergency code that nobody used ends with %s", async (verb) => {
  const g = await airGap();
  const license = await g.offlineLicense();
  const make = async () => (await g.post("/v1/emergency_codes", { license_id: license["id"], reason: "the line stands" })).body;
  const redeem = (code: unknown, name: string) =>
    g.program("/v1/emergency_codes/redeem", { code, fingerprint: fingerprintOf(name) });
  const [used, unused] = [await make(), await make()];
  expect((await redeem(used["code"], "one")).status).toBe(201);
  const other = await g.made("/v1/customers", { name: "Bob", email: "bob@customer.example", kind: "person" });
  const body = verb === "transfer" ? { customer_id: other["id"], reason: "sold" } : {};
  const moved = await g.post(`/v1/licenses/${license["id"]}/${verb}`, body);
  expect(moved.status, moved.text).toBeLessThan(300);
  expect((await redeem(unused["code"], "two")).body["code"]).toBe("emergency_code_expired");
  expect((await g.read(`/v1/emergency_codes/${used["id"]}`))["expires_at"]).toBe(used["expires_at"]);
  expect((await redeem((await make())["code"], "three")).status).toBe(201);
});

test("customers whose programs choose the same Idempotency-Key are not in each other's way", async () => {
  const g = await airGap();
  const two = async (path: string, bodies: readonly Record<string, unknown>[]) => {
    const how = { key: g.keys.publishable, idempotencyKey: `first-${path}` };
    const answers = await Promise.all(bodies.map((body) => g.post(path, body, how)));
    expect(
      answers.map(({ status }) => status < 300),
      answers.map(({ text }) => text).join(),
    ).toEqual([true, true]);
  };
  const licenses = [await g.offlineLicense({ max_activations: 2 }), await g.offlineLicense({ max_activations: 2 })];
  const requests = await Promise.all(licenses.map(async (each, n) => requestOf(g.asked(each, `new-${n}`, await pair()))));
  await two(
    "/v1/activations/offline_activate",
    requests.map((request) => ({ request })),
  );
  const given = await Promise.all(licenses.map((each, n) => g.activated(each, `old-${n}`)));
  const receipts = await Promise.all(given.map(({ device, file }) => receiptOf(device, file)));
  await two(
    "/v1/activations/offline_deactivate",
    receipts.map((receipt) => ({ receipt })),
  );
  const codes = await Promise.all(
    licenses.map(async (each) => (await g.post("/v1/emergency_codes", { license_id: each["id"], reason: "x" })).body["code"]),
  );
  await two(
    "/v1/emergency_codes/redeem",
    codes.map((code) => ({ code, fingerprint: fingerprintOf("same") })),
  );
});
