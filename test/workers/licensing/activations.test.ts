import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { meanwhile } from "./meanwhile.ts";
import { DAY_MS, device, shop } from "./shop.ts";

test("ten devices race for three seats: exactly three win, and the winners asking again get the same seat and token", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 3 });
  const key = license["license_key"];
  const answers = await Promise.all(upTo(10).map((n) => s.activate(key, `laptop-${n}`)));
  const won = answers.filter(({ status }) => status === 201);
  expect(won).toHaveLength(3);
  expect(answers.filter(({ body }) => body["code"] === "seat_limit_reached")).toHaveLength(7);
  expect(await s.events("activation.created")).toHaveLength(3);
  expect(await s.events("license.activated")).toHaveLength(1);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 3 });

  for (const [index, answer] of answers.entries()) {
    if (answer.status !== 201) continue;
    const again = await s.activate(key, `laptop-${index + 1}`);
    expect(again.status).toBe(200);
    expect(again.body).toEqual(answer.body);
  }
});

test.each([1, null])("sixty requests of one device at once are one activation, with a limit of %s", async (limit) => {
  const s = await shop();
  const license = await s.license({ max_activations: limit });
  const answers = await Promise.all(upTo(60).map(() => s.activate(license["license_key"], "one")));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(59);
  expect(new Set(answers.map(({ body }) => `${body["id"]} ${body["activation_token"]}`)).size).toBe(1);
  expect(await s.events("activation.created")).toHaveLength(1);
});

test("fifty equal requests with one Idempotency-Key are one activation and fifty answers of the same bytes", async () => {
  const s = await shop();
  const license = await s.license();
  const body = { license_key: license["license_key"], fingerprint: device("a"), external_id: "d-1", metadata: { room: "4" } };
  const answers = await Promise.all(upTo(50).map(() => s.post("/v1/activations", body, { idempotencyKey: "act" })));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  expect((await s.read("/v1/activations?external_id=d-1"))["data"]).toHaveLength(1);
});

test("a freed seat goes to one of those who race for it, and releasing against claiming never oversells", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 2 });
  const key = license["license_key"];
  const first = await s.activate(key, "a");
  await s.activate(key, "b");
  const [released, ...claims] = await Promise.all([
    s.program(`/v1/activations/${first.body["id"]}/deactivate`, { activation_token: first.body["activation_token"] }),
    ...upTo(8).map((n) => s.activate(key, `late-${n}`)),
  ]);
  expect(released?.status).toBe(200);
  const won = claims.filter(({ status }) => status === 201).length;
  expect(won).toBeLessThanOrEqual(1);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 1 + won });
});

test("unlimited, site and overage licenses give seats as far as their terms go", async () => {
  const s = await shop();
  const seats = async (terms: Record<string, unknown>) => {
    const license = await s.license(terms);
    const answers = await Promise.all(upTo(6).map((n) => s.activate(license["license_key"], `d${n}`)));
    return answers.filter(({ status }) => status === 201).length;
  };
  expect(await seats({ max_activations: null })).toBe(6);
  expect(await seats({ max_activations: 1, model: "site" })).toBe(6);
  expect(await seats({ max_activations: 2, overage: { mode: "limited", percent: 50 } })).toBe(3);
  expect(await seats({ max_activations: 1, overage: { mode: "unlimited" } })).toBe(6);
});

test("a license gives seats only while it is in force, and the refusal carries the reasons", async () => {
  const s = await shop();
  const refusal = async (license: Record<string, unknown>, name = "x") => {
    const { status, body } = await s.activate(license["license_key"], name);
    return [status, body["code"], body["reasons"]?.map((reason: { code: string }) => reason.code)];
  };
  const suspended = await s.license();
  await s.activate(suspended["license_key"], "holds");
  await s.post(`/v1/licenses/${suspended["id"]}/suspend`, { reason: "r" });
  expect(await refusal(suspended, "holds")).toEqual([409, "license_not_active", ["SUSPENDED"]]);

  const revoked = await s.license();
  await s.post(`/v1/licenses/${revoked["id"]}/revoke`, { reason: "r" });
  expect(await refusal(revoked)).toEqual([409, "license_not_active", ["REVOKED"]]);
  expect(await refusal(await s.license({}, { starts_at: "2090-01-01T00:00:00Z" }))).toEqual([
    409,
    "license_not_active",
    ["NOT_YET_EFFECTIVE"],
  ]);

  const ends = await s.license({ duration: "P10D", grace_period: "P5D" });
  await s.later(12 * DAY_MS);
  expect((await s.activate(ends["license_key"], "in grace")).status).toBe(201);
  await s.later(4 * DAY_MS);
  expect(await refusal(ends)).toEqual([409, "license_not_active", ["EXPIRED"]]);
  expect((await s.activate("no such key", "x")).body).toMatchObject({ status: 404, code: "license_not_found" });
});

