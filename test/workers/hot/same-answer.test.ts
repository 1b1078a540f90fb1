import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { upTo } from "../world.ts";
import { device, shop } from "../licensing/shop.ts";
import { BY_ROUTER, isolate, type Told } from "./isolates.ts";

const terms = fc.record(
  {
    type: fc.constantFrom("subscription", "perpetual", "concurrent", "named_user", "trial"),
    model: fc.constantFrom("per_device", "per_seat", "site"),
    max_activations: fc.constantFrom(1, 2, null),
    requires: fc.subarray(["fingerprint", "product", "version", "domain", "user"]),
    restrictions: fc.subarray([
      { type: "geographic", operator: "allow", values: ["DE", "AT"] },
      { type: "ip_range", operator: "deny", values: ["203.0.113.0/24"] },
      { type: "domain", operator: "allow", values: ["example.com"] },
      { type: "version", operator: "allow", values: [">=2.0.0"] },
    ]),
    overage: fc.constantFrom({ mode: "none" }, { mode: "limited", absolute: 1 }),
    grace_period: fc.constantFrom("P0D", "P30D"),
    unknown_version: fc.constant("deny"),
  },
  { requiredKeys: ["type", "model"] },
);
const entitlements = fc.subarray([
  { feature: "export" },
  { feature: "metered", limit_value: 2, reset: "month" },
  { feature: "off", enabled: false },
]);
const fields = {
  fingerprint: fc.constantFrom(device("a"), device("b"), device("zz")),
  user: fc.constantFrom("ada", "bob"),
  product: fc.constantFrom("studio", "other"),
  version: fc.constantFrom("1.0.0", "2.1.0", "9.9.9"),
  domain: fc.constantFrom("example.com", "app.example.com", "evil.example"),
  features: fc.subarray(["export", "metered", "off", "unknown"]),
  nonce: fc.constant("n"),
};
/** A question, and others that differ from it in one or two fields: what is kept of one must not answer another. */
const questions = fc
  .tuple(
    fc.record(fields, { requiredKeys: [] }),
    fc.array(fc.record({ ...fields, drop: fc.constantFrom(...Object.keys(fields)) }), { minLength: 4, maxLength: 4 }),
  )
  .map(([base, others]) => [
    base,
    ...others.map(({ drop, ...other }) => {
      const { [drop as "user"]: value } = other;
      const { [drop as "user"]: __, ...without } = base;
      return Object.hasOwn(base, drop) && value === base[drop as "user"] ? without : { ...base, [drop]: value };
    }),
  ]);
const place = fc.record({
  "x-latchkey-country": fc.constantFrom("DE", "US"),
  "x-latchkey-ip": fc.constantFrom("203.0.113.9", "198.51.100.1"),
});
const fate = fc.constantFrom("none", "suspend", "revoke", "cancel", "expired", "release", "blacklist", "used_up");

/** A decision without what differs from one answer to the next. */
function decisionOf({ body, status }: Told) {
  const { id: _, evaluated_at: __, snapshot_age_ms: ___, token, ...said } = body["decision"] ?? body;
  const claims = typeof token === "string" ? (JSON.parse(atob(token.split(".")[1] ?? "")) as Record<string, unknown>) : {};
  for (const own of ["jti", "iat", "exp", "snapshot_age_ms"]) delete claims[own];
  return { status, said, claims };
}

test.prop([terms, entitlements, questions, fc.array(place, { minLength: 5, maxLength: 5 }), fate], {
  numRuns: 14,
  endOnFailure: true,
})(
  "the door says what the router says, in the body and under the signature, read anew and out of memory",
  async (wanted, rights, asks, places, happens) => {
    const s = await shop();
    for (const code of ["metered", "off"]) await s.post("/v1/features", { name: code, code });
    await s.post(`/v1/products/${s.product["id"]}/versions`, { version: "2.1.0", released_at: "2026-01-01T00:00:00Z" });
    const made = await s.post("/v1/templates", { name: "T", product_id: s.product["id"], ...wanted, entitlements: rights });
    if (made.status !== 201) return; // terms that contradict themselves
    const ends =
      happens === "expired" && wanted.type !== "perpetual" ? { expires_at: new Date(Date.now() - 1000).toISOString() } : {};
    const starts = happens === "expired" ? { starts_at: new Date(Date.now() - 100_000).toISOString() } : {};
    const license = (
      await s.post("/v1/licenses", { template_id: made.body["id"], customer_id: s.customer["id"], ...ends, ...starts })
    ).body;
    const key = license["license_key"];
    const seats: Record<string, unknown>[] = [];
    for (const [name, user] of [
      ["a", "ada"],
      ["b", "bob"],
    ] as const) {
      const seat = await s.activate(key, name, { user, app_version: "2.1.0" });
      if (seat.status < 300) seats.push(seat.body);
    }
    if (happens === "suspend") await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "x" });
    if (happens === "revoke") await s.post(`/v1/licenses/${license["id"]}/revoke`, { reason: "x" });
    if (happens === "cancel") await s.post(`/v1/licenses/${license["id"]}/cancel`, {});
    if (happens === "release" && seats[0]) await s.post(`/v1/activations/${String(seats[0]["id"])}/deactivate`, {});
    if (happens === "blacklist") await s.post("/v1/devices/blacklist", { fingerprint: device("a"), reason: "x" });
    if (happens === "used_up")
      await s.post("/v1/entitlements/consume", { license_key: key, items: [{ feature: "metered", units: 2 }] });

    const other = isolate(s.keys.publishable);
    for (const [index, asked] of asks.entries()) {
      const from = places[index] ?? {};
      const ways = [
        ["/v1/licenses/validate", { license_key: key, ...asked }],
        ["/v1/entitlements/check", { license_key: key, features: asked.features?.length ? asked.features : ["export"] }],
        ...seats.map((seat) => ["/v1/activations/validate", { activation_token: seat["activation_token"] }] as const),
      ] as const;
      for (const [path, body] of ways) {
        const cold = decisionOf(await other.ask(path, body, { ...from, ...BY_ROUTER }));
        for (const _ of upTo(2)) {
          const hot = await other.ask(path, body, from);
          expect(decisionOf(hot), JSON.stringify({ path, body, from })).toEqual(cold);
          expect(hot.by).toBe("door");
        }
      }
    }
  },
  180_000,
);

test.prop([fc.string(), fc.string()], { numRuns: 10 })(
  "whoever asks for what nobody has gets one answer from door and router",
  async (key, token) => {
    const s = await shop();
    const other = isolate(s.keys.publishable);
    for (const [path, body] of [
      ["/v1/licenses/validate", { license_key: key }],
      ["/v1/activations/validate", { activation_token: `t${token}`.slice(0, 200) }],
      ["/v1/entitlements/check", { license_key: key, features: ["export"] }],
    ] as const) {
      const cold = await other.ask(path, body, BY_ROUTER);
      expect(cold.by).toBe("router");
      expect(decisionOf(await other.ask(path, body))).toEqual(decisionOf(cold));
    }
  },
);
