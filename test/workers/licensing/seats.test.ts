import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo, type Answer } from "../world.ts";
import { meanwhile } from "./meanwhile.ts";
import { DAY_MS, device, shop, worksOffline } from "./shop.ts";

const KEYS = ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"];

const codes = (answers: readonly Answer[]) => answers.map(({ status, body }) => body["code"] ?? status);

test("under per_seat users race for seats: all devices of one user are one seat, and a device without a user is one", async () => {
  const s = await shop();
  const license = await s.license({ model: "per_seat", max_activations: 2 });
  const key = license["license_key"];
  const answers = await Promise.all(
    upTo(12).map((n) => s.activate(key, `d${n}`, n === 12 ? {} : { user: `user-${n % 3}@customer.example` })),
  );
  const winners = new Set(answers.flatMap(({ status, body }) => (status === 201 ? [body["user"] ?? body["id"]] : [])));
  expect(winners.size).toBe(2);
  expect(new Set(codes(answers.filter(({ status }) => status !== 201)))).toEqual(new Set(["seat_limit_reached"]));
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 2, users_count: 2 });
  const user = [...winners].find((each) => String(each).includes("@"));
  expect((await s.activate(key, "one more", { user })).status).toBe(201);
  expect((await s.activate(key, "a stranger", { user: "new@customer.example" })).body["code"]).toBe("seat_limit_reached");
});

test("cores are summed exactly: devices race for them, and one that asks for more than it has asks anew", async () => {
  const s = await shop();
  const license = await s.license({ model: "per_core", max_activations: null, max_cores: 16 });
  const key = license["license_key"];
  const answers = await Promise.all(upTo(8).map((n) => s.activate(key, `d${n}`, { cores: 3 })));
  const won = answers.filter(({ status }) => status === 201);
  expect(won).toHaveLength(5);
  expect(new Set(codes(answers.filter(({ status }) => status !== 201)))).toEqual(new Set(["core_limit_reached"]));
  // one that says nothing has one core
  expect((await s.activate(key, "silent")).status).toBe(201);
  expect((await s.activate(key, "late")).body["code"]).toBe("core_limit_reached");
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ max_cores: 16, cores_count: 16, activations_count: 6 });

  const first = answers.findIndex(({ status }) => status === 201) + 1;
  expect((await s.activate(key, `d${first}`, { cores: 4 })).body["code"]).toBe("core_limit_reached");
  expect((await s.activate(key, `d${first}`, { cores: 2 })).body).toMatchObject({ status: "active", cores: 2 });
  expect((await s.activate(key, "late")).status).toBe(201);
});

test("users are limited apart from devices, and a device without a user is one", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: null, max_users: 2 });
  const key = license["license_key"];
  const answers = await Promise.all(upTo(6).map((n) => s.activate(key, `d${n}`, { user: `u${n}` })));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
  const winner = answers.find(({ status }) => status === 201)?.body["user"];
  expect((await s.activate(key, "again", { user: winner })).status).toBe(201);
  expect((await s.activate(key, "nobody")).body["code"]).toBe("user_limit_reached");
});

