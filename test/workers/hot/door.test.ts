import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { device, shop, type Shop } from "../licensing/shop.ts";
import { BOUND_MS, gone, isolate, staleKv, standingTime, tierOf } from "./isolates.ts";

const { pass } = standingTime();

/** A license that the device `a` holds a seat of, and another isolate that has just found it valid. */
async function validElsewhere(terms: Record<string, unknown> = {}, how: { limits?: Parameters<typeof isolate>[1] } = {}) {
  const s = await shop();
  const license = await s.license({ max_activations: 3, ...terms });
  const activated = (await s.activate(license["license_key"], "a")).body;
  const other = isolate(s.keys.publishable, how.limits);
  const asks = (more: Record<string, unknown> = {}) =>
    other.ask("/v1/licenses/validate", { license_key: license["license_key"], fingerprint: device("a"), ...more });
  const first = await asks();
  expect(first, JSON.stringify(activated)).toMatchObject({ status: 200, by: "door", body: { valid: true } });
  return { s, license, activated, other, asks, first };
}

test("a known license is answered from memory, says its true age, and asks the feed behind the answer", async () => {
  const { asks } = await validElsewhere();
  pass(1_500);
  const warm = await asks({ nonce: "n" });
  expect(tierOf(warm)).toBe("memory");
  expect(warm.body).toMatchObject({ valid: true, stale: false, snapshot_age_ms: 1_500, nonce: "n" });
  pass(1_000);
  // this one asks the feed behind its answer, so the next one is younger
  expect((await asks({ nonce: "n" })).body["snapshot_age_ms"]).toBe(2_500);
  expect((await asks({ nonce: "n" })).body["snapshot_age_ms"]).toBeLessThan(1_000);
});

type Change = (s: Shop, ids: { license: string; activation: string; key: unknown }) => Promise<{ status: number; text: string }>;

const changes: Record<string, { change: Change; code: string }> = {
  "a suspended license": {
    change: (s, { license }) => s.post(`/v1/licenses/${license}/suspend`, { reason: "x" }),
    code: "SUSPENDED",
  },
  "a revoked license": { change: (s, { license }) => s.post(`/v1/licenses/${license}/revoke`, { reason: "x" }), code: "REVOKED" },
  "a canceled license": { change: (s, { license }) => s.post(`/v1/licenses/${license}/cancel`, {}), code: "CANCELED" },
  "a device that was released": {
    change: (s, { activation }) => s.post(`/v1/activations/${activation}/deactivate`, {}),
    code: "NO_MACHINES",
  },
  "a device on the blacklist": {
    change: (s) => s.post("/v1/devices/blacklist", { fingerprint: device("a"), reason: "x" }),
    code: "DEVICE_BLACKLISTED",
  },
  "an address on the blacklist": {
    change: (s) => s.post("/v1/devices/blacklist", { ip_range: "203.0.113.0/24", reason: "x" }),
    code: "DEVICE_BLACKLISTED",
  },
  "a license whose terms changed": {
    change: (s, { license }) =>
      s.patch(`/v1/licenses/${license}`, { restrictions: [{ type: "geographic", operator: "allow", values: ["DE"] }] }),
    code: "GEO_NOT_ALLOWED",
  },
  "a license key that was replaced": {
    change: (s, { license }) => s.post(`/v1/licenses/${license}/regenerate_key`, {}),
    code: "NOT_FOUND",
  },
};

test.each(Object.entries(changes))(
  "%s is refused everywhere within the bound, also where KV lies for 90 s",
  async (_, { change, code }) => {
    const { s, license, activated, other, asks } = await validElsewhere();
    other.behind = { CACHE: staleKv(env.CACHE, 90_000, Date.now) };
    await asks();
    const from = { "x-latchkey-ip": "203.0.113.7", "x-latchkey-country": "US" };
    const ask = () =>
      other.ask("/v1/licenses/validate", { license_key: license["license_key"], fingerprint: device("a"), nonce: "n" }, from);
    expect((await ask()).body["valid"]).toBe(true);
    const done = await change(s, { license: license["id"], activation: activated["id"], key: license["license_key"] });
    expect(done.status, done.text).toBeLessThan(300);
    const changedAt = Date.now();
    for (let answer = await ask(); answer.body["code"] !== code; answer = await ask()) {
      expect(Date.now() - changedAt, JSON.stringify(answer.body)).toBeLessThan(BOUND_MS);
      pass(700);
    }
    expect(Date.now() - changedAt).toBeLessThan(BOUND_MS);
  },
);

