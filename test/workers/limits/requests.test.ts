import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { usedOf } from "#kernel/limits";
import { quotaOf } from "#kernel/quota.object";
import { BY_ROUTER } from "../hot/isolates.ts";
import { device, shop } from "../licensing/shop.ts";
import { forget, send, upTo, world } from "../world.ts";

type Limits = Record<string, number>;

/** Gives a tenant a tier and numbers of its own, as an operator does. */
async function give(w: { operator: string; tenant: { id: string } }, tier: string, limits: Limits | null = null) {
  const changed = await send("PATCH", `/v1/tenants/${w.tenant.id}`, { tier, limits }, { key: w.operator });
  expect(changed.status).toBe(200);
}

/** Windows are of real time: what is counted must lie within one minute, so it begins anew in the next one where it did not. */
async function inOneMinute<T>(count: () => Promise<T>): Promise<T> {
  for (;;) {
    const minute = Math.floor(Date.now() / 60_000);
    const counted = await count();
    if (Math.floor(Date.now() / 60_000) === minute) return counted;
  }
}

const counted = (answers: readonly { status: number }[]) => ({
  passed: answers.filter(({ status }) => status < 300).length,
  refused: answers.filter(({ status }) => status === 429).length,
});

/** Said otherwise than programs do it, so that the router answers: the hot path has tests of its own. */
const from = (ip: string) => ({ headers: { "x-latchkey-ip": ip, ...BY_ROUTER } });

test("a free tenant's 61st management request of a minute is refused, and says which limit, how many and when it starts again", async () => {
  const answers = await inOneMinute(async () => {
    const w = await world();
    await give(w, "free");
    return Promise.all(upTo(70).map(() => w.get("/v1/products")));
  });
  expect(counted(answers)).toEqual({ passed: 60, refused: 10 });
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.body).toMatchObject({
    code: "rate_limited",
    detail: expect.stringMatching(
      /^This tenant has used its 60 requests of this minute; the next minute begins at 20\d\d-.*Z\.$/,
    ),
  });
  expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(Number(refused?.headers.get("retry-after"))).toBeLessThanOrEqual(60);
  expect(refused?.headers.get("ratelimit-policy")).toMatch(
    /^"requests_minute";q=60;w=60, "requests_hour";q=1000;w=3600, "requests_month";q=1000;w=2\d{6}$/,
  );
  expect(refused?.headers.get("ratelimit")).toMatch(
    /^"requests_minute";r=0;t=\d+, "requests_hour";r=9\d\d;t=\d+, "requests_month"/,
  );
});

test("a tenant at its limit keeps nobody else, and none of its customers, from anything", async () => {
  const { own, other, programs, settings } = await inOneMinute(async () => {
    const [s, neighbour] = [await shop(), await world()];
    const license = await s.license();
    await give(s, "free", { requests_per_minute: 3 });
    const own = await Promise.all(upTo(10).map(() => s.get("/v1/products")));
    const body = { license_key: license["license_key"] };
    return {
      own,
      other: await Promise.all(upTo(10).map(() => neighbour.get("/v1/products"))),
      programs: [
        ...(await Promise.all(upTo(10).map(() => s.post("/v1/licenses/validate", body)))),
        ...(await Promise.all(upTo(10).map(() => s.program("/v1/licenses/validate", body)))),
        await s.activate(license["license_key"], "laptop"),
      ],
      settings: await s.get("/v1/settings"),
    };
  });
  expect(counted(own).refused).toBe(10);
  expect(counted(other)).toEqual({ passed: 10, refused: 0 });
  expect(counted(programs)).toEqual({ passed: 21, refused: 0 });
  expect(settings.status).toBe(200);
});