test("named users take their places once, keep them without a device, and give them on as often as the license allows", async () => {
  const s = await shop();
  const license = await s.license({
    type: "named_user",
    model: "per_seat",
    max_activations: null,
    max_users: 2,
    max_transfers: 1,
  });
  const [key, path] = [license["license_key"], `/v1/licenses/${license["id"]}`];
  expect((await s.activate(key, "a")).body).toMatchObject({ status: 400, errors: [{ pointer: "/user" }] });
  const answers = await Promise.all(upTo(5).map((n) => s.activate(key, `d${n}`, { user: `u${n}` })));
  const won = answers.filter(({ status }) => status === 201).map(({ body }) => body);
  expect(won).toHaveLength(2);
  expect(codes(answers).filter((code) => code === "user_limit_reached")).toHaveLength(3);

  const [first, second] = won.map((each) => each["user"] as string);
  await s.post(`/v1/activations/${won[0]?.["id"]}/deactivate`, {});
  expect((await s.activate(key, "new", { user: "u9" })).body["code"]).toBe("user_limit_reached");
  expect((await s.validate(key, { fingerprint: device("x"), user: "u9" })).body["reasons"]).toMatchObject(
    [{ code: "USER_SCOPE_MISMATCH" }, { code: "FINGERPRINT_SCOPE_MISMATCH" }].toSorted((a, b) => (a.code < b.code ? -1 : 1)),
  );
  expect((await s.validate(key)).body["code"]).toBe("USER_SCOPE_REQUIRED");
  expect((await s.validate(key, { user: first })).body["code"]).toBe("VALID");

  const users = (await s.read(`${path}/users`))["data"] as Record<string, unknown>[];
  expect(users.map((each) => [each["user"], each["activations_count"]])).toEqual(
    [
      [first, 0],
      [second, 1],
    ].toSorted(([a], [b]) => (String(a) > String(b) ? -1 : 1)),
  );
  const page = await s.read(`${path}/users?limit=1`);
  expect((await s.read(`${path}/users?limit=1&cursor=${page["next_cursor"]}`))["data"]).toEqual(users.slice(1));

  expect((await s.post(`${path}/reassign_user`, { from: "u9", to: "u8" })).body["code"]).toBe("user_not_named");
  expect((await s.post(`${path}/reassign_user`, { from: second, to: first })).body["code"]).toBe("user_already_named");
  const given = await s.post(`${path}/reassign_user`, { from: second, to: "u9" });
  expect(given.body).toMatchObject({ users_count: 2, activations_count: 0 });
  expect((await s.program("/v1/activations/validate", { activation_token: won[1]?.["activation_token"] })).body["code"]).toBe(
    "ACTIVATION_RELEASED",
  );
  const [told] = await s.events("license.user_reassigned");
  expect(JSON.parse(String(told?.["data"])).object.reassigned).toEqual({ from: second, to: "u9" });
  expect((await s.activate(key, "new", { user: "u9" })).status).toBe(201);
  expect((await s.activate(key, "old", { user: second })).body["code"]).toBe("user_limit_reached");
  expect((await s.post(`${path}/reassign_user`, { from: "u9", to: "u8" })).body["code"]).toBe("transfer_limit_reached");
  const other = await s.license();
  expect((await s.post(`/v1/licenses/${other["id"]}/reassign_user`, { from: "a", to: "b" })).body["code"]).toBe(
    "not_for_named_users",
  );
});

test("a user who activates another device while the place is given away loses that one too", async () => {
  const s = await shop();
  const license = await s.license({ type: "named_user", model: "per_seat", max_activations: null });
  await s.activate(license["license_key"], "a", { user: "ada" });
  const happened = meanwhile(/update "named_users"/, () => s.activate(license["license_key"], "b", { user: "ada" }));
  const given = await s.post(`/v1/licenses/${license["id"]}/reassign_user`, { from: "ada", to: "grace" });
  expect(happened()).toBe(true);
  expect(given.body).toMatchObject({ activations_count: 0 });
  expect((await s.read("/v1/activations?status=active"))["data"]).toEqual([]);
});

test.each(["product", "tenant"])("a device holds one seat within its %s, also when it asks everywhere at once", async (scope) => {
  const s = await shop();
  const licenses = await Promise.all(upTo(4).map(() => s.license({ fingerprint_uniqueness: scope })));
  const answers = await Promise.all(licenses.map((license) => s.activate(license["license_key"], "same")));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(codes(answers).filter((code) => code === "device_already_activated")).toHaveLength(3);

  const product = await s.made("/v1/products", { name: "Other", code: "other" });
  const elsewhere = await s.license({ fingerprint_uniqueness: scope, product_id: product["id"] });
  const there = await s.activate(elsewhere["license_key"], "same");
  expect(there.body["code"] ?? there.status).toBe(scope === "product" ? 201 : "device_already_activated");

  const winner = answers.find(({ status }) => status === 201)?.body;
  await s.post(`/v1/activations/${winner?.["id"]}/deactivate`, {});
  if (scope === "product") expect((await s.activate(licenses[0]?.["license_key"], "same")).status).toBe(201);
});

test("a lease that ended lets its device go elsewhere, and come back only after it left", async () => {
  const s = await shop();
  const floating = { type: "concurrent", lease_s: 120, heartbeat: { interval_s: 60 }, fingerprint_uniqueness: "product" };
  const [one, two] = [await s.license(floating), await s.license(floating)];
  const { activation_token: token } = (await s.activate(one["license_key"], "a")).body;
  await s.later(120_000);
  expect((await s.activate(two["license_key"], "a")).status).toBe(201);
  expect((await s.beat(token)).body["code"]).toBe("device_already_activated");
  await s.later(120_000);
  expect((await s.beat(token)).status).toBe(200);
});