test("the first activation begins the period, once, whoever races for it", async () => {
  const s = await shop();
  const license = await s.license({
    expiry_basis: "first_activation",
    duration: "P1M",
    max_activations: 5,
    grace_period: "P3D",
    maintenance: "P1M",
  });
  expect(license).toMatchObject({ status: "pending", expires_at: null, activated_at: null });
  await s.later(3 * DAY_MS);
  const answers = await Promise.all(upTo(5).map((n) => s.activate(license["license_key"], `d${n}`)));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
  const begun = await s.read(`/v1/licenses/${license["id"]}`);
  expect(begun).toMatchObject({ status: "active", activations_count: 5 });
  expect(begun["maintenance_until"]).toBe(begun["expires_at"]);
  const days = (Date.parse(begun["expires_at"]) - Date.parse(begun["activated_at"])) / DAY_MS;
  expect(days).toBeGreaterThanOrEqual(28);
  expect(days).toBeLessThanOrEqual(31);
  const told = await s.events("license.activated");
  expect(told).toHaveLength(1);
  expect(JSON.parse(String(told[0]?.["data"])).previous).toMatchObject({ status: "pending", expires_at: null });
});

test("an end given outright stands when the first activation comes", async () => {
  const s = await shop();
  const license = await s.license({ expiry_basis: "first_activation" }, { expires_at: "2090-01-01T00:00:00Z" });
  await s.activate(license["license_key"], "a");
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({
    status: "active",
    expires_at: "2090-01-01T00:00:00.000Z",
  });
});

test("deactivating frees the seat at once; a program needs the activation's own token for it", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 2 });
  const [a, b] = [(await s.activate(license["license_key"], "a")).body, (await s.activate(license["license_key"], "b")).body];
  const path = `/v1/activations/${a["id"]}/deactivate`;
  expect((await s.program(path, {})).status).toBe(400);
  for (const token of [
    b["activation_token"],
    "lat_00",
    `${a["activation_token"]}`.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
  ]) {
    expect((await s.program(path, { activation_token: token })).body).toMatchObject({
      status: 404,
      code: "activation_not_found",
    });
  }
  const done = await s.program(path, { activation_token: a["activation_token"], reason: "moved" });
  expect(done.body).toMatchObject({ status: "released", deactivated_reason: "moved" });
  expect((await s.post(path, { reason: "again" })).body).toEqual(done.body);
  expect(await s.events("activation.released")).toHaveLength(1);

  const again = await s.activate(license["license_key"], "a");
  expect(again.status).toBe(201);
  expect(again.body["id"]).not.toBe(a["id"]);
  expect((await s.program("/v1/activations/validate", { activation_token: a["activation_token"] })).body["code"]).toBe(
    "ACTIVATION_RELEASED",
  );
  expect((await s.beat(a["activation_token"])).body).toMatchObject({ status: 409, code: "activation_released" });
  expect((await s.read(`/v1/activations?license_id=${license["id"]}&status=released`))["data"]).toHaveLength(1);
  expect((await s.read(`/v1/activations?license_id=${license["id"]}&status=active`))["data"]).toHaveLength(2);
});

test("a floating seat is free when its lease ends; its device competes for it again, in its old row", async () => {
  const s = await shop();
  const license = await s.license({ type: "concurrent", lease_s: 120, heartbeat: { interval_s: 60 }, max_activations: 1 });
  const key = license["license_key"];
  const a = (await s.activate(key, "a")).body;
  expect(Date.parse(a["lease_expires_at"]) - Date.parse(a["activated_at"])).toBe(120_000);
  expect((await s.activate(key, "b")).body["code"]).toBe("seat_limit_reached");

  await s.later(120_000);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 0 });
  expect((await s.program("/v1/activations/validate", { activation_token: a["activation_token"] })).body["valid"]).toBe(false);
  const b = (await s.activate(key, "b")).body;
  expect(b["status"]).toBe("active");
  expect((await s.beat(a["activation_token"])).body).toMatchObject({ status: 409, code: "seat_limit_reached" });
  expect((await s.activate(key, "a")).body).toMatchObject({ status: 409, code: "seat_limit_reached" });

  await s.later(120_000);
  const back = await s.activate(key, "a");
  expect(back.status).toBe(200);
  expect(back.body).toMatchObject({ id: a["id"], activation_token: a["activation_token"], status: "active" });
  expect((await s.beat(b["activation_token"])).body).toMatchObject({ status: 409, code: "seat_limit_reached" });
  expect(await s.events("activation.resumed")).toHaveLength(1);
});

