import { waitOnExecutionContext, createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createLocalJWKSet, jwtVerify, type JWTPayload } from "jose";
import { expect, test } from "vitest";
import worker from "../../../workers/main.ts";
import { upTo } from "../world.ts";
import { meanwhile } from "./meanwhile.ts";
import { DAY_MS, device, shop, type Shop } from "./shop.ts";

type Decision = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

const codes = ({ body }: { body: Decision }) => body["reasons"].map((reason: { code: string }) => reason.code);

async function claimsOf(s: Shop, decision: Decision): Promise<JWTPayload & Record<string, unknown>> {
  const jwks = await s.read(`/.well-known/jwks/${s.tenant.id}.json`);
  const options = { issuer: s.tenant.id, typ: "olp1-decision+jws", algorithms: ["EdDSA"] };
  return (await jwtVerify(decision["token"], createLocalJWKSet(jwks as never), options)).payload;
}

test("a valid license is valid, and the signed claims say what the body says", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 3, entitlements: [{ feature: "export", limit_value: 9 }] });
  await s.activate(license["license_key"], "a");
  const { status, body } = await s.validate(license["license_key"], {
    fingerprint: device("a"),
    version: "2.1.0",
    nonce: "n-1",
    features: ["export"],
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    object: "decision",
    id: expect.stringMatching(/^dec_00/),
    valid: true,
    code: "VALID",
    reasons: [],
    next: null,
    nonce: "n-1",
    stale: false,
    snapshot_age_ms: expect.any(Number),
    license: {
      id: license["id"],
      status: "active",
      type: "subscription",
      product_id: s.product["id"],
      expires_at: license["expires_at"],
      max_activations: 3,
      entitlements: [{ feature: "export", limit_value: 9 }],
    },
  });
  const claims = await claimsOf(s, body);
  expect(claims).toMatchObject({
    iss: s.tenant.id,
    aud: s.product["id"],
    sub: license["id"],
    jti: body["id"],
    valid: true,
    code: "VALID",
    reasons: [],
    fp: device("a"),
    version: "2.1.0",
    nonce: "n-1",
    stale: false,
    snapshot_age_ms: body["snapshot_age_ms"],
    entitlements: body["license"].entitlements,
  });
  expect(Number(claims.exp) - Number(claims.iat)).toBe(300);
});

test("unknown, foreign and malformed keys get the same signed answer", async () => {
  const s = await shop();
  const other = await shop();
  const foreign = (await other.license())["license_key"];
  const answers: Decision[] = [];
  for (const key of ["7K2Q-M8XT-0V4B-R3ZC-9XWD", foreign, "", "\n\t", "ü".repeat(300)]) {
    const { status, body } = await s.validate(key, { fingerprint: device("a") });
    expect(status).toBe(200);
    expect(await claimsOf(s, body)).toMatchObject({ valid: false, code: "NOT_FOUND", sub: null, aud: null, entitlements: [] });
    const { id: _, token: __, evaluated_at: ___, ...rest } = body;
    answers.push(rest);
  }
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]).toMatchObject({ valid: false, code: "NOT_FOUND", license: null });
});

test("every reason is told, and the first that denies names the decision", async () => {
  const s = await shop();
  const license = await s.license(
    { duration: "P10D", grace_period: "P5D", requires: ["version"], max_activations: 2 },
    { max_activations: 2 },
  );
  const key = license["license_key"];
  expect(codes(await s.validate(key, { version: "1" }))).toEqual([]);
  await s.later(11 * DAY_MS);
  const inGrace = await s.validate(key, { version: "1" });
  expect(inGrace.body).toMatchObject({ valid: true, code: "GRACE", next: { action: "renew" }, license: { status: "expired" } });
  await s.later(5 * DAY_MS);
  expect((await s.validate(key, { version: "1" })).body).toMatchObject({ valid: false, code: "EXPIRED" });
  await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "r" });
  const all = await s.validate(key, { fingerprint: device("a"), product: "other", features: ["export"] });
  expect(codes(all)).toEqual([
    "SUSPENDED",
    "EXPIRED",
    "PRODUCT_SCOPE_MISMATCH",
    "VERSION_SCOPE_REQUIRED",
    "NO_MACHINES",
    "ENTITLEMENTS_MISSING",
  ]);
  expect(all.body["code"]).toBe("SUSPENDED");
  await s.post(`/v1/licenses/${license["id"]}/revoke`, { reason: "r" });
  expect((await s.validate(key)).body).toMatchObject({ code: "REVOKED", license: { status: "revoked" } });
});