test("a license that is activated too often says when it may be again; who has a seat asks as often as it likes", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 2, max_activations_per_30d: 3 });
  const key = license["license_key"];
  const churn = async (name: string) => {
    const answer = await s.activate(key, name);
    if (answer.status === 201) await s.post(`/v1/activations/${answer.body["id"]}/deactivate`, {});
    return answer;
  };
  expect((await churn("a")).status).toBe(201);
  await s.later(10 * DAY_MS);
  const kept = await s.activate(key, "kept");
  expect((await churn("b")).status).toBe(201);
  for (const _ of upTo(3)) expect((await s.activate(key, "kept")).status).toBe(200);
  const refused = await churn("c");
  expect(refused.body).toMatchObject({ status: 429, code: "activation_rate_limited" });
  const waits = Number(refused.headers.get("retry-after"));
  expect(waits / 86_400).toBeGreaterThan(19.9);
  expect(waits / 86_400).toBeLessThanOrEqual(20);
  await s.later(waits * 1000);
  expect((await s.activate(key, "kept")).body["id"]).toBe(kept.body["id"]);
  expect((await churn("c")).status).toBe(201);
  expect((await churn("d")).status).toBe(429);
});

test("a device has one trial of a product, whichever license it asks first and however many at once", async () => {
  const s = await shop();
  const customers = await Promise.all(
    upTo(3).map((n) => s.made("/v1/customers", { name: `C${n}`, email: `c${n}@customer.example`, kind: "person" })),
  );
  const trials = await Promise.all(
    customers.map(({ id }) => s.license({ type: "trial", duration: "P14D" }, { customer_id: id })),
  );
  const answers = await Promise.all(trials.map((trial) => s.activate(trial["license_key"], "same")));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  const refused = answers.find(({ status }) => status !== 201);
  expect(refused?.body).toMatchObject({ code: "license_not_active", reasons: [{ code: "TRIAL_ALREADY_USED" }] });

  const used = answers.findIndex(({ status }) => status === 201);
  await s.post(`/v1/activations/${answers[used]?.body["id"]}/deactivate`, {});
  const other = trials.find((_, index) => index !== used);
  expect((await s.activate(other?.["license_key"], "same")).status).toBe(409);
  expect((await s.validate(other?.["license_key"], { fingerprint: device("same") })).body["code"]).toBe("TRIAL_ALREADY_USED");
  expect((await s.activate(trials[used]?.["license_key"], "same")).status).toBe(201);
  const bought = await s.license();
  expect((await s.activate(bought["license_key"], "same")).status).toBe(201);
});

const parts = (...hashes: string[]) => hashes.map((hash, index) => ({ kind: ["board", "disk", "cpu"][index] ?? "other", hash }));

test("a device of which enough parts fit is the device it was, under its new fingerprint, and the changed part is named", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 1, component_threshold: 2 });
  const key = license["license_key"];
  const first = await s.activate(key, "before", { components: parts("b1", "d1", "c1") });
  expect(first.body["components"]).toEqual(["board", "disk", "cpu"]);

  const changed = await s.activate(key, "after", { components: parts("b1", "d2", "c1") });
  expect([changed.status, changed.body["id"]]).toEqual([200, first.body["id"]]);
  const [told] = await s.events("activation.updated");
  expect(JSON.parse(String(told?.["data"])).object.changed_parts).toEqual(["fingerprint", "disk"]);
  expect(JSON.stringify(told)).not.toContain("d2");
  expect((await s.validate(key, { fingerprint: device("after") })).body["valid"]).toBe(true);
  expect((await s.validate(key, { fingerprint: device("before") })).body["code"]).toBe("FINGERPRINT_SCOPE_MISMATCH");
  expect(
    (await s.program("/v1/activations/validate", { activation_token: changed.body["activation_token"] })).body["valid"],
  ).toBe(true);
  expect((await s.activate(key, "other", { components: parts("b9", "d2", "c9") })).body["code"]).toBe("seat_limit_reached");
});

test("two machines that both claim to be the changed device are one activation, not two", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 1, component_threshold: 2 });
  const key = license["license_key"];
  const { id } = (await s.activate(key, "before", { components: parts("b1", "d1", "c1") })).body;
  const answers = await Promise.all(
    upTo(6).map((n) => s.activate(key, `after-${n}`, { components: parts("b1", "d1", `c${n}`) })),
  );
  for (const { body } of answers) expect(body["id"] ?? body["code"]).toBe(id);
  expect((await s.read("/v1/activations?status=active"))["data"]).toHaveLength(1);
});

