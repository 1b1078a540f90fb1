import { expect, test } from "vitest";
import { createVerifier } from "../../../../sdk/verifier/index.ts";
import { upTo } from "../../world.ts";
import { DAY_MS, device as fingerprintOf } from "../shop.ts";
import { airGap, claimsIn, pair, requestOf } from "./air.ts";

type Gap = Awaited<ReturnType<typeof airGap>>;

/** A gap with a license that is over and has no seat left, and short ways to make and use emergency codes for it. */
async function emergency() {
  const g: Gap = await airGap();
  const license = await g.offlineLicense({ max_activations: 1, grace_period: "P0D" });
  await g.activate(license["license_key"], "first");
  await g.later(400 * DAY_MS);
  const make = (more: Record<string, unknown> = {}) =>
    g.post("/v1/emergency_codes", { license_id: license["id"], reason: "the line stands still", ...more });
  const redeem = (code: unknown, more: Record<string, unknown>) => g.program("/v1/emergency_codes/redeem", { code, ...more });
  return { ...g, license, make, redeem };
}

test("a code lets a device run for a day beside every seat, whatever the license's end says", async () => {
  const e = await emergency();
  const made = await e.make();
  expect(made.status, made.text).toBe(201);
  expect(made.body["code"]).toMatch(/^EMC(-[0-9A-Z]{4}){6}$/);
  expect((await e.validate(e.license["license_key"], { fingerprint: fingerprintOf("second") })).body["valid"]).toBe(false);

  const used = await e.redeem(made.body["code"].toLowerCase(), { fingerprint: fingerprintOf("second") });
  expect(used.body).toMatchObject({ type: "emergency", license_file: null, ends_at: made.body["expires_at"] });
  const token = used.body["activation_token"];
  expect((await e.program("/v1/activations/validate", { activation_token: token })).body["valid"]).toBe(true);
  expect((await e.read(`/v1/licenses/${e.license["id"]}`))["activations_count"], "no seat").toBe(1);
  expect((await e.read(`/v1/emergency_codes/${made.body["id"]}`))["activation_id"]).toBe(used.body["id"]);

  await e.later(DAY_MS);
  expect((await e.program("/v1/activations/validate", { activation_token: token })).body["valid"]).toBe(false);
});

test("fifty devices use one code at once, and one has it, again and again", async () => {
  const e = await emergency();
  const { code } = (await e.make()).body;
  const answers = await Promise.all(upTo(50).map((n) => e.redeem(code, { fingerprint: fingerprintOf(`device-${n}`) })));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ body }) => body["code"] === "emergency_code_used")).toHaveLength(49);
  expect(await e.events("emergency_code.redeemed")).toHaveLength(1);
  const winner = answers.findIndex(({ status }) => status === 201);
  const again = await e.redeem(code, { fingerprint: fingerprintOf(`device-${winner + 1}`) });
  expect([again.status, again.text]).toEqual([200, answers[winner]?.text]);
});

test("one device that uses its code fifty times at once has one activation", async () => {
  const e = await emergency();
  const { code } = (await e.make()).body;
  const answers = await Promise.all(upTo(50).map(() => e.redeem(code, { fingerprint: fingerprintOf("one") })));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(await e.events("activation.created")).toHaveLength(2);
});

test("a license gets three codes within thirty days, twenty tries at once or not", async () => {
  const e = await emergency();
  const answers = await Promise.all(upTo(20).map(() => e.make()));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  expect(answers.filter(({ body, status }) => status === 429 && body["code"] === "emergency_limit_reached")).toHaveLength(17);
  await e.later(30 * DAY_MS);
  expect((await e.make()).status).toBe(201);
});

test("no emergency helps a license that somebody stopped, a device that is shut out, or one that it is not for", async () => {
  const e = await emergency();
  const bound = (await e.make({ fingerprint: fingerprintOf("mine") })).body["code"];
  const use = async (name: string, code = bound) => (await e.redeem(code, { fingerprint: fingerprintOf(name) })).body["code"];
  expect(await use("another")).toBe("emergency_code_for_another_device");
  expect(await use("mine", "EMC-0000-0000-0000-0000-0000-0000")).toBe("emergency_code_not_found");

  const entry = await e.post("/v1/devices/blacklist", { fingerprint: fingerprintOf("mine"), reason: "stolen" });
  expect(await use("mine")).toBe("device_blacklisted");
  await e.delete(`/v1/devices/blacklist/${entry.body["id"]}`);
  await e.post(`/v1/licenses/${e.license["id"]}/suspend`, { reason: "abuse", cause: "abuse" });
  expect(await use("mine")).toBe("license_not_active");
  expect((await e.make()).body["code"]).toBe("license_not_active");
  await e.post(`/v1/licenses/${e.license["id"]}/reinstate`, { cause: "abuse" });
  await e.later(DAY_MS);
  expect(await use("mine")).toBe("emergency_code_expired");
  const fresh = (await e.make()).body["code"];
  await e.post(`/v1/licenses/${e.license["id"]}/revoke`, { reason: "published" });
  expect(await use("mine", fresh)).toBe("license_not_active");
});

test("a device without a connection gets a file for its emergency, bound to it, for a day", async () => {
  const e = await emergency();
  const { code } = (await e.make()).body;
  const device = await pair();
  const request = await requestOf(e.asked(e.license, "press-4", device));
  const used = await e.redeem(code, { request });
  expect(used.status, used.text).toBe(201);
  const file = used.body["license_file"];
  expect((await e.redeem(code, { request })).body["license_file"]).toBe(file);
  const other = await requestOf(e.asked(e.license, "press-4", device));
  expect((await e.redeem(code, { request: other })).body["code"]).toBe("request_superseded");

  const claims = claimsIn(file.split("~")[1]);
  expect(claims["exp"] - claims["iat"]).toBeLessThanOrEqual(24 * 3600);
  const { body } = await e.get("/v1/offline/roots");
  const roots = [body["current"].x, body["next"].x];
  const verifier = createVerifier({ tenant: e.tenant.id, product: e.productId, roots });
  const asked = { now: claims["iat"] + 60, fingerprint: "press-4" };
  expect(await verifier.verify(file, asked)).toMatchObject({ code: "OK", decision: { valid: true } });
  expect((await verifier.verify(file, { ...asked, fingerprint: "press-5" })).code).toBe("WRONG_DEVICE");
  expect((await verifier.verify(file, { ...asked, now: claims["exp"] })).code).toBe("FILE_EXPIRED");

  const foreign = await e.offlineLicense();
  const proof = await requestOf(e.asked(foreign, "press-4", device));
  expect((await e.redeem(code, { request: proof })).body["code"], "another license's proof").toBe("license_not_found");
});