test("an API key that was revoked, and a tenant that was closed, open nothing within the bound", async () => {
  const { s, license } = await validElsewhere();
  const key = (await s.post("/v1/api_keys", { name: "k", kind: "publishable" })).body;
  const ways = {
    key: isolate(key["secret"]),
    live: isolate(s.keys.publishable),
    sandbox: isolate(s.keys.testPublishable),
  };
  const ask = (way: keyof typeof ways) => ways[way].ask("/v1/licenses/validate", { license_key: license["license_key"] });
  for (const way of ["key", "live", "sandbox"] as const) expect((await ask(way)).status).toBe(200);
  await s.delete(`/v1/api_keys/${key["id"]}`);
  for (const changedAt = Date.now(); (await ask("key")).status === 200; pass(700))
    expect(Date.now() - changedAt).toBeLessThan(BOUND_MS);
  expect((await ask("key")).body["code"]).toBe("unauthorized");
  await s.delete(`/v1/tenants/${s.tenant.id}`, undefined, { key: s.operator });
  for (const way of ["live", "sandbox"] as const) {
    for (const changedAt = Date.now(); (await ask(way)).status === 200; pass(700))
      expect(Date.now() - changedAt).toBeLessThan(BOUND_MS);
  }
});

test("who has just activated is never refused, by whatever isolate, nor is who was reinstated or renewed", async () => {
  const { s, license, other } = await validElsewhere();
  const key = license["license_key"];
  const asks = (name: string) => other.ask("/v1/licenses/validate", { license_key: key, fingerprint: device(name) });
  other.behind = { CACHE: staleKv(env.CACHE, 90_000, Date.now) };
  expect((await asks("b")).body["code"]).toBe("FINGERPRINT_SCOPE_MISMATCH");
  await s.activate(key, "b");
  expect((await asks("b")).body["valid"]).toBe(true);
  await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "x" });
  pass(BOUND_MS);
  expect((await asks("b")).body["code"]).toBe("SUSPENDED");
  await s.post(`/v1/licenses/${license["id"]}/reinstate`, {});
  expect((await asks("b")).body["valid"]).toBe(true);
});

const KEY = "imported:5fK9-tQ2x-Z7mW-hR4c-Vb8n-Jd3s-Lp6y";

test("a key that nobody has is found the moment somebody has it", async () => {
  const { s, other } = await validElsewhere();
  const ask = () => other.ask("/v1/licenses/validate", { license_key: KEY });
  expect((await ask()).body["code"]).toBe("NOT_FOUND");
  await s.license({}, { license_key: KEY });
  expect((await ask()).body["valid"]).toBe(true);
});

test.each(["fails", "hangs"] as const)(
  "with everything behind it dead (it %s), what was seen is answered and marked, and nothing else is",
  async (how) => {
    const { asks, other, license, s } = await validElsewhere();
    const cut = () =>
      (other.behind = { DB_00: gone.d1(how), FEED: gone.objects(how), CACHE: gone.kv(how), QUOTA: gone.objects(how) });
    cut();
    pass(60_000);
    const blind = await asks({ nonce: "n" });
    expect(blind.body).toMatchObject({ valid: true, stale: true, code: "VALID" });
    expect(blind.body["snapshot_age_ms"]).toBe(60_000);
    const claims = JSON.parse(atob(String(blind.body["token"]).split(".")[1] ?? "")) as Record<string, unknown>;
    expect(claims).toMatchObject({ stale: true, snapshot_age_ms: 60_000, valid: true });

    const unseen = await other.ask("/v1/licenses/validate", { license_key: license["license_key"], fingerprint: device("z") });
    expect(unseen).toMatchObject({ status: 503, body: { code: "temporarily_unavailable" } });
    expect(unseen.headers.get("retry-after")).toBe("1");
    const activation = await other.ask("/v1/activations", { license_key: license["license_key"], fingerprint: device("z") });
    expect(activation).toMatchObject({ status: 503, body: { code: "temporarily_unavailable" } });
    expect(activation.headers.get("retry-after")).toBe("1");

    pass(15 * 60_000);
    expect((await asks({ nonce: "n" })).status).toBe(503);
    other.behind = {};
    pass(5_000);
    expect((await asks({ nonce: "n" })).body).toMatchObject({ valid: true, stale: false });
    expect(s.tenant.id).toBeDefined();
  },
);