test("each secret key has a limit of its own where the tenant sets one", async () => {
  const [first, second] = await inOneMinute(async () => {
    const w = await world();
    const made = await w.post("/v1/api_keys", { name: "Other", kind: "secret" });
    await w.patch("/v1/settings", { limits: { key_requests_per_minute: 4 } });
    const by = (key: string) => Promise.all(upTo(8).map(() => w.get("/v1/products", undefined, { key })));
    return [await by(w.keys.secret), await by(made.body["secret"])];
  });
  expect([first, second].map((answers) => counted(answers ?? []))).toEqual([
    { passed: 4, refused: 4 },
    { passed: 4, refused: 4 },
  ]);
  expect(first?.at(-1)?.body).toMatchObject({ detail: expect.stringContaining("This API key has used its 4 requests") });
});

test("a flood from one address stops that address alone; of IPv6 the /64 is one", async () => {
  const { flood, same, others } = await inOneMinute(async () => {
    const s = await shop();
    await s.patch("/v1/settings", { limits: { address_requests_per_minute: 20 } });
    const license = await s.license();
    const validate = (ip: string) =>
      send("POST", "/v1/licenses/validate", { license_key: license["license_key"] }, { key: s.keys.publishable, ...from(ip) });
    return {
      flood: await Promise.all(upTo(50).map((n) => validate(`2001:db8:1:2::${n}`))),
      same: await validate("2001:db8:1:2:ffff::1"),
      others: await Promise.all([validate("2001:db8:1:3::1"), validate("192.0.2.7")]),
    };
  });
  expect(counted(flood)).toEqual({ passed: 20, refused: 30 });
  expect(same.body).toMatchObject({ code: "rate_limited", detail: expect.stringContaining("This address has used its 20") });
  expect(same.headers.get("ratelimit")).toMatch(/^"address_minute";r=0;t=\d+$/);
  expect(counted(others)).toEqual({ passed: 2, refused: 0 });
});

test("one license is asked for from many addresses as often as its limit says, whatever is asked", async () => {
  const { validations, beat, other, headers } = await inOneMinute(async () => {
    const s = await shop();
    const [license, neighbour] = [await s.license({ max_activations: 3 }), await s.license()];
    const { activation_token: token } = (await s.activate(license["license_key"], "laptop")).body;
    await s.patch("/v1/settings", { limits: { license_requests_per_minute: 6 } });
    const ask = (path: string, body: Record<string, unknown>, n: number) =>
      send("POST", path, body, { key: s.keys.publishable, ...from(`198.51.100.${n}`) });
    const body = { license_key: license["license_key"] };
    const validations = await Promise.all(upTo(10).map((n) => ask("/v1/licenses/validate", body, n)));
    return {
      validations,
      beat: await ask("/v1/activations/heartbeat", { activation_token: token }, 90),
      other: await ask("/v1/licenses/validate", { license_key: neighbour["license_key"], fingerprint: device("b") }, 1),
      headers: validations.find(({ status }) => status === 200)?.headers.get("ratelimit-policy"),
    };
  });
  // the activation was one of the six
  expect(counted(validations)).toEqual({ passed: 5, refused: 5 });
  expect(beat.body).toMatchObject({ code: "rate_limited", detail: expect.stringContaining("This license has used its 6") });
  expect(other.status).toBe(200);
  expect(headers).toBe('"address_minute";q=6000;w=60, "license_minute";q=6;w=60');
});

