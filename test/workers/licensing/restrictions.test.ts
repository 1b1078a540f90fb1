import { expect, test } from "vitest";
import { world, type World } from "../world.ts";

async function restricted(w: World, restrictions: unknown[]) {
  const product = await w.post("/v1/products", { name: "P", code: "p" });
  const template = await w.post("/v1/templates", {
    name: "T",
    product_id: product.body["id"],
    type: "perpetual",
    model: "per_device",
    restrictions,
  });
  const customer = await w.post("/v1/customers", { name: "C", email: "c@c.example", kind: "person" });
  const license = await w.post("/v1/licenses", { template_id: template.body["id"], customer_id: customer.body["id"] });
  return license.body["license_key"] as string;
}

const from = (country: string, ip = "203.0.113.7") => ({ "x-latchkey-country": country, "x-latchkey-ip": ip });

test("a license for some countries validates and activates there alone", async () => {
  const w = await world();
  const license_key = await restricted(w, [{ type: "geographic", operator: "allow", values: ["DE"] }]);
  const ask = (country: string) =>
    w.post("/v1/licenses/validate", { license_key }, { headers: from(country), key: w.keys.publishable });
  expect((await ask("DE")).body).toMatchObject({ valid: true });
  expect((await ask("FR")).body).toMatchObject({ valid: false, code: "GEO_NOT_ALLOWED", next: { action: "contact_vendor" } });
  expect((await w.post("/v1/licenses/validate", { license_key })).body).toMatchObject({ code: "GEO_NOT_ALLOWED" });

  const activate = (country: string) =>
    w.post("/v1/activations", { license_key, fingerprint: "f".repeat(64) }, { headers: from(country) });
  expect(await activate("FR")).toMatchObject({
    status: 403,
    body: { code: "restriction_violated", reasons: [{ code: "GEO_NOT_ALLOWED" }] },
  });
  const seat = await activate("DE");
  expect(seat.status).toBe(201);
  const token = { activation_token: seat.body["activation_token"] };
  expect((await w.post("/v1/activations/validate", token, { headers: from("FR") })).body).toMatchObject({
    code: "GEO_NOT_ALLOWED",
  });
});

test("a dry run judges from another country and address", async () => {
  const w = await world();
  const license_key = await restricted(w, [{ type: "ip_range", operator: "allow", values: ["198.51.100.0/24"] }]);
  const dry = await w.post("/v1/licenses/validate?dry_run=true&ip=198.51.100.9", { license_key }, { headers: from("DE") });
  expect(dry.body).toMatchObject({ valid: true });
  expect((await w.post("/v1/licenses/validate?dry_run=true&ip=203.0.113.9", { license_key })).body).toMatchObject({
    code: "IP_NOT_ALLOWED",
  });
});

test("a license for some versions and domains asks for both, and takes no others", async () => {
  const w = await world();
  const license_key = await restricted(w, [
    { type: "version", operator: "allow", values: ["^2.0.0"] },
    { type: "domain", operator: "allow", values: ["example.com"] },
  ]);
  const ask = async (more: object) =>
    (await w.post("/v1/licenses/validate", { license_key, ...more })).body["reasons"].map(
      (reason: { code: string }) => reason.code,
    );
  expect(await ask({})).toEqual(["VERSION_SCOPE_REQUIRED", "DOMAIN_SCOPE_REQUIRED"]);
  expect(await ask({ version: "3.1.0", domain: "example.org" })).toEqual(["VERSION_NOT_ALLOWED", "DOMAIN_NOT_ALLOWED"]);
  expect(await ask({ version: "2.1.0", domain: "shop.example.com" })).toEqual([]);
  const seat = { license_key, fingerprint: "f".repeat(64), app_version: "3.0.0" };
  expect(await w.post("/v1/activations", seat)).toMatchObject({ status: 409, body: { code: "license_not_active" } });
});
