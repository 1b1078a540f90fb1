import { describe, expect, test } from "vitest";
import { DAY_MS, device, shop, type Shop } from "./shop.ts";

// Codes that are named as Keygen's answer the same question as there. What Keygen does is from its public documentation; where we answer
// otherwise on purpose, docs/keygen.md says so.

type Fields = Record<string, unknown>;

const NO_GRACE = { grace_period: "P0D" };

async function asked(w: Shop, key: unknown, sent: Fields = {}) {
  const { body } = await w.validate(key, sent);
  return { valid: body["valid"], code: body["code"] };
}

/** A license of these terms, and the question whether it may be used. */
async function licensed(terms: Fields, fields: Fields = {}) {
  const w = await shop();
  const license = await w.license(terms, fields);
  const key = license["license_key"];
  return { w, license, key, ask: (sent: Fields = {}) => asked(w, key, sent) };
}

const no = (code: string) => ({ valid: false, code });
const yes = (code: string) => ({ valid: true, code });

describe("machines", () => {
  test("a node-locked license without a machine says NO_MACHINE to a fingerprint, a floating one NO_MACHINES", async () => {
    const locked = await licensed({ max_activations: 1 });
    expect(await locked.ask({ fingerprint: device("a") })).toEqual(no("NO_MACHINE"));
    const floating = await licensed({ max_activations: 5 });
    expect(await floating.ask({ fingerprint: device("a") })).toEqual(no("NO_MACHINES"));
    const unlimited = await licensed({ max_activations: null });
    expect(await unlimited.ask({ fingerprint: device("a") })).toEqual(no("NO_MACHINES"));
  });

  test("a fingerprint that is not among the machines says FINGERPRINT_SCOPE_MISMATCH, one that is says VALID", async () => {
    for (const max_activations of [1, 5]) {
      const { w, key, ask } = await licensed({ max_activations });
      await w.activate(key, "a");
      expect(await ask({ fingerprint: device("b") })).toEqual(no("FINGERPRINT_SCOPE_MISMATCH"));
      expect(await ask({ fingerprint: device("a") })).toEqual(yes("VALID"));
    }
  });

  test("without a fingerprint a license that does not ask for one is VALID, and one that does says FINGERPRINT_SCOPE_REQUIRED", async () => {
    const lenient = await licensed({ max_activations: 1 });
    expect(await lenient.ask()).toEqual(yes("VALID"));
    const strict = await licensed({ max_activations: 1, requires: ["fingerprint"] });
    expect(await strict.ask()).toEqual(no("FINGERPRINT_SCOPE_REQUIRED"));
    expect(await strict.ask({ fingerprint: device("a") })).toEqual(no("NO_MACHINE"));
  });

  test("a deactivated machine is none: the last one leaves NO_MACHINES, one of two a mismatch", async () => {
    const { w, key, ask } = await licensed({ max_activations: 3 });
    const [a, b] = [(await w.activate(key, "a")).body, (await w.activate(key, "b")).body];
    await w.post(`/v1/activations/${a["id"]}/deactivate`);
    expect(await ask({ fingerprint: device("a") })).toEqual(no("FINGERPRINT_SCOPE_MISMATCH"));
    await w.post(`/v1/activations/${b["id"]}/deactivate`);
    expect(await ask({ fingerprint: device("a") })).toEqual(no("NO_MACHINES"));
  });

  test("more machines than the limit: TOO_MANY_MACHINES is valid where overage is allowed, and not where it is none", async () => {
    const none = await licensed({ max_activations: 2 });
    for (const name of ["a", "b"]) await none.w.activate(none.key, name);
    await none.w.patch(`/v1/licenses/${none.license["id"]}`, { max_activations: 1 });
    expect(await none.ask({ fingerprint: device("b") })).toEqual(no("TOO_MANY_MACHINES"));
    // the one difference: who was there first is warned, and may go on
    expect(await none.ask({ fingerprint: device("a") })).toEqual(yes("TOO_MANY_MACHINES"));

    const always = await licensed({ max_activations: 1, overage: { mode: "unlimited" } });
    for (const name of ["a", "b"]) await always.w.activate(always.key, name);
    expect(await always.ask({ fingerprint: device("b") })).toEqual(yes("TOO_MANY_MACHINES"));
  });

  test("a limit with overage of 25 % takes five machines of four, and no sixth", async () => {
    const { w, key } = await licensed({ max_activations: 4, overage: { mode: "limited", percent: 25 } });
    const answers = [];
    for (const name of ["a", "b", "c", "d", "e", "f"]) answers.push((await w.activate(key, name)).status);
    expect(answers).toEqual([201, 201, 201, 201, 201, 409]);
  });
});