test("a device is judged by the seats that it and others hold", async () => {
  const s = await shop();
  const one = await s.license({ max_activations: 1 });
  const code = async (license: Record<string, unknown>, name: string) =>
    (await s.validate(license["license_key"], { fingerprint: device(name) })).body["code"];
  expect(await code(one, "a")).toBe("NO_MACHINE");
  await s.activate(one["license_key"], "a", { user: "ada" });
  expect(await code(one, "a")).toBe("VALID");
  expect(await code(one, "b")).toBe("FINGERPRINT_SCOPE_MISMATCH");
  expect((await s.validate(one["license_key"], { fingerprint: device("a"), user: "bob" })).body["code"]).toBe(
    "USER_SCOPE_MISMATCH",
  );

  const site = await s.license({ model: "site", max_activations: 1 });
  for (const n of upTo(3)) await s.activate(site["license_key"], `d${n}`);
  expect(await code(site, "d3")).toBe("VALID");
  expect(await code(site, "d4")).toBe("FINGERPRINT_SCOPE_MISMATCH");

  const lowered = await s.license({ max_activations: 3 });
  for (const n of upTo(3)) {
    await s.activate(lowered["license_key"], `d${n}`);
    await s.later(1000);
  }
  await s.patch(`/v1/licenses/${lowered["id"]}`, { max_activations: 2 });
  const judged = await Promise.all(upTo(3).map((n) => s.validate(lowered["license_key"], { fingerprint: device(`d${n}`) })));
  expect(judged.map(({ body }) => [body["valid"], body["code"]])).toEqual([
    [true, "TOO_MANY_MACHINES"],
    [true, "TOO_MANY_MACHINES"],
    [false, "TOO_MANY_MACHINES"],
  ]);
});

test("maintenance covers the versions that were released before it ended", async () => {
  const s = await shop();
  const license = await s.license({ type: "perpetual", maintenance: "P30D" }, { starts_at: "2026-01-01T00:00:00Z" });
  for (const [version, released_at] of [
    ["1.0.0", "2026-01-30T00:00:00Z"],
    ["2.0.0", "2026-02-01T00:00:00Z"],
  ]) {
    await s.made(`/v1/products/${s.product["id"]}/versions`, { version, released_at });
  }
  const judged = async (version: string) => {
    const { body } = await s.validate(license["license_key"], { version });
    return [body["valid"], body["code"]];
  };
  expect(await judged("1.0.0")).toEqual([true, "MAINTENANCE_EXPIRED"]);
  expect(await judged("2.0.0")).toEqual([false, "MAINTENANCE_EXPIRED"]);
  expect(await judged("3.0.0")).toEqual([true, "MAINTENANCE_EXPIRED"]);
});

test("the first valid validation begins the period before it is answered, and only that one", async () => {
  const s = await shop();
  const license = await s.license({ expiry_basis: "first_validation", duration: "P1D", requires: ["version"] });
  expect((await s.validate(license["license_key"])).body["valid"]).toBe(false);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ expires_at: null });
  const answers = await Promise.all(upTo(8).map(() => s.validate(license["license_key"], { version: "1" })));
  const ends = new Set(answers.map(({ body }) => body["license"].expires_at));
  expect(ends.size).toBe(1);
  expect([...ends][0]).toMatch(/^2/);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ expires_at: [...ends][0] });
  expect(await s.events("license.updated")).toHaveLength(1);
  await s.later(DAY_MS / 2);
  expect((await s.validate(license["license_key"], { version: "1" })).body["license"].expires_at).toBe([...ends][0]);
});