test("kick takes the seat of the device that was seen least recently, where the template allows it, and never an offline one", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 3, allow_kick: true });
  const key = license["license_key"];
  const held = [];
  for (const name of ["a", "b", "c"]) {
    held.push((await s.activate(key, name)).body);
    await s.later(61_000);
  }
  await s.beat(held[0]?.["activation_token"]);
  await env.DB_00.prepare("update activations set type = 'offline' where id = ?").bind(held[1]?.["id"]).run();
  const kicked = await s.activate(key, "d", { kick: "oldest" });
  expect(kicked.status).toBe(201);
  const [told] = await s.events("activation.released");
  expect(told?.["subject_id"]).toBe(held[2]?.["id"]);
  expect(await s.read(`/v1/activations/${held[2]?.["id"]}`)).toMatchObject({ status: "released", deactivated_reason: "kicked" });
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 3 });
  // where a seat is free nobody has to go
  await s.post(`/v1/activations/${held[0]?.["id"]}/deactivate`, {});
  expect((await s.activate(key, "e", { kick: "oldest" })).status).toBe(201);
  expect(await s.events("activation.released")).toHaveLength(2);

  const strict = await s.license({ max_activations: 1 });
  await s.activate(strict["license_key"], "a");
  expect((await s.activate(strict["license_key"], "b", { kick: "oldest" })).body["code"]).toBe("kick_not_allowed");
});

test("many that kick at once leave as many seats held as there are", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 3, allow_kick: true });
  const key = license["license_key"];
  await Promise.all(upTo(3).map((n) => s.activate(key, `old-${n}`)));
  const answers = await Promise.all(upTo(5).map((n) => s.activate(key, `new-${n}`, { kick: "oldest" })));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 3 });
  expect(await s.events("activation.released")).toHaveLength(5);
});

test("kick frees a user's seat with all devices of it, and no more cores than would be enough", async () => {
  const s = await shop();
  const seats = await s.license({ model: "per_seat", max_activations: 1, allow_kick: true });
  for (const name of ["a", "b"]) await s.activate(seats["license_key"], name, { user: "ada" });
  expect((await s.activate(seats["license_key"], "c", { user: "grace", kick: "oldest" })).status).toBe(201);
  expect(await s.events("activation.released")).toHaveLength(2);

  const cores = await s.license({ max_activations: null, max_cores: 8, allow_kick: true });
  for (const name of ["a", "b"]) await s.activate(cores["license_key"], name, { cores: 4 });
  expect((await s.activate(cores["license_key"], "c", { cores: 5, kick: "oldest" })).body["code"]).toBe("core_limit_reached");
  expect(await s.events("activation.released")).toHaveLength(2);
  expect((await s.activate(cores["license_key"], "c", { cores: 4, kick: "oldest" })).status).toBe(201);
});

test("another key from the same device looks like a clone: it is marked and reported once, and denied where the template says so", async () => {
  const s = await shop();
  const license = await s.license({ on_clone: "deny" });
  const key = license["license_key"];
  const first = await s.activate(key, "a", { device_public_key: KEYS[0] });
  expect(first.body).toMatchObject({ device_public_key: KEYS[0], clone_suspected_at: null });
  expect((await s.activate(key, "a", { device_public_key: KEYS[0] })).body).toEqual(first.body);
  expect((await s.validate(key, { fingerprint: device("a") })).body["code"]).toBe("VALID");

  for (const _ of upTo(2)) {
    const other = await s.activate(key, "a", { device_public_key: KEYS[1] });
    expect(other.body).toMatchObject({ id: first.body["id"], device_public_key: KEYS[0] });
    expect(other.body["clone_suspected_at"]).not.toBeNull();
  }
  expect(await s.events("activation.clone_suspected")).toHaveLength(1);
  expect((await s.read("/v1/security_reports?kind=clone"))["data"]).toMatchObject([
    { source: "latchkey", activation_id: first.body["id"], times: 2 },
  ]);
  expect((await s.validate(key, { fingerprint: device("a") })).body).toMatchObject({ valid: false, code: "CLONE_SUSPECTED" });
});

