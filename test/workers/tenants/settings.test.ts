import { env } from "cloudflare:workers";
import guide from "../../../docs/guides/settings.md?raw";
import { expect, test } from "vitest";
import { servedDocument, type Schema } from "../document/operations.ts";
import { send, world, type World } from "../world.ts";

type Groups = Record<string, Record<string, unknown>>;

async function settings(w: World): Promise<Groups> {
  const { object: _, id: __, created_at: ___, updated_at: ____, ...groups } = (await w.get("/v1/settings")).body;
  return groups;
}

/** `group.key` of every setting, with what belongs to it. */
const byName = <T>(groups: Record<string, Record<string, T>>): Map<string, T> =>
  new Map(
    Object.entries(groups).flatMap(([group, keys]) => Object.entries(keys).map(([key, value]) => [`${group}.${key}`, value])),
  );

test("a setting is changed alone, and the others keep their defaults", async () => {
  const w = await world();
  const changed = await w.patch("/v1/settings", { licensing: { grace_period: "P14D" } });
  expect(changed.body).toMatchObject({
    licensing: { grace_period: "P14D", key_storage: "sealed" },
    webhooks: { max_attempts: 10 },
  });
  expect((await w.get("/v1/settings")).body).toEqual(changed.body);
  expect((await w.patch("/v1/settings", { licensing: { grace_period: "soon" } })).body).toMatchObject({
    code: "invalid_request",
    errors: [{ pointer: "/licensing/grace_period" }],
  });
});

test("every setting says in the document what it is by default, and refuses what is none of its values", async () => {
  const w = await world();
  const before = await settings(w);
  const patch = (await servedDocument()).components?.schemas?.["SettingsPatch"]?.properties ?? {};
  const documented = byName(Object.fromEntries(Object.entries(patch).map(([group, schema]) => [group, schema.properties ?? {}])));
  expect([...documented.keys()].toSorted()).toEqual([...byName(before).keys()].toSorted());
  for (const [name, value] of byName(before)) {
    const said = (documented.get(name) as Schema & { description?: string }).description ?? "";
    expect(said, name).toMatch(/default/i);
    expect(said, name).toContain(
      value === null ? "Null" : Array.isArray(value) ? "none" : JSON.stringify(value).replaceAll('"', ""),
    );
    const [group, key] = name.split(".") as [string, string];
    for (const nonsense of [{}, -1, "", ...(typeof value === "boolean" ? [] : [true])]) {
      const refused = await w.patch("/v1/settings", { validation: { blind_for_s: 77 }, [group]: { [key]: nonsense } });
      expect([name, refused.status, refused.body["code"]]).toEqual([name, 400, "invalid_request"]);
    }
  }
  expect(await settings(w)).toEqual(before);
});

test.each([
  [
    "licensing.archive_activations_after",
    ["P31D", "P2M", "P10Y", null],
    ["P30D", "P1M", "PT1H", "P0D", "P10Y1D", "P121M", "90", 90],
  ],
  ["webhooks.disable_after_days", [1, 30], [0, 31, 1.5, null]],
  ["webhooks.catch_up_per_s", [1, 200], [0, 201, 0.5, null]],
  ["webhooks.rate_per_s", [1, 1_000, null], [0, 1_001, 2.5]],
])("%s has an end on both sides, and is changed alone", async (name, good, bad) => {
  const w = await world();
  const [group, key] = name.split(".") as [string, string];
  const before = await settings(w);
  for (const value of good) {
    const { status } = await w.patch("/v1/settings", { [group]: { [key]: value } });
    expect([value, status]).toEqual([value, 200]);
    expect(await settings(w)).toEqual({ ...before, [group]: { ...before[group], [key]: value } });
  }
  for (const value of bad) {
    const refused = await w.patch("/v1/settings", { [group]: { [key]: value } });
    expect([value, refused.status, refused.body["errors"]]).toMatchObject([value, 400, [{ pointer: `/${group}/${key}` }]]);
  }
  expect((await settings(w))[group]?.[key]).toEqual(good.at(-1));
});

test("the guide lists every setting with its default, and no other", async () => {
  const listed = new Map([...guide.matchAll(/^\| `(\w+\.\w+)` \| `([^`]+)` \|/gm)].map(([, name, value]) => [name, value]));
  const defaults = [...byName(await settings(await world()))].map(([name, value]) => [name, JSON.stringify(value)] as const);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(defaults));
});

test("a provider's secrets are sealed, shown by their last four, and never readable in the database", async () => {
  const w = await world();
  const body = { secret_key: "sk_live_canary4242", webhook_secret: "whsec_canarysecret9876", api_base: "http://127.0.0.1:8790" };
  const put = await w.put("/v1/payment_providers/stripe", body);
  expect(put).toMatchObject({
    status: 200,
    body: {
      secret_key_last4: "4242",
      webhook_secret_last4: "9876",
      hook_url: `https://latchkey.test/hooks/stripe/${w.tenant.id}`,
    },
  });
  expect((await w.get("/v1/payment_providers/stripe")).body).toEqual(put.body);
  const dump =
    JSON.stringify((await env.DB_00.prepare("select * from payment_providers").all()).results) +
    JSON.stringify((await env.DB_00.prepare("select * from events").all()).results);
  expect(dump).not.toContain("canary");
});

test("a sandbox takes test keys of its provider alone, and a tenant live ones", async () => {
  const w = await world();
  const live = { secret_key: "sk_live_a1b2c3", webhook_secret: "whsec_abcdef" };
  expect((await w.put("/v1/payment_providers/stripe", live, { key: w.keys.testSecret })).body).toMatchObject({
    code: "payment_provider_mode",
  });
  expect((await w.put("/v1/payment_providers/stripe", { ...live, secret_key: "sk_test_a1b2c3" })).body).toMatchObject({
    code: "payment_provider_mode",
  });
});

test("a tenant's verification keys are published, and those of nobody are not found", async () => {
  const w = await world();
  const jwks = await send("GET", `/.well-known/jwks/${w.tenant.id}.json`);
  expect(jwks).toMatchObject({ status: 200, body: { keys: [{ kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig" }] } });
  expect((await send("GET", "/.well-known/jwks/ten_unknown.json")).body).toMatchObject({ code: "tenant_not_found" });
});