test("a dry run judges another instant without a token and without effect, and only for secret keys", async () => {
  const s = await shop();
  const license = await s.license({ expiry_basis: "first_validation" });
  const body = { license_key: license["license_key"] };
  const dry = (query: string) => s.post(`/v1/licenses/validate?${query}`, body);
  expect((await dry("dry_run=true&at=2090-01-01T00:00:00Z&country=UK&ip=192.0.2.1")).body).toMatchObject({
    valid: true,
    token: null,
    evaluated_at: "2090-01-01T00:00:00.000Z",
  });
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ expires_at: null, last_validated_at: null });
  const fixed = await s.license({}, { expires_at: "2089-01-01T00:00:00Z" });
  const judged = await s.post("/v1/licenses/validate?dry_run=true&at=2090-01-01T00:00:00Z", {
    license_key: fixed["license_key"],
  });
  expect(judged.body).toMatchObject({ valid: false, code: "EXPIRED" });

  expect((await dry("at=2090-01-01T00:00:00Z")).status).toBe(400);
  expect((await dry("dry_run=false&ip=192.0.2.1")).status).toBe(400);
  expect((await dry("dry_run=true&country=XX")).status).toBe(400);
  expect((await dry("dry=true")).status).toBe(400);
  expect((await s.post("/v1/licenses/validate?dry_run=true", body, { key: s.keys.publishable })).body).toMatchObject({
    status: 403,
    code: "key_kind_not_allowed",
  });
});

test("a token validates its device, and anything else is no activation", async () => {
  const s = await shop();
  const license = await s.license({ requires: ["fingerprint"] });
  const token = String((await s.activate(license["license_key"], "a")).body["activation_token"]);
  const judged = (text: string) => s.program("/v1/activations/validate", { activation_token: text });
  const good = await judged(token);
  expect(good.body).toMatchObject({ valid: true, code: "VALID", license: { id: license["id"] } });
  expect(await claimsOf(s, good.body)).toMatchObject({ sub: license["id"], valid: true, fp: null });
  for (const bad of [
    "lat_00",
    "x",
    `${token}0`,
    token.slice(0, -1) + (token.endsWith("0") ? "1" : "0"),
    token.toUpperCase(),
    ` ${token}`,
  ]) {
    expect((await judged(bad)).body).toMatchObject({ valid: false, code: "ACTIVATION_NOT_FOUND", license: null });
  }
});

test("validations are noted at most once a minute, and never take back what was changed meanwhile", async () => {
  const s = await shop();
  const license = await s.license();
  const validate = async () => {
    const context = createExecutionContext();
    const request = new Request("https://latchkey.test/v1/licenses/validate", {
      method: "POST",
      headers: { authorization: `Bearer ${s.keys.publishable}`, "content-type": "application/json" },
      body: JSON.stringify({ license_key: license["license_key"] }),
    });
    await worker.fetch(request as never, env, context);
    await waitOnExecutionContext(context);
    return (await s.read(`/v1/licenses/${license["id"]}`))["last_validated_at"];
  };
  const first = await validate();
  expect(first).not.toBeNull();
  await s.later(30_000);
  expect(await validate()).toBe(first);
  await s.patch(`/v1/licenses/${license["id"]}`, { issued_to: "x" });
  expect((await s.read(`/v1/licenses/${license["id"]}`))["last_validated_at"]).toBe(first);
  await s.later(31_000);
  expect(await validate()).not.toBe(first);
  expect(await s.events("license.updated")).toHaveLength(1);
});

test("a change does not take back a validation that was noted while it was made", async () => {
  const s = await shop();
  const license = await s.license();
  const happened = meanwhile(/update "licenses"/, () =>
    env.DB_00.prepare("update licenses set last_validated_at = 1767225600000 where id = ?").bind(license["id"]).run(),
  );
  expect((await s.patch(`/v1/licenses/${license["id"]}`, { issued_to: "x" })).status).toBe(200);
  expect(happened()).toBe(true);
  expect((await s.read(`/v1/licenses/${license["id"]}`))["last_validated_at"]).toBe("2026-01-01T00:00:00.000Z");
});