test("an address that guesses weak keys too often finds none any more, and nobody else is in its way", async () => {
  const seen = await inOneMinute(async () => {
    const s = await shop();
    const strong = await s.license();
    await s.patch("/v1/settings", { limits: { not_found_per_minute: 5 } });
    const ask = (key: unknown, ip: string, path = "/v1/licenses/validate") =>
      send("POST", path, { license_key: key, fingerprint: device("x") }, { key: s.keys.publishable, ...from(ip) });
    const guesses = [];
    for (const n of upTo(12)) guesses.push(await ask(`1234-000${n}`, "203.0.113.5"));
    return {
      guesses,
      activation: await ask("1234-9999", "203.0.113.5", "/v1/activations"),
      strong: await ask(strong["license_key"], "203.0.113.5"),
      elsewhere: await ask("1234-9999", "203.0.113.6"),
      vendor: await s.post("/v1/licenses/validate", { license_key: "1234-9999" }, from("203.0.113.5")),
    };
  });
  expect(counted(seen.guesses)).toEqual({ passed: 5, refused: 7 });
  expect(seen.guesses[0]?.body).toMatchObject({ code: "NOT_FOUND" });
  expect(seen.activation.body).toMatchObject({
    code: "rate_limited",
    detail: expect.stringMatching(
      /^This address has used its 5 requests for license keys that are not there of this minute; the next minute begins at 20.*Z\.$/,
    ),
    fix: expect.stringMatching(/^Wait until the instant that detail names/),
  });
  for (const { headers } of [seen.activation, ...seen.guesses.filter(({ status }) => status === 429)]) {
    expect(headers.get("ratelimit-policy")).toBe('"address_minute";q=6000;w=60, "not_found_minute";q=5;w=60');
    expect(headers.get("ratelimit")).toMatch(/^"address_minute";r=\d+;t=\d+, "not_found_minute";r=0;t=\d+$/);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect(seen.strong.body).toMatchObject({ code: "NO_MACHINE" });
  expect(seen.elsewhere.body).toMatchObject({ code: "NOT_FOUND" });
  expect(seen.vendor.body).toMatchObject({ code: "NOT_FOUND" });
});

test("a tenant lowers its limits and takes that back, and cannot raise them; the operator can", async () => {
  const w = await world();
  await give(w, "starter");
  expect((await w.get("/v1/settings")).body["limits"]).toMatchObject({ requests_per_minute: null, requests_per_month: null });
  expect((await w.patch("/v1/settings", { limits: { requests_per_minute: 121, requests_per_hour: 3_000 } })).body).toMatchObject({
    status: 400,
    code: "limit_above_tier",
    errors: [{ pointer: "/limits/requests_per_minute", code: "above_tier", detail: "At most 120." }],
  });
  expect((await w.patch("/v1/settings", { limits: { requests_per_minute: 0 } })).status).toBe(400);
  const policy = async (key = w.keys.secret) =>
    (await w.get("/v1/products", undefined, { key })).headers.get("ratelimit-policy")?.split(",")[0];
  expect(await policy()).toBe('"requests_minute";q=120;w=60');
  await w.patch("/v1/settings", { limits: { requests_per_minute: 50 } });
  expect(await policy()).toBe('"requests_minute";q=50;w=60');
  await w.patch("/v1/settings", { limits: { requests_per_minute: null } });
  expect(await policy()).toBe('"requests_minute";q=120;w=60');

  await give(w, "starter", { requests_per_minute: 500 });
  expect(await policy()).toBe('"requests_minute";q=500;w=60');
  expect(await policy(w.keys.testSecret)).toBe('"requests_minute";q=500;w=60');
  expect((await w.patch("/v1/settings", { limits: { requests_per_minute: 400 } })).status).toBe(200);
  expect(await policy()).toBe('"requests_minute";q=400;w=60');
  const shown = await send("GET", `/v1/tenants/${w.tenant.id}`, undefined, { key: w.operator });
  expect(shown.body["limits"]).toMatchObject({ requests_per_minute: 500, requests_per_hour: 3_000, requests_per_month: 10_000 });
});

test("a tenant sees every limit that holds and who set it, and is sent there when it is refused", async () => {
  const w = await world();
  await give(w, "starter", { requests_per_minute: 30, requests_per_hour: 4_000 });
  await w.patch("/v1/settings", { limits: { requests_per_hour: 3_500, key_requests_per_minute: 1, requests_per_minute: 30 } });
  const shown = await w.get("/v1/usage/limits");
  expect(shown.body["requests"]).toEqual([
    { name: "requests_per_minute", limit_value: 30, set_by: "operator" },
    { name: "requests_per_hour", limit_value: 3_500, set_by: "tenant" },
    { name: "requests_per_month", limit_value: 10_000, set_by: "tier" },
    { name: "key_requests_per_minute", limit_value: 1, set_by: "tenant" },
    { name: "key_requests_per_hour", limit_value: null, set_by: "tier" },
    { name: "address_requests_per_minute", limit_value: 6_000, set_by: "tier" },
    { name: "license_requests_per_minute", limit_value: 6_000, set_by: "tier" },
    { name: "not_found_per_minute", limit_value: 600, set_by: "tier" },
  ]);
  // a number of its own that lies above what it may have now does not hold
  await give(w, "starter", { requests_per_hour: 3_200 });
  expect((await w.get("/v1/usage/limits")).body["requests"]).toContainEqual({
    name: "requests_per_hour",
    limit_value: 3_200,
    set_by: "operator",
  });
  const [, over] = await inOneMinute(async () => [await w.get("/v1/products"), await w.get("/v1/products")]);
  expect(over?.body).toMatchObject({ code: "rate_limited", fix: expect.stringContaining("GET /v1/usage/limits") });
});

test("a month that is used up leaves the settings open, and tells of 80 and 100 percent once", async () => {
  const w = await world();
  await give(w, "starter", { requests_per_month: 10 });
  const answers = await Promise.all(upTo(15).map(() => w.get("/v1/products")));
  expect(counted(answers)).toEqual({ passed: 10, refused: 5 });
  expect(answers.find(({ status }) => status === 429)?.body).toMatchObject({ detail: expect.stringContaining("this month") });
  const license = "/v1/usage/current?license_id=lic_none";
  const open = ["/v1/settings", "/v1/usage/limits", "/v1/usage/alerts", license].map((path) => w.get(path));
  expect((await Promise.all(open)).map(({ status }) => status)).toEqual([200, 200, 200, 404]);
  expect((await w.get("/v1/events")).status).toBe(429);

  const row = await env.DB_00.prepare("select * from tenants where id = ?").bind(w.tenant.id).first<{ limits: string }>();
  const tenant = { id: w.tenant.id, tier: "starter" as const, limits: JSON.parse(row?.limits ?? "null"), settings: {} as never };
  expect(await usedOf(env, tenant, new Date())).toEqual({
    api_calls: { used: 10, limit: 10, resets_at: expect.stringMatching(/^20\d\d-\d\d-01T00:00:00\.000Z$/) },
  });

  const object = quotaOf(env, `${w.tenant.id}/requests`);
  await runDurableObjectAlarm(object);
  await runDurableObjectAlarm(object);
  const select =
    "select json_extract(data, '$.object') as told, subject_id from events where tenant_id = ? and type = ? order by seq";
  const events = await env.DB_00.prepare(select)
    .bind(w.tenant.id, "tenant_limit.threshold_reached")
    .all<{ told: string; subject_id: string }>();
  expect(events.results.map(({ told }) => JSON.parse(told))).toMatchObject([
    { object: "tenant_limit", limit: "api_calls", percent: 80, limit_value: 10 },
    { object: "tenant_limit", limit: "api_calls", percent: 100, used: 10, limit_value: 10 },
  ]);
  expect(events.results.map(({ subject_id }) => subject_id)).toEqual([w.tenant.id, w.tenant.id]);
  const alerts = await env.DB_00.prepare(
    "select percent, license_id, feature from usage_alerts where tenant_id = ? order by percent",
  )
    .bind(w.tenant.id)
    .all();
  expect(alerts.results).toEqual([
    { percent: 80, license_id: null, feature: "api_calls" },
    { percent: 100, license_id: null, feature: "api_calls" },
  ]);
});

test("a caller that is refused and refused again gets the same answer, with the headers, without its key being looked up", async () => {
  const answers = await inOneMinute(async () => {
    const w = await world();
    await give(w, "free", { requests_per_minute: 2 });
    const answers = [];
    for (const _ of upTo(5)) answers.push(await w.get("/v1/products"));
    await env.DB_00.prepare("update api_keys set digest = digest || '-gone' where tenant_id = ?").bind(w.tenant.id).run();
    forget();
    answers.push(await w.get("/v1/products"));
    return answers;
  });
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429, 429, 429]);
  expect(answers[5]?.headers.get("ratelimit")).toMatch(/^"requests_minute";r=0;t=\d+/);
  expect(answers[5]?.headers.get("ratelimit-policy")).toMatch(/^"requests_minute";q=2;w=60/);
});