test("a database that hangs is tried by one request at a time: the others answer without it", async () => {
  const { s, license, other, asks } = await validElsewhere();
  const key = (await s.post("/v1/api_keys", { name: "k", kind: "publishable" })).body;
  const asksByKey = () =>
    other.ask(
      "/v1/licenses/validate",
      { license_key: license["license_key"] },
      { authorization: `Bearer ${String(key["secret"])}` },
    );
  expect((await asksByKey()).body["valid"]).toBe(true);
  let tries = 0;
  const hangs = gone.d1("hangs");
  const prepare = (sql: string) => ((tries += sql.includes("api_keys") ? 1 : 0), hangs.prepare(sql));
  other.behind = {
    DB_00: { prepare, batch: () => hangs.batch([]) } as unknown as D1Database,
    FEED: gone.objects("fails"),
    CACHE: gone.kv("fails"),
  };
  pass(60_000);
  // some calls in a row are given the time to be late
  for (let n = 0; n < 2; n++) expect((await asks()).body).toMatchObject({ valid: true, stale: true });
  tries = 0;
  pass(3_000);
  for (const { body } of await Promise.all([asks(), asksByKey()])) expect(body).toMatchObject({ valid: true, stale: true });
  expect(tries).toBe(1);
});

test("an answer is as old as the older of what it comes from: the license, or who asks", async () => {
  const { s, other } = await validElsewhere();
  const second = await s.license({});
  pass(2_000);
  const answer = await other.ask("/v1/licenses/validate", { license_key: second["license_key"] });
  expect(answer.body).toMatchObject({ valid: true, snapshot_age_ms: 2_000 });
});

test("a tenant that wants no unchecked answer gets a 503 instead", async () => {
  const { s, asks, other } = await validElsewhere();
  await s.patch("/v1/settings", { validation: { when_blind: "fail_closed" } });
  pass(BOUND_MS);
  expect((await asks({ nonce: "n" })).body["valid"]).toBe(true);
  other.behind = { DB_00: gone.d1("fails"), FEED: gone.objects("fails"), CACHE: gone.kv("fails") };
  pass(60_000);
  expect((await asks({ nonce: "n" })).status).toBe(503);
});

test("what is known to have changed is not answered any more, though nobody can say how it changed", async () => {
  const { s, license, other, asks } = await validElsewhere();
  await asks();
  await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "x" });
  pass(3_500);
  await asks(); // asks the feed behind its answer
  other.behind = { DB_00: gone.d1("fails"), CACHE: gone.kv("fails") };
  expect((await asks({ nonce: "n" })).status).toBe(503);
});

test("one dead part alone changes no answer", async () => {
  for (const parts of [{ FEED: gone.objects("fails") }, { CACHE: gone.kv("fails") }]) {
    const { asks, other } = await validElsewhere();
    other.behind = parts;
    pass(30_000);
    expect((await asks({ nonce: "n" })).body).toMatchObject({ valid: true, stale: false });
  }
  const { asks, other } = await validElsewhere();
  other.behind = { DB_00: gone.d1("fails") };
  await asks();
  pass(30_000);
  // the feed reads the database itself, which is alive: what it says is good
  expect((await asks({ nonce: "n" })).body).toMatchObject({ valid: true, stale: false });
});

test("an isolate that is new finds in KV what another one read, while the database is dead", async () => {
  const { s, license, asks } = await validElsewhere();
  await asks();
  const young = isolate(s.keys.publishable);
  young.behind = { DB_00: gone.d1("fails"), FEED: gone.objects("fails") };
  const answer = await young.ask("/v1/licenses/validate", { license_key: license["license_key"], fingerprint: device("a") });
  expect(answer.body).toMatchObject({ valid: true, stale: true });
});

test("what KV kept of an API key opens nothing once it is older than the tenant allows", async () => {
  const { s, license, asks } = await validElsewhere();
  await asks();
  pass(16 * 60_000);
  // the license itself can be read again; that the key is still good cannot
  let reads = 0;
  const flaky = new Proxy(env.DB_00, {
    get: (real, name) => {
      if (name !== "prepare") return Reflect.get(real, name, real) as unknown;
      return (sql: string) => (/api_keys/.test(sql) && ++reads > 0 ? gone.d1("fails").prepare(sql) : real.prepare(sql));
    },
  });
  const young = isolate(s.keys.publishable);
  young.behind = { DB_00: flaky, FEED: gone.objects("fails") };
  const answer = await young.ask("/v1/licenses/validate", { license_key: license["license_key"], fingerprint: device("a") });
  expect(reads).toBeGreaterThan(0);
  expect(answer.status).toBe(503);
});

