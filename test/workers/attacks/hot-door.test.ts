import { env } from "cloudflare:workers";
import { decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import { isolate, standingTime, tierOf } from "../hot/isolates.ts";
import { shop } from "../licensing/shop.ts";

const { pass } = standingTime();

/** A license of one product, and a program of another one that asks for keys by an isolate of its own. */
async function stranger() {
  const s = await shop();
  const license = await s.license({ entitlements: [{ feature: "export", limit_value: 9 }] });
  const product = await s.made("/v1/products", { name: "Viewer", code: "viewer" });
  const key = await s.made("/v1/api_keys", { name: "Viewer", kind: "publishable", product_ids: [product["id"]] });
  return { s, license, ...isolate(String(key["secret"])) };
}

const QUESTIONS: Record<string, [path: string, more: Record<string, unknown>]> = {
  "a validation": ["/v1/licenses/validate", {}],
  "a validation with a feature": ["/v1/licenses/validate", { features: ["export"] }],
  "a check": ["/v1/entitlements/check", { features: ["export"] }],
};

test.each(Object.entries(QUESTIONS))(
  "%s tells nothing of a license of a product that is none of the key's, neither in its body nor around it",
  async (_, [path, more]) => {
    const { license, ask } = await stranger();
    const told = async (licenseKey: unknown) => {
      const { status, headers, body } = await ask(path, { license_key: licenseKey, ...more });
      const { id: _id, token: _token, evaluated_at: _at, ...said } = body;
      const around = [...headers].filter(([name]) => name !== "x-request-id" && name !== "server-timing");
      const tier = tierOf({ headers });
      // what is left at the address falls with each question
      return { status, said, tier, around: around.map(([name, text]) => [name, text.replaceAll(/;[rt]=\d+/g, "")]) };
    };
    const unknown = "7K2Q-M8XT-0V4B-R3ZC-9XWD";
    // the second time it is one that the isolate has read before
    for (let time = 0; time < 3; time++) {
      expect(await told(license["license_key"])).toEqual(await told(unknown));
      pass(1_500);
    }
  },
);

test("a program cannot use up what may be asked about a license that it may not know of", async () => {
  const { s, license, ask } = await stranger();
  await s.patch("/v1/settings", { limits: { license_requests_per_minute: 3 } });
  for (let time = 0; time < 5; time++) {
    expect(await ask("/v1/licenses/validate", { license_key: license["license_key"] })).toMatchObject({
      status: 200,
      body: { code: "NOT_FOUND" },
    });
  }
  expect((await s.validate(license["license_key"])).status).toBe(200);
});

test("no text that a revoked signing key has signed is handed out beyond the bound", async () => {
  const s = await shop();
  const license = await s.license();
  const other = isolate(s.keys.publishable);
  const kid = async () => {
    const { body } = await other.ask("/v1/licenses/validate", { license_key: license["license_key"] });
    expect(body["valid"]).toBe(true);
    return decodeProtectedHeader(String(body["token"])).kid;
  };
  const before = await kid();
  await s.put("/v1/offline/roots", { custody: "platform" });
  const rotated = await s.post("/v1/offline/keys/rotate", {});
  expect(rotated.status, rotated.text).toBeLessThan(300);
  const revoked = await s.post(`/v1/offline/keys/${before}/revoke`, { reason: "compromised" });
  expect(revoked.status, revoked.text).toBeLessThan(300);
  // the last moment at which an isolate may answer out of what it knew, and a text that is younger than five seconds
  pass(7_900);
  await kid();
  pass(3_000);
  expect(await kid()).not.toBe(before);
});

test("who calls is compared with the database once when it is due, however many ask", async () => {
  const s = await shop();
  const license = await s.license();
  const other = isolate(s.keys.publishable);
  let reads = 0;
  const counting = new Proxy(env.DB_00, {
    get: (real, name) => {
      const method: unknown = Reflect.get(real, name);
      if (typeof method !== "function") return method;
      return (...given: unknown[]) => {
        if (name === "prepare" && /from "?api_keys/i.test(String(given[0]))) reads++;
        return Reflect.apply(method, real, given) as unknown;
      };
    },
  });
  other.behind = { DB_00: counting };
  const ask = () => other.ask("/v1/licenses/validate", { license_key: license["license_key"] });
  await ask();
  expect(reads).toBe(1);
  for (let second = 0; second < 58; second += 2) {
    pass(2_000);
    await ask();
  }
  expect(reads).toBe(2);
});

test("a check is judged by the address of a program, and never by that of a vendor's server, at the door as behind it", async () => {
  const s = await shop();
  const license = await s.license({ entitlements: [{ feature: "export", limit_value: 9 }] });
  await s.post("/v1/devices/blacklist", { ip_range: "203.0.113.0/24", reason: "x" });
  const ask = async (other: ReturnType<typeof isolate>, path: string, type = "application/json") => {
    const features = ["export"];
    const headers = { "x-latchkey-ip": "203.0.113.7", "content-type": type };
    const { by, body } = await other.ask(path, { license_key: license["license_key"], features }, headers);
    return [by, body["code"]];
  };
  const [server, program] = [isolate(s.keys.secret), isolate(s.keys.publishable)];
  const [check, validate] = ["/v1/entitlements/check", "/v1/licenses/validate"];
  for (let time = 0; time < 2; time++) {
    expect(await ask(server, check)).toEqual(["door", "VALID"]);
    expect(await ask(server, check, "application/json; charset=utf-8")).toEqual(["router", "VALID"]);
    expect(await ask(program, check)).toEqual(["door", "DEVICE_BLACKLISTED"]);
    // what was read for the check says nothing about the validation
    expect(await ask(server, validate)).toEqual(["door", "DEVICE_BLACKLISTED"]);
  }
});

test("a commit that names one thing twice, by code and by id, is refused and frees nothing", async () => {
  const s = await shop();
  const { license_key: key } = await s.license({ entitlements: [{ feature: "export", limit_value: 9 }] });
  const items = [{ feature: "export", units: 5 }];
  const { body: reserved } = await s.post("/v1/entitlements/reserve", { license_key: key, items });
  const twice = [
    { feature: "export", units: 1 },
    { feature: s.feature["id"], units: 3 },
  ];
  const commit = (named: unknown) => s.post("/v1/entitlements/commit", { reservation_id: reserved["id"], items: named });
  expect(await commit(twice)).toMatchObject({ status: 400, body: { errors: [{ pointer: "/items/1", code: "not_reserved" }] } });
  expect(await commit(twice.slice(1))).toMatchObject({ status: 200, body: { items: [{ committed: 3, used: 3, reserved: 0 }] } });
});