describe("cores and users", () => {
  test("more cores than the limit: TOO_MANY_CORES is valid where overage is allowed, and not where it is none", async () => {
    for (const [overage, decision] of [
      [{ mode: "none" }, no("TOO_MANY_CORES")],
      [{ mode: "unlimited" }, yes("TOO_MANY_CORES")],
    ] as const) {
      const { w, key, license, ask } = await licensed({ model: "per_core", max_activations: null, max_cores: 8, overage });
      for (const name of ["a", "b"]) expect((await w.activate(key, name, { cores: 4 })).status).toBe(201);
      expect(await ask({ fingerprint: device("b") })).toEqual(yes("VALID"));
      expect((await w.patch(`/v1/licenses/${license["id"]}`, { max_cores: 6 })).status).toBe(200);
      expect(await ask({ fingerprint: device("b") })).toEqual(decision);
    }
  });

  test("more users than the limit: TOO_MANY_USERS", async () => {
    const { w, key, license, ask } = await licensed({ max_activations: 5, max_users: 2 });
    for (const name of ["a", "b"]) await w.activate(key, name, { user: name });
    expect((await w.activate(key, "c", { user: "c" })).status).toBe(409);
    await w.patch(`/v1/licenses/${license["id"]}`, { max_users: 1 });
    expect(await ask({ fingerprint: device("b"), user: "b" })).toEqual(no("TOO_MANY_USERS"));
  });

  test("several machines leased by one user are one seat", async () => {
    const { w, key } = await licensed({ model: "per_seat", max_activations: 1 });
    const answers = [];
    for (const [name, user] of [
      ["a", "ada"],
      ["b", "ada"],
      ["c", "bob"],
    ] as const) {
      answers.push((await w.activate(key, name, { user })).status);
    }
    expect(answers).toEqual([201, 201, 409]);
  });

  test("a fingerprint is unique to a license, a product or the account, as the strategy says", async () => {
    for (const [fingerprint_uniqueness, status] of [
      ["license", 201],
      ["product", 409],
      ["tenant", 409],
    ] as const) {
      const { w, key } = await licensed({ max_activations: 2, fingerprint_uniqueness });
      const other = await w.license({ max_activations: 2, fingerprint_uniqueness });
      await w.activate(key, "a");
      expect((await w.activate(other["license_key"], "a")).status).toBe(status);
    }
  });
});

describe("heartbeats", () => {
  const beats = (on_dead: string) => ({ max_activations: 2, heartbeat: { required: true, interval_s: 60, on_dead } });

  test("a machine that is kept when it dies says HEARTBEAT_NOT_STARTED before its first beat, and HEARTBEAT_DEAD after its last", async () => {
    const { w, key, ask } = await licensed(beats("keep"));
    const token = (await w.activate(key, "a")).body["activation_token"];
    await w.later(10 * 60_000);
    expect(await ask({ fingerprint: device("a") })).toEqual(no("HEARTBEAT_NOT_STARTED"));
    await w.beat(token);
    expect(await ask({ fingerprint: device("a") })).toEqual(yes("VALID"));
    await w.later(10 * 60_000);
    expect(await ask({ fingerprint: device("a") })).toEqual(no("HEARTBEAT_DEAD"));
    // a late beat revives it
    await w.beat(token);
    expect(await ask({ fingerprint: device("a") })).toEqual(yes("VALID"));
  });

  test("a machine that is deactivated when it dies is not there any more", async () => {
    const { w, key, ask } = await licensed(beats("free_seat"));
    await w.activate(key, "a");
    await w.later(10 * 60_000);
    expect(await ask({ fingerprint: device("a") })).toEqual(no("NO_MACHINES"));
    await w.activate(key, "b");
    expect(await ask({ fingerprint: device("a") })).toEqual(no("FINGERPRINT_SCOPE_MISMATCH"));
  });

  test("without required heartbeats a machine never dies", async () => {
    const { w, key, ask } = await licensed({ max_activations: 1 });
    await w.activate(key, "a");
    await w.later(30 * DAY_MS);
    expect(await ask({ fingerprint: device("a") })).toEqual(yes("VALID"));
  });
});

