import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { send, world } from "../world.ts";

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