test("the same question gets the same text for five seconds, another one never", async () => {
  const { asks } = await validElsewhere();
  const first = await asks();
  pass(2_000);
  const again = await asks();
  expect(again.body).toEqual(first.body);
  expect((await asks({ domain: "x.example" })).body["id"]).not.toBe(first.body["id"]);
  expect((await asks({ nonce: "n" })).body["id"]).not.toBe(first.body["id"]);
  pass(3_100);
  expect((await asks()).body["id"]).not.toBe(first.body["id"]);
});

test("a text is not handed out again beyond the instant at which the license ends", async () => {
  const s = await shop();
  const license = await s.license({ grace_period: "P0D" }, { expires_at: new Date(Date.now() + 2_000).toISOString() });
  const other = isolate(s.keys.publishable);
  const asks = () => other.ask("/v1/licenses/validate", { license_key: license["license_key"] });
  expect((await asks()).body["valid"]).toBe(true);
  pass(2_000);
  expect((await asks()).body["code"]).toBe("EXPIRED");
});

test("memory is bounded by number and weight, and what was used longest ago goes first", async () => {
  const { s, other, asks } = await validElsewhere(
    { max_activations: null },
    { limits: { licenses: { entries: 3, bytes: 1 << 20 } } },
  );
  const keys = await Promise.all([1, 2, 3, 4].map(async () => (await s.license({}))["license_key"]));
  for (const license_key of keys) {
    pass(1_100);
    await asks();
    await other.ask("/v1/licenses/validate", { license_key });
  }
  expect(other.memory.licenses.stats).toMatchObject({ entries: 3, evictions: 2 });
  expect(tierOf(await asks())).toBe("memory");
  expect(tierOf(await other.ask("/v1/licenses/validate", { license_key: keys[0] }))).not.toBe("memory");
});

test("a beat of a seat that is held is kept by one write, and the next one is measured by it", async () => {
  const { s, activated, other } = await validElsewhere({ type: "concurrent", lease_s: 600, heartbeat: { interval_s: 300 } });
  const beat = () => other.ask("/v1/activations/heartbeat", { activation_token: activated["activation_token"] });
  const kept = async () => (await s.get(`/v1/activations/${activated["id"]}`)).body["lease_expires_at"];
  pass(200_000);
  const first = await beat();
  expect(first).toMatchObject({
    status: 200,
    by: "door",
    body: { lease_expires_at: new Date(Date.now() + 600_000).toISOString() },
  });
  expect(await kept()).toBe(first.body["lease_expires_at"]);
  // too young to be worth a write: it tells the lease as it is kept
  pass(100_000);
  expect((await beat()).body["lease_expires_at"]).toBe(first.body["lease_expires_at"]);
  pass(100_000);
  const third = await beat();
  expect(third.by).toBe("door");
  expect(await kept()).toBe(third.body["lease_expires_at"]);
  expect(third.body["lease_expires_at"]).toBe(new Date(Date.now() + 600_000).toISOString());
});

test("a beat after the lease ended competes again, by the router", async () => {
  const { activated, other, s } = await validElsewhere({ type: "concurrent", lease_s: 600, heartbeat: { interval_s: 300 } });
  const beat = () => other.ask("/v1/activations/heartbeat", { activation_token: activated["activation_token"] });
  expect((await beat()).by).toBe("door");
  pass(601_000);
  expect(await beat()).toMatchObject({ status: 200, by: "router" });
  expect(await s.events("activation.resumed")).toHaveLength(1);
});

test("a beat is not taken while it cannot be kept", async () => {
  const { activated, other } = await validElsewhere({ type: "concurrent", lease_s: 600, heartbeat: { interval_s: 300 } });
  const beat = () => other.ask("/v1/activations/heartbeat", { activation_token: activated["activation_token"] });
  expect((await beat()).status).toBe(200);
  other.behind = { DB_00: gone.d1("fails"), FEED: gone.objects("fails"), CACHE: gone.kv("fails") };
  pass(300_000);
  expect(await beat()).toMatchObject({ status: 503, body: { code: "temporarily_unavailable" } });
});