test("what is shut out gets no seat and validates no more, by key, token or heartbeat: devices, parts and addresses", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: null, type: "concurrent", lease_s: 120, heartbeat: { interval_s: 60 } });
  const key = license["license_key"];
  const { activation_token: token } = (await s.activate(key, "a", { components: parts("b1") })).body;
  const codesOf = async () => [
    (await s.validate(key, { fingerprint: device("a") })).body["code"],
    (await s.program("/v1/activations/validate", { activation_token: token })).body["code"],
    (await s.beat(token)).body["decision"].code,
    (await s.activate(key, "a")).body["code"] ?? "taken",
  ];
  const shut = (entry: Record<string, unknown>) => s.made("/v1/devices/blacklist", { ...entry, reason: "abuse" });
  const out = ["DEVICE_BLACKLISTED", "DEVICE_BLACKLISTED", "DEVICE_BLACKLISTED", "device_blacklisted"];
  expect(await codesOf()).toEqual(["VALID", "VALID", "VALID", "taken"]);
  for (const entry of [{ fingerprint: device("a") }, { component: parts("b1")[0] }]) {
    const { id } = await shut(entry);
    expect(await codesOf()).toEqual(out);
    await s.delete(`/v1/devices/blacklist/${id}`);
    expect(await codesOf()).toEqual(["VALID", "VALID", "VALID", "taken"]);
  }
  await shut({ component: parts("b7")[0], expires_at: new Date(Date.now() + DAY_MS).toISOString() });
  expect((await s.activate(key, "b", { components: parts("b7") })).body["code"]).toBe("device_blacklisted");
  await s.later(DAY_MS + 1000);
  expect((await s.activate(key, "b", { components: parts("b7") })).status).toBe(201);

  await shut({ ip_range: "203.0.113.0/24" });
  const from = (ip: string) => s.post(`/v1/licenses/validate?dry_run=true&ip=${ip}`, { license_key: key });
  expect((await from("203.0.113.9")).body["code"]).toBe("DEVICE_BLACKLISTED");
  expect((await from("203.0.114.1")).body["code"]).toBe("VALID");
  expect((await from("2001:db8::1")).body["code"]).toBe("VALID");
});

test("an emergency stands beside the seats: it overrides the license's end and its limits, and nothing else", async () => {
  const s = await shop();
  const license = await s.license({ duration: "P10D", grace_period: "P0D", max_activations: 1 });
  const key = license["license_key"];
  const { id } = (await s.activate(key, "a")).body;
  await s.later(20 * DAY_MS);
  expect((await s.validate(key, { fingerprint: device("a") })).body["code"]).toBe("EXPIRED");
  const endsAt = Date.now() + 21 * DAY_MS;
  await env.DB_00.prepare(
    `insert into activations (tenant_id, id, license_id, device_hash, type, components, generation, metrics, activated_at, last_seen_at, ends_at,
       metadata, created_at, updated_at, version)
     select tenant_id, ?4, license_id, 'emergency|' || device_hash, 'emergency', '[]', 1, metrics, ?2, ?2, ?3, '{}', ?2, ?2, 1
     from activations where id = ?1`,
  )
    .bind(id, endsAt - DAY_MS, endsAt, `${id}`.replace(/..$/, "zz"))
    .run();
  expect((await s.validate(key, { fingerprint: device("a") })).body).toMatchObject({ valid: true, code: "VALID", reasons: [] });
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 1 });
  await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "r" });
  expect((await s.validate(key, { fingerprint: device("a") })).body["code"]).toBe("SUSPENDED");
  await s.post(`/v1/licenses/${license["id"]}/reinstate`, {});
  await s.later(DAY_MS + 1000);
  expect((await s.validate(key, { fingerprint: device("a") })).body["code"]).toBe("EXPIRED");
});

test("an offline seat that is released by force is held until its file ends, unless the overlap is accepted", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 1 });
  const key = license["license_key"];
  const made = (await s.activate(key, "a")).body;
  await worksOffline(made["id"], Date.now() + 5 * DAY_MS);
  const path = `/v1/activations/${made["id"]}/deactivate`;
  expect((await s.program(path, { activation_token: made["activation_token"], accept_overlap: true })).status).toBe(400);
  const forced = await s.post(path, { reason: "lost" });
  expect(forced.body).toMatchObject({ status: "active", deactivated_at: null, deactivated_reason: "lost" });
  expect(Date.parse(forced.body["ends_at"]) / 1000).toBeCloseTo((Date.now() + 5 * DAY_MS) / 1000, -2);
  expect((await s.post(path, {})).body["ends_at"]).toBe(forced.body["ends_at"]);
  expect((await s.activate(key, "b")).body["code"]).toBe("seat_limit_reached");
  await s.later(5 * DAY_MS + 1000);
  expect((await s.validate(key, { fingerprint: device("a") })).body["code"]).toBe("NO_MACHINE");
  expect((await s.program("/v1/activations/validate", { activation_token: made["activation_token"] })).body["code"]).toBe(
    "ACTIVATION_RELEASED",
  );
  const b = (await s.activate(key, "b")).body;
  await worksOffline(b["id"], Date.now() + 20 * DAY_MS);
  const freed = await s.post(`/v1/activations/${b["id"]}/deactivate`, { accept_overlap: true });
  expect(freed.body).toMatchObject({ status: "released" });
  const [told] = await s.events("activation.released");
  expect(JSON.parse(String(told?.["data"])).object.overlap_accepted_until).toBeDefined();
  expect((await s.activate(key, "c")).status).toBe(201);
});
