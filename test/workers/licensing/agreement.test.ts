import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Asking } from "#db/commit";
import { askedOf } from "#db/licensing/asked";
import { addressKey } from "#rules/addresses";
import { decide } from "#rules/licensing/decide";
import { restrictionReasons } from "#rules/licensing/restrictions";
import { send } from "../world.ts";
import { DAY_MS, device, shop, type Shop } from "./shop.ts";

type Fields = Record<string, unknown>;
type Fault = {
  code: string;
  /** what its template and its license say for it, and the question */
  terms?: Fields;
  license?: Fields;
  ask?: Fields;
  /** what is done to it when its device has its seat */
  done?: (s: Shop, license: Fields) => Promise<unknown>;
};

const HERE = { country: "DE", ip: "203.0.113.7" };
const restriction = (type: string, value: string) => ({ type, operator: "allow", values: [value] });
const NAME = "the device";

const FAULTS: Fault[] = [
  { code: "SUSPENDED", done: (s, { id }) => s.post(`/v1/licenses/${String(id)}/suspend`, { reason: "r" }) },
  { code: "REVOKED", done: (s, { id }) => s.post(`/v1/licenses/${String(id)}/revoke`, { reason: "r" }) },
  { code: "EXPIRED", terms: { duration: "P10D", grace_period: "P1D" } },
  { code: "MAINTENANCE_EXPIRED", terms: { maintenance: "P5D" } },
  { code: "TRIAL_ALREADY_USED", terms: { type: "trial" }, done: usedElsewhere },
  { code: "PRODUCT_SCOPE_MISMATCH", ask: { product: "another" } },
  { code: "VERSION_NOT_ALLOWED", terms: { restrictions: [restriction("version", "^3.0.0")] } },
  { code: "GEO_NOT_ALLOWED", terms: { restrictions: [restriction("geographic", "FR")] } },
  { code: "IP_NOT_ALLOWED", terms: { restrictions: [restriction("ip_range", "198.51.100.0/24")] } },
  { code: "DOMAIN_NOT_ALLOWED", terms: { restrictions: [restriction("domain", "example.com")] }, ask: { domain: "example.org" } },
  { code: "DEVICE_BLACKLISTED", done: (s) => s.made("/v1/devices/blacklist", { fingerprint: device(NAME), reason: "r" }) },
  { code: "USER_SCOPE_MISMATCH", ask: { user: "bob" } },
  { code: "HEARTBEAT_NOT_STARTED", terms: { heartbeat: { required: true, interval_s: 60, on_dead: "keep" } } },
  { code: "TOO_MANY_MACHINES", done: (s, { id }) => s.patch(`/v1/licenses/${String(id)}`, { max_activations: 1 }) },
  { code: "TOO_MANY_CORES", done: (s, { id }) => s.patch(`/v1/licenses/${String(id)}`, { max_cores: 5 }) },
  { code: "TOO_MANY_USERS", done: (s, { id }) => s.patch(`/v1/licenses/${String(id)}`, { max_users: 1 }) },
  { code: "ENTITLEMENTS_MISSING", ask: { features: ["export"] } },
  { code: "CLONE_SUSPECTED", terms: { on_clone: "deny" }, done: (_, { activation }) => marked("clone_suspected_at", activation) },
  { code: "INTEGRITY_FAILED", done: (_, { activation }) => marked("integrity_failed_at", activation) },
];

async function marked(column: string, activation: unknown) {
  await env.DB_00.prepare(`update activations set ${column} = activated_at where id = ?`).bind(activation).run();
}

async function usedElsewhere(s: Shop, { id }: Fields) {
  await env.DB_00.prepare("update trial_uses set license_id = 'lic_another' where tenant_id = ? and license_id = ?")
    .bind(s.tenant.id, id)
    .run();
}

/** A license with some faults, its device and another one seated before they came, and the question that meets all of them. */
async function faulty(faults: readonly Fault[]) {
  const s = await shop();
  const restrictions = faults.flatMap(({ terms }) => (terms?.["restrictions"] as unknown[] | undefined) ?? []);
  const terms = Object.assign({ max_activations: 3 }, ...faults.map(({ terms }) => terms), { restrictions }) as Fields;
  const license = await s.license({ ...terms, restrictions: [] });
  const key = license["license_key"];
  await s.activate(key, "earlier", { user: "eve", cores: 3 });
  await s.later(1000);
  const seated = await s.activate(key, NAME, { user: "ada", cores: 3 });
  for (const { done } of faults) await done?.(s, { ...license, activation: seated.body["id"] });
  await env.DB_00.prepare("update licenses set overrides = json_set(overrides, '$.restrictions', json(?)) where id = ?")
    .bind(JSON.stringify(restrictions), license["id"])
    .run();
  await s.later(20 * DAY_MS);
  const ask = Object.assign(
    { license_key: key, fingerprint: device(NAME), user: "ada", version: "2.0.0" },
    ...faults.map((each) => each.ask),
  ) as Fields;
  return { s, license, ask };
}

const sets = fc.sample(fc.subarray(FAULTS), { numRuns: 25, seed: 5 });

test.each(
  [[], FAULTS, ...FAULTS.map((fault) => [fault]), ...sets].map((faults) => [
    faults.map(({ code }) => code).join(" ") || "nothing",
    faults,
  ]),
)("a validation, a dry run and the rule agree on %s", async (_, faults) => {
  const { s, license, ask } = await faulty(faults);
  const headers = { "x-latchkey-country": HERE.country, "x-latchkey-ip": HERE.ip };
  const real = await send("POST", "/v1/licenses/validate", ask, { key: s.keys.publishable, headers });
  const { evaluated_at: at, reasons, code, valid } = real.body;
  const expected = faults.map((fault) => fault.code);
  expect(reasons.map((reason: Fields) => reason["code"]).toSorted()).toEqual(expected.toSorted());

  const dry = await s.post(`/v1/licenses/validate?dry_run=true&at=${at}&country=${HERE.country}&ip=${HERE.ip}`, ask);
  expect(dry.body).toMatchObject({ reasons, code, valid, next: real.body["next"], token: null });

  const { key_hash: keyHash } =
    (await env.DB_00.prepare("select key_hash from licenses where id = ?").bind(license["id"]).first()) ?? {};
  const { device_hash: digest } =
    (await env.DB_00.prepare("select device_hash from activations where license_id = ? and user_ref = 'ada'")
      .bind(license["id"])
      .first()) ?? {};
  const asking = askedOf({ d1: env.DB_00, tenantId: s.tenant.id } as unknown as Asking);
  const how = { at: new Date(at), version: "2.0.0", user: String(ask["user"]), from: addressKey(HERE.ip) };
  const asked = await asking.byKey({ keyHashes: [String(keyHash)], devices: [String(digest)] }, how);
  if (!asked) throw new Error("The license is not there");
  const where = { ...HERE, ...ask, mayName: { domain: true, version: true } };
  const restricted = restrictionReasons(asked.snapshot.terms.restrictions, where);
  expect(decide(asked.snapshot, { ...ask, by: "key" }, how.at, restricted)).toMatchObject({ reasons, code, valid });
});