test("what is left of a quota is told from memory for a while, and asked for again where nothing is left", async () => {
  const { s, license, other } = await validElsewhere({ entitlements: [{ feature: "export", limit_value: 3, reset: "month" }] });
  const key = license["license_key"];
  const check = () => other.ask("/v1/entitlements/check", { license_key: key, features: ["export"] });
  const consume = (units: number) =>
    s.post("/v1/entitlements/consume", { license_key: key, items: [{ feature: "export", units }] });
  const right = async () => (await check()).body["entitlements"][0];
  expect(await right()).toMatchObject({ allowed: true, remaining: 3 });
  expect((await consume(1)).status).toBe(200);
  expect(await right()).toMatchObject({ allowed: true, remaining: 3 });
  pass(10_000);
  expect(await right()).toMatchObject({ allowed: true, remaining: 2 });
  expect((await consume(2)).status).toBe(200);
  pass(10_000);
  expect(await right()).toMatchObject({ allowed: false, code: "QUOTA_EXCEEDED", remaining: 0 });
  await s.patch(`/v1/licenses/${license["id"]}`, { entitlements: [{ feature: "export", limit_value: 5, reset: "month" }] });
  pass(10_000);
  expect(await right()).toMatchObject({ allowed: true, remaining: 2 });
});

test("what is known of one version, user or address says nothing about another", async () => {
  const only = { type: "version", operator: "allow", values: [">=2.0.0"] };
  const s = await shop();
  const license = await s.license({ unknown_version: "deny", restrictions: [only] });
  const other = isolate(s.keys.publishable);
  const asks = (more: Record<string, unknown>) =>
    other.ask("/v1/licenses/validate", { license_key: license["license_key"], ...more });
  await s.post(`/v1/products/${s.product["id"]}/versions`, { version: "2.1.0", released_at: "2026-01-01T00:00:00Z" });
  for (const _ of [1, 2]) {
    expect((await asks({ version: "2.1.0" })).body["valid"]).toBe(true);
    expect((await asks({ version: "9.9.9" })).body["code"]).toBe("VERSION_NOT_ALLOWED");
  }
  await s.post("/v1/devices/blacklist", { ip_range: "203.0.113.0/24", reason: "x" });
  pass(BOUND_MS);
  const from = async (ip: string) =>
    (await other.ask("/v1/licenses/validate", { license_key: license["license_key"], version: "2.1.0" }, { "x-latchkey-ip": ip }))
      .body["valid"];
  for (const _ of [1, 2]) {
    expect(await from("198.51.100.1")).toBe(true);
    expect(await from("203.0.113.7")).toBe(false);
  }
});

test("a key and a license are compared with the database behind one answer, not behind each", async () => {
  const { other, asks } = await validElsewhere();
  let reads = 0;
  const counted = { prepare: (sql: string) => (reads++, env.DB_00.prepare(sql)) } as unknown as D1Database;
  other.behind = { DB_00: counted };
  pass(46_000);
  await asks({ nonce: "n" }); // waits for the feed
  await asks({ nonce: "n" });
  expect(reads).toBe(2);
  for (let n = 0; n < 5; n++) {
    pass(500);
    expect(tierOf(await asks({ nonce: "n" }))).toBe("memory");
  }
  expect(reads).toBe(2);
});

test("a key that is gone from the database without an event is refused once it was compared", async () => {
  const { s, asks } = await validElsewhere();
  await env.DB_00.prepare("delete from api_keys where tenant_id = ? and kind = 'publishable'").bind(s.tenant.id).run();
  pass(46_000);
  await asks(); // waits for the feed
  await asks();
  expect((await asks()).status).toBe(401);
});

test("devices that somebody makes up push nothing out of memory", async () => {
  const { other, license, asks } = await validElsewhere({}, { limits: { licenses: { entries: 3, bytes: 1 << 20 } } });
  for (const name of ["x", "y", "z", "q"]) {
    const made = { license_key: license["license_key"], fingerprint: device(name) };
    expect((await other.ask("/v1/licenses/validate", made)).body["code"]).toBe("FINGERPRINT_SCOPE_MISMATCH");
  }
  expect(other.memory.licenses.stats).toMatchObject({ entries: 1, evictions: 0 });
  expect(tierOf(await asks())).toBe("memory");
});

/** The bytes of a validation with a nonce that is put together of bytes. */
const withNonce = (key: unknown, nonce: readonly number[], before: readonly number[] = []) => {
  const [head = "", tail = ""] = JSON.stringify({ license_key: key, fingerprint: device("a"), nonce: "@" }).split("@");
  return Uint8Array.of(...before, ...Buffer.from(head), ...nonce, ...Buffer.from(tail));
};