test("browsers may read the limits, and the document names the headers", async () => {
  const w = await world();
  const answer = await send(
    "POST",
    "/v1/licenses/validate",
    { license_key: "none" },
    { key: w.keys.publishable, headers: { ...from("192.0.2.1").headers, origin: "https://app.example.com" } },
  );
  expect(answer.headers.get("access-control-expose-headers")).toContain("ratelimit-policy");
  expect(answer.headers.get("ratelimit-policy")).toBe('"address_minute";q=6000;w=60');
  const document = (await send("GET", "/openapi.json")).body;
  const responses = document["paths"]["/v1/products"].get.responses;
  expect(responses["200"].headers).toHaveProperty("RateLimit");
  expect(Object.keys(responses["429"].headers)).toEqual(["RateLimit-Policy", "RateLimit", "Retry-After"]);
  expect(document["components"].headers["RateLimit-Policy"]).toMatchObject({ schema: { type: "string" } });
});

test("a request that the door leaves to the router is counted once", async () => {
  const { first, second } = await inOneMinute(async () => {
    const s = await shop();
    await s.patch("/v1/settings", { limits: { address_requests_per_minute: 20, license_requests_per_minute: 10 } });
    // the first validation begins its period, which the router writes
    const license = await s.license({ expiry_basis: "first_validation" });
    const body = JSON.stringify({ license_key: license["license_key"] });
    const headers = { "x-latchkey-ip": "203.0.113.9", "content-length": String(body.length) };
    const validate = () => send("POST", "/v1/licenses/validate", body, { key: s.keys.publishable, headers });
    return { first: await validate(), second: await validate() };
  });
  expect([first.body, second.body]).toMatchObject([{ valid: true }, { valid: true }]);
  expect([first.headers.get("server-timing"), second.headers.get("server-timing")]).toEqual([
    expect.not.stringContaining("cache"),
    expect.stringContaining("cache"),
  ]);
  const left = ({ headers }: { headers: Headers }) =>
    [...(headers.get("ratelimit") ?? "").matchAll(/r=(\d+)/g)].map(([, r]) => r);
  expect([left(first), left(second)]).toEqual([
    ["19", "9"],
    ["18", "8"],
  ]);
});

test("answers that are on their way at once each tell their own request id and what was left for them", async () => {
  const answers = await inOneMinute(async () => {
    const s = await shop();
    const license = await s.license({});
    await s.validate(license["license_key"]);
    const body = JSON.stringify({ license_key: license["license_key"] });
    const headers = { "x-latchkey-ip": "203.0.113.10", "content-length": String(body.length) };
    const validate = () => send("POST", "/v1/licenses/validate", body, { key: s.keys.publishable, headers });
    await validate();
    return Promise.all(upTo(5).map(validate));
  });
  const said = (name: string, what: RegExp) => new Set(answers.map(({ headers }) => what.exec(headers.get(name) ?? "")?.[0]));
  expect(said("server-timing", /"memory"/)).toEqual(new Set(['"memory"']));
  expect(said("x-request-id", /.+/).size).toBe(5);
  expect(said("ratelimit", /"address_minute";r=\d+/).size).toBe(5);
});