test("dead leases of many devices that come back at once never rise above the limit", async () => {
  const s = await shop();
  const license = await s.license({ type: "concurrent", lease_s: 120, heartbeat: { interval_s: 60 }, max_activations: 4 });
  const tokens: unknown[] = [];
  for (const round of upTo(3)) {
    const answers = await Promise.all(upTo(4).map((n) => s.activate(license["license_key"], `r${round}-${n}`)));
    tokens.push(...answers.map(({ body }) => body["activation_token"]));
    await s.later(121_000);
  }
  const beats = await Promise.all(tokens.map((token) => s.beat(token)));
  expect(beats.filter(({ status }) => status === 200)).toHaveLength(4);
  expect(beats.filter(({ body }) => body["code"] === "seat_limit_reached")).toHaveLength(8);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 4 });
});

test("a heartbeat renews the lease that it answers, and a young one writes nothing", async () => {
  const s = await shop();
  const license = await s.license({ heartbeat: { required: true, interval_s: 100 } });
  const a = (await s.activate(license["license_key"], "a")).body;
  const read = () => s.read(`/v1/activations/${a["id"]}`);

  const first = (await s.beat(a["activation_token"])).body;
  expect(first).toMatchObject({ object: "heartbeat", activation_id: a["id"], decision: { valid: true, code: "VALID" } });
  expect((await read())["lease_expires_at"]).toBe(first["lease_expires_at"]);
  await s.later(40_000);
  const young = (await s.beat(a["activation_token"])).body;
  expect(young["lease_expires_at"]).toBe(first["lease_expires_at"]);
  await s.later(20_000);
  const old = (await s.beat(a["activation_token"])).body;
  expect(Date.parse(old["lease_expires_at"])).toBeGreaterThan(Date.parse(first["lease_expires_at"]) + 50_000);
  expect((await read())["lease_expires_at"]).toBe(old["lease_expires_at"]);

  const in_s = (Date.parse(old["next_heartbeat_at"]) - Date.parse(old["decision"].evaluated_at)) / 1000;
  expect(in_s).toBeGreaterThanOrEqual(80);
  expect(in_s).toBeLessThanOrEqual(100);
});

test("metrics are counted once for each seq, however often and in whatever crowd they come", async () => {
  const s = await shop();
  const license = await s.license();
  const a = (await s.activate(license["license_key"], "a")).body;
  const token = a["activation_token"];
  await Promise.all(upTo(3).map(() => s.beat(token, { counters: { renders: 5 }, gauges: { open: 1.5 }, seq: 1 })));
  await s.beat(token, { counters: { renders: 2, saves: 1 }, gauges: { open: 7 }, seq: 2 });
  await s.beat(token, { counters: { renders: 100 }, seq: 1 });
  expect((await s.read(`/v1/activations/${a["id"]}`))["metrics"]).toEqual({
    counters: { renders: 7, saves: 1 },
    gauges: { open: 7 },
    seq: 2,
  });
  const names = Object.fromEntries(upTo(49).map((n) => [`c${n}`, 1]));
  expect((await s.beat(token, { counters: names, seq: 3 })).body).toMatchObject({ status: 400, code: "invalid_request" });
});

test("a metric may have the name of what every object has", async () => {
  const s = await shop();
  const license = await s.license();
  const a = (await s.activate(license["license_key"], "a")).body;
  await s.beat(a["activation_token"], { counters: { constructor: 5 }, gauges: { valueOf: 2 }, seq: 1 });
  await s.beat(a["activation_token"], { counters: { constructor: 1 }, seq: 2 });
  const { metrics } = await s.read(`/v1/activations/${a["id"]}`);
  expect(metrics).toMatchObject({ counters: { constructor: 6 }, gauges: { valueOf: 2 } });
});

test("a dead seat that is kept is denied while silent, and revived by its own late beat", async () => {
  const s = await shop();
  const license = await s.license({ heartbeat: { required: true, interval_s: 100, on_dead: "keep" }, max_activations: 1 });
  const a = (await s.activate(license["license_key"], "a")).body;
  const code = async () => (await s.validate(license["license_key"], { fingerprint: device("a") })).body["code"];
  await s.later(201_000);
  expect(await code()).toBe("HEARTBEAT_NOT_STARTED");
  expect((await s.activate(license["license_key"], "b")).body["code"]).toBe("seat_limit_reached");
  expect((await s.beat(a["activation_token"])).status).toBe(200);
  expect(await code()).toBe("VALID");
  await s.later(201_000);
  expect(await code()).toBe("HEARTBEAT_DEAD");
});