test.each<[string, number[], number[]?]>([
  ["a byte that begins nothing", [0x61, 0xff]],
  ["half a character of two bytes", [0xc3]],
  ["one of the four bytes of one", [0xf0]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["more bytes than its character takes", [0xc0, 0xaf]],
  ["a byte order mark before the JSON", [0x61], [0xef, 0xbb, 0xbf]],
])("%s is refused for a license that is known, as the router refuses it", async (_, nonce, before) => {
  const { license, other, asks } = await validElsewhere();
  expect(tierOf(await asks())).toBe("memory");
  const told = await other.ask("/v1/licenses/validate", withNonce(license["license_key"], nonce, before));
  expect(told).toMatchObject({ status: 400, by: "router", body: { code: "malformed_json" } });
});

test("every character that is one comes back, in normal form", async () => {
  const { license, other } = await validElsewhere();
  for (const [sent, told] of [
    ["\ufffd", "\ufffd"],
    ["e\u0301", "\u00e9"],
    ["\u{1f600}", "\u{1f600}"],
    ["a\ufeff", "a\ufeff"],
  ] as const) {
    const answer = await other.ask("/v1/licenses/validate", withNonce(license["license_key"], [...Buffer.from(sent)]));
    expect(answer).toMatchObject({ status: 200, by: "door", body: { valid: true, nonce: told } });
  }
});

test("three of the four bytes of a character are read as the one that stands for what could not be read", async () => {
  const { license, other } = await validElsewhere();
  const answer = await other.ask("/v1/licenses/validate", withNonce(license["license_key"], [0xf0, 0x9f, 0x98]));
  expect(answer).toMatchObject({ status: 200, body: { nonce: "\ufffd" } });
});

test("a refusal that is read again is judged by the quotas that the license has by then", async () => {
  const s = await shop();
  const { id, license_key: key } = await s.license({ entitlements: [{ feature: "export", limit_value: 2 }] });
  await s.made("/v1/features", { name: "Render", code: "render" });
  const use = (feature: string, units: number) =>
    s.post("/v1/entitlements/consume", { license_key: key, items: [{ feature, units }] });
  const give = (...entitlements: unknown[]) => s.patch(`/v1/licenses/${id}`, { entitlements });
  const other = isolate(s.keys.publishable);
  const ask = async (feature: string) =>
    (await other.ask("/v1/licenses/validate", { license_key: key, features: [feature] })).body["code"];
  await use("export", 2);
  expect([await ask("export"), await ask("render")]).toEqual(["QUOTA_EXCEEDED", "ENTITLEMENTS_MISSING"]);

  await give({ feature: "export", limit_value: 3 }, { feature: "render", limit_value: 1 });
  expect((await use("render", 1)).status).toBe(200);
  expect(await ask("render")).toBe("QUOTA_EXCEEDED");
  expect(await ask("export")).toBe("VALID");
});

test("versions and users that somebody makes up fill neither memory nor KV, and push out nobody who is known", async () => {
  const { s, other, license, asks } = await validElsewhere();
  await s.activate(license["license_key"], "b", { user: "ada" });
  await s.post(`/v1/products/${s.product["id"]}/versions`, { version: "2.1.0", released_at: "2026-01-01T00:00:00Z" });
  const written = new Set<string>();
  const put: KVNamespace["put"] = async (key: string, ...rest: [never, never?]) => {
    written.add(key);
    return env.CACHE.put(key, ...rest);
  };
  other.behind = { CACHE: { get: env.CACHE.get.bind(env.CACHE), put } as KVNamespace };
  const before = other.memory.licenses.stats.entries;
  for (const n of upTo(40)) await asks(n % 2 === 0 ? { version: `9.9.${n}` } : { user: `nobody-${n}@example.com` });
  expect(other.memory.licenses.stats.entries - before).toBe(32);
  expect(written.size).toBe(32);
  // what the vendor knows of is kept all the same
  for (const known of [{ version: "2.1.0" }, { fingerprint: device("b"), user: "ada" }]) {
    expect([tierOf(await asks(known)), tierOf(await asks(known))]).toEqual(["d1", "memory"]);
  }
  expect([tierOf(await asks({ version: "9.9.2" })), tierOf(await asks({ version: "9.9.40" }))]).toEqual(["memory", "d1"]);
  pass(600_000);
  await asks({ version: "9.9.40" });
  expect(tierOf(await asks({ version: "9.9.40" }))).toBe("memory");
});