describe("time and state", () => {
  test.each([
    ["restrict", no("EXPIRED")],
    ["maintain", yes("EXPIRED")],
    ["allow", yes("EXPIRED")],
  ])("an expired license of the strategy %s", async (expiration_strategy, decision) => {
    const { w, ask } = await licensed({ duration: "P30D", ...NO_GRACE, expiration_strategy });
    expect(await ask()).toEqual(yes("VALID"));
    await w.later(31 * DAY_MS);
    expect(await ask()).toEqual(decision);
  });

  test("a license that begins with its first activation or validation does not expire before", async () => {
    for (const expiry_basis of ["first_activation", "first_validation"]) {
      const { w, license, key, ask } = await licensed({ duration: "P1D", ...NO_GRACE, expiry_basis });
      expect(license["expires_at"]).toBeNull();
      await w.later(10 * DAY_MS);
      if (expiry_basis === "first_activation") await w.activate(key, "a");
      expect(await ask()).toEqual(yes("VALID"));
      await w.later(DAY_MS);
      expect(await ask()).toEqual(no("EXPIRED"));
    }
  });

  test.each([
    ["from_expiry", 10, 50],
    ["from_now", 10, 40],
    ["from_now_if_expired", 10, 50],
    ["from_expiry", 25, 50],
    ["from_now", 25, 55],
    ["from_now_if_expired", 25, 55],
  ])("a license of 20 days that is renewed by 30 on the basis %s after %i days ends after %i", async (basis, after, end) => {
    const { w, license } = await licensed({ duration: "P20D", ...NO_GRACE });
    const begun = Date.parse(license["starts_at"]);
    await w.later(after * DAY_MS);
    const { body } = await w.post(`/v1/licenses/${license["id"]}/renew`, { duration: "P30D", basis });
    expect(Math.round((Date.parse(body["expires_at"]) - begun) / DAY_MS)).toBe(end);
  });

  test("a suspended license says SUSPENDED, whatever else is wrong with it, until it is reinstated", async () => {
    const { w, license, ask } = await licensed({ duration: "P1D", ...NO_GRACE, max_activations: 1 });
    const path = `/v1/licenses/${license["id"]}`;
    await w.post(`${path}/suspend`, { reason: "A chargeback" });
    expect(await ask()).toEqual(no("SUSPENDED"));
    await w.later(2 * DAY_MS);
    expect(await ask({ fingerprint: device("a") })).toEqual(no("SUSPENDED"));
    await w.post(`${path}/reinstate`);
    expect(await ask()).toEqual(no("EXPIRED"));
  });

  test("a key that is nobody's says NOT_FOUND, and another account's key is nobody's", async () => {
    const { key, w } = await licensed({});
    const other = await shop();
    expect(await asked(w, "7K2Q-M8XT-0V4B-R3ZC-9XWD")).toEqual(no("NOT_FOUND"));
    expect(await asked(w, "no key")).toEqual(no("NOT_FOUND"));
    expect(await asked(other, key)).toEqual(no("NOT_FOUND"));
  });
});

describe("scopes", () => {
  test("a product scope is compared, and asked for only where it is required", async () => {
    const { w, ask } = await licensed({ requires: ["product"] });
    expect(await ask()).toEqual(no("PRODUCT_SCOPE_REQUIRED"));
    expect(await ask({ product: "another" })).toEqual(no("PRODUCT_SCOPE_MISMATCH"));
    expect(await ask({ product: w.product["id"] })).toEqual(yes("VALID"));
    const lenient = await licensed({});
    expect(await lenient.ask()).toEqual(yes("VALID"));
    expect(await lenient.ask({ product: "another" })).toEqual(no("PRODUCT_SCOPE_MISMATCH"));
  });

  test("a user scope is asked for where it is required, and compared with the machine's", async () => {
    const { w, key, ask } = await licensed({ max_activations: 2, requires: ["user"] });
    await w.activate(key, "a", { user: "ada" });
    const fingerprint = device("a");
    expect(await ask({ fingerprint })).toEqual(no("USER_SCOPE_REQUIRED"));
    expect(await ask({ fingerprint, user: "grace" })).toEqual(no("USER_SCOPE_MISMATCH"));
    expect(await ask({ fingerprint, user: "ada" })).toEqual(yes("VALID"));
  });

  test("a version scope is asked for where it is required", async () => {
    const { ask } = await licensed({ requires: ["version"] });
    expect(await ask()).toEqual(no("VERSION_SCOPE_REQUIRED"));
    expect(await ask({ version: "1.0.0" })).toEqual(yes("VALID"));
  });

  test("one entitlement of several that is not there says ENTITLEMENTS_MISSING", async () => {
    const { w, ask } = await licensed({ entitlements: [] });
    expect(await ask({ features: ["export"] })).toEqual(no("ENTITLEMENTS_MISSING"));
    const license = await w.license({ entitlements: [{ feature: "export" }] });
    expect(await asked(w, license["license_key"], { features: ["export"] })).toEqual(yes("VALID"));
    expect(await asked(w, license["license_key"], { features: ["export", "print"] })).toEqual(no("ENTITLEMENTS_MISSING"));
  });
});

describe("what comes first", () => {
  test("a dead machine is told before the limit, as there", async () => {
    const heartbeat = { required: true, interval_s: 60, on_dead: "keep" };
    const { w, key, license, ask } = await licensed({ max_activations: 2, heartbeat });
    const tokens = [];
    for (const name of ["a", "b"]) tokens.push((await w.activate(key, name)).body["activation_token"]);
    await w.patch(`/v1/licenses/${license["id"]}`, { max_activations: 1 });
    await w.later(10 * 60_000);
    expect(await ask({ fingerprint: device("b") })).toEqual(no("HEARTBEAT_NOT_STARTED"));
    for (const token of tokens) await w.beat(token);
    expect(await ask({ fingerprint: device("b") })).toEqual(no("TOO_MANY_MACHINES"));
  });

  test("every other reason stands behind the code: nothing is hidden", async () => {
    const { w, license, key } = await licensed({ duration: "P1D", ...NO_GRACE, max_activations: 1, requires: ["product"] });
    await w.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "Abuse" });
    await w.later(2 * DAY_MS);
    const { body } = await w.validate(key, { fingerprint: device("a"), features: ["export"] });
    expect(body["reasons"].map(({ code }: { code: string }) => code)).toEqual([
      "SUSPENDED",
      "EXPIRED",
      "PRODUCT_SCOPE_REQUIRED",
      "NO_MACHINE",
      "ENTITLEMENTS_MISSING",
    ]);
  });
});