test("a program files nothing under the tenant's own names, and sees only licenses of its key's products", async () => {
  const s = await shop();
  const license = await s.license();
  const key = license["license_key"];
  expect((await s.activate(key, "a", { external_id: "mine" })).status).toBe(400);
  expect((await s.activate(key, "a", { metadata: {} })).status).toBe(400);

  const other = await s.made("/v1/products", { name: "Other", code: "other" });
  const bound = await s.made("/v1/api_keys", { name: "bound", kind: "publishable", product_ids: [other["id"]] });
  const as = { key: bound["secret"] };
  expect((await s.post("/v1/activations", { license_key: key, fingerprint: device("a") }, as)).body["code"]).toBe(
    "license_not_found",
  );
  expect((await s.post("/v1/licenses/validate", { license_key: key }, as)).body).toMatchObject({
    code: "NOT_FOUND",
    license: null,
  });
  const a = (await s.activate(key, "a")).body;
  const token = { activation_token: a["activation_token"] };
  expect((await s.post("/v1/activations/validate", token, as)).body).toMatchObject({
    code: "ACTIVATION_NOT_FOUND",
    license: null,
  });
  expect((await s.post("/v1/activations/heartbeat", token, as)).body["code"]).toBe("activation_not_found");
  expect((await s.post(`/v1/activations/${a["id"]}/deactivate`, token, as)).body["code"]).toBe("activation_not_found");
});

test("another tenant's activations are not there", async () => {
  const s = await shop();
  const other = await shop();
  const license = await s.license();
  const a = (await s.activate(license["license_key"], "a")).body;
  expect((await other.activate(license["license_key"], "a")).body["code"]).toBe("license_not_found");
  expect((await other.get(`/v1/activations/${a["id"]}`)).status).toBe(404);
  expect((await other.post(`/v1/activations/${a["id"]}/deactivate`, {})).status).toBe(404);
  expect((await other.beat(a["activation_token"])).status).toBe(404);
  expect((await other.program("/v1/activations/validate", { activation_token: a["activation_token"] })).body["code"]).toBe(
    "ACTIVATION_NOT_FOUND",
  );
  expect((await other.read(`/v1/activations?license_id=${license["id"]}`))["data"]).toEqual([]);
  expect((await s.get(`/v1/activations/${a["id"]}`)).body["status"]).toBe("active");
});

test("a license that is suspended between looking at it and taking the seat gives none", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 2 });
  await s.activate(license["license_key"], "first");
  const happened = meanwhile(/insert into "activations"/, () => s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "r" }));
  const answer = await s.activate(license["license_key"], "a");
  expect(answer.body).toMatchObject({ status: 409, code: "license_not_active" });
  expect(happened()).toBe(true);
  expect((await s.read("/v1/activations"))["data"]).toHaveLength(1);
});

test("terms that change while the first activation begins the period are those that it begins by", async () => {
  const s = await shop();
  const license = await s.license({ expiry_basis: "first_activation", duration: "P1Y" });
  const happened = meanwhile(/insert into "activations"/, () => s.patch(`/v1/licenses/${license["id"]}`, { duration: "P1D" }));
  expect((await s.activate(license["license_key"], "a")).status).toBe(201);
  expect(happened()).toBe(true);
  const begun = await s.read(`/v1/licenses/${license["id"]}`);
  expect(Date.parse(begun["expires_at"]) - Date.parse(begun["activated_at"])).toBe(DAY_MS);
  expect((await s.read("/v1/activations"))["data"]).toHaveLength(1);
});

test("a floating seat that somebody takes just before its old device does is not given twice", async () => {
  const s = await shop();
  const license = await s.license({ type: "concurrent", lease_s: 120, heartbeat: { interval_s: 60 }, max_activations: 1 });
  const key = license["license_key"];
  const { activation_token: token } = (await s.activate(key, "a")).body;
  await s.later(120_000);
  const happened = meanwhile(/update "activations"/, () => s.activate(key, "b"));
  expect((await s.beat(token)).body).toMatchObject({ status: 409, code: "seat_limit_reached" });
  expect(happened()).toBe(true);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 1 });
});

test("a heartbeat that comes in before another is written is not lost", async () => {
  const s = await shop();
  const license = await s.license();
  const a = (await s.activate(license["license_key"], "a")).body;
  const happened = meanwhile(/update "activations"/, () => s.beat(a["activation_token"], { counters: { renders: 1 }, seq: 1 }));
  await s.beat(a["activation_token"], { counters: { renders: 10 }, seq: 2 });
  expect(happened()).toBe(true);
  expect((await s.read(`/v1/activations/${a["id"]}`))["metrics"]).toMatchObject({ counters: { renders: 11 }, seq: 2 });
});
