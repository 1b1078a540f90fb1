import { expect, test } from "vitest";
import { DAY_MS, device, shop, type Shop } from "./shop.ts";

type Fields = Record<string, unknown>;

const change = (s: Shop, license: Fields, body: Fields) => s.post(`/v1/licenses/${String(license["id"])}/change_template`, body);
const fieldsOf = (answer: Fields) => (answer["changes"] as { field: string }[]).map(({ field }) => field).sort();

test("a change of template tells each term before and after, keeps the period's end, and a dry run changes nothing", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 5, duration: "P1Y", grace_period: "P30D" });
  const small = await s.template({ name: "Small", max_activations: 2, duration: "P1M", grace_period: "P7D", max_transfers: 1 });

  const preview = await change(s, license, { template_id: small["id"], dry_run: true });
  expect(preview.status).toBe(200);
  expect(preview.body).toMatchObject({
    object: "template_change",
    dry_run: true,
    own_terms: [],
    dropped_terms: [],
    over_limits: [],
  });
  expect(fieldsOf(preview.body)).toEqual(["duration", "grace_period", "grace_until", "max_activations", "max_transfers"]);
  expect(preview.body["changes"]).toContainEqual({ field: "max_activations", before: 5, after: 2 });
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({
    template_id: license["template_id"],
    max_activations: 5,
  });
  expect(await s.events("license.template_changed")).toEqual([]);

  const done = await change(s, license, { template_id: small["id"] });
  const { dry_run: _, license: after, ...said } = done.body;
  const { dry_run: __, license: ___, ...foretold } = preview.body;
  expect(said).toEqual(foretold);
  expect(after).toMatchObject({
    template_id: small["id"],
    template_rev: 1,
    max_activations: 2,
    expires_at: license["expires_at"],
  });
  expect(Date.parse(after["grace_until"]) - Date.parse(after["expires_at"])).toBe(7 * DAY_MS);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toEqual(after);
  expect(await s.events("license.template_changed")).toHaveLength(1);
});

test("devices beyond the new limit are named in the order they came, keep their seats, and are validated by the limit", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 4 });
  const ids: string[] = [];
  for (const name of ["a", "b", "c"]) {
    ids.push((await s.activate(license["license_key"], name)).body["id"]);
    await s.later(1000);
  }
  const small = await s.template({ max_activations: 1 });
  const { body } = await change(s, license, { template_id: small["id"] });
  expect(body["over_limits"]).toEqual(["3 seats are held, and the limit is 1."]);
  expect(body["activations_beyond"]).toEqual([ids[1], ids[2]]);
  const codeOf = async (name: string) => (await s.validate(license["license_key"], { fingerprint: device(name) })).body["valid"];
  expect([await codeOf("a"), await codeOf("b"), await codeOf("c")]).toEqual([true, false, false]);
  expect((await s.read(`/v1/licenses/${license["id"]}`))["activations_count"]).toBe(3);
});

test("where the new model counts users, the devices of the users beyond its limit are named", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 9 });
  const id = async (name: string, user: string) => {
    const { body } = await s.activate(license["license_key"], name, { user });
    await s.later(1000);
    return body["id"];
  };
  const [, , hers] = [await id("a1", "ada"), await id("a2", "ada"), await id("b1", "bob")];
  await id("a3", "ada");
  const seats = await s.template({ model: "per_seat", max_activations: 1 });
  const { body } = await change(s, license, { template_id: seats["id"] });
  expect(body["license"]["activations_count"]).toBe(2);
  expect(body["activations_beyond"]).toEqual([hers]);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toEqual(body["license"]);
});

test("what a license has of its own stays and is told; what means nothing under the new template is dropped and told", async () => {
  const s = await shop();
  const license = await s.license(
    { type: "concurrent", lease_s: 1200, max_activations: 3 },
    { lease_s: 2400, max_activations: 8, grace_period: "P1D" },
  );
  const fixed = await s.template({ max_activations: 2 });
  const { body } = await change(s, license, { template_id: fixed["id"] });
  expect(body).toMatchObject({ dropped_terms: ["lease_s"], license: { max_activations: 8, type: "subscription" } });
  expect(body["own_terms"].sort()).toEqual(["grace_period", "max_activations"]);
});

test("a license moves to an older or the newest revision of its own template, also when that is archived", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 1 });
  const template = String(license["template_id"]);
  await s.patch(`/v1/templates/${template}`, { max_activations: 6 });
  await s.post(`/v1/templates/${template}/archive`);
  const newest = await change(s, license, { template_id: template });
  expect(newest.body["license"]).toMatchObject({ template_rev: 2, max_activations: 6 });
  const back = await change(s, license, { template_id: template, rev: 1 });
  expect(back.body["license"]).toMatchObject({ template_rev: 1, max_activations: 1 });
  expect((await change(s, license, { template_id: template, rev: 7 })).body["code"]).toBe("revision_not_found");
});

test("templates of other products, archived ones, and those on the other side of a trial are refused", async () => {
  const s = await shop();
  const license = await s.license();
  const code = async (of: Fields, template: Fields) => (await change(s, of, { template_id: template["id"] })).body["code"];
  const other = await s.made("/v1/products", { name: "Other", code: "other" });
  expect(await code(license, await s.template({ product_id: other["id"] }))).toBe("other_product");
  const gone = await s.template();
  await s.post(`/v1/templates/${gone["id"]}/archive`);
  expect(await code(license, gone)).toBe("template_archived");
  const trial = await s.template({ type: "trial", duration: "P14D" });
  expect(await code(license, trial)).toBe("trial_boundary");
  const tried = await s.made("/v1/licenses", { template_id: trial["id"], customer_id: s.customer["id"] });
  expect(await code(tried, await s.template())).toBe("trial_boundary");
  expect(await code(license, { id: "tpl_none" })).toBe("template_not_found");
  await s.post(`/v1/licenses/${license["id"]}/revoke`, { reason: "over" });
  expect(await code(license, await s.template())).toBe("invalid_transition");
});

test("a license that waited for its first use begins where its new template counts from its start, and so does its chain of terms", async () => {
  const s = await shop();
  const license = await s.license({ expiry_basis: "first_activation", duration: "P1Y" });
  const { body } = await change(s, license, { template_id: (await s.template({ duration: "P6M" }))["id"] });
  expect(body["license"]["status"]).toBe("active");
  const [term, ...rest] = (await s.read(`/v1/licenses/${license["id"]}/terms`))["data"];
  expect(rest).toEqual([]);
  expect(term).toMatchObject({ starts_at: license["starts_at"], ends_at: body["license"]["expires_at"] });
});

test("a trial is converted in place: id, key and devices stay, and the paid period begins at that moment", async () => {
  const s = await shop();
  const license = await s.license({ type: "trial", duration: "P14D" });
  const { id } = (await s.activate(license["license_key"], "a")).body;
  await s.later(10 * DAY_MS);
  const paid = await s.template({ duration: "P1M", max_activations: 3 });
  const { status, body } = await s.post(`/v1/licenses/${license["id"]}/convert`, { template_id: paid["id"] });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    id: license["id"],
    key_last4: license["key_last4"],
    type: "subscription",
    template_id: paid["id"],
    max_activations: 3,
    activations_count: 1,
    auto_renew: true,
  });
  const days = (Date.parse(body["expires_at"]) - Date.parse(body["converted_at"])) / DAY_MS;
  expect(days).toBeGreaterThanOrEqual(28);
  expect(days).toBeLessThanOrEqual(31);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toEqual(body);
  expect((await s.read(`/v1/activations/${id}`))["status"]).toBe("active");
  expect((await s.validate(license["license_key"], { fingerprint: device("a") })).body["valid"]).toBe(true);
  const terms = (await s.read(`/v1/licenses/${license["id"]}/terms`))["data"];
  expect(terms[0]).toMatchObject({ cause: "conversion", starts_at: body["converted_at"], ends_at: body["expires_at"] });
  expect(terms).toHaveLength(2);
  expect(await s.events("license.converted")).toHaveLength(1);
  // once
  const again = await s.post(`/v1/licenses/${license["id"]}/convert`, { template_id: paid["id"] });
  expect([again.status, again.body["code"]]).toEqual([409, "not_a_trial"]);
  // and the trial stays used
  const second = await s.post("/v1/licenses", { template_id: license["template_id"], customer_id: s.customer["id"] });
  expect(second.body["code"]).toBe("trial_already_used");
});

test("a trial that is over is converted too, and one of what a template sells becomes just that", async () => {
  const s = await shop();
  const template = await s.template({ duration: "P1Y", trial: { allowed: true, duration: "P14D" } });
  const license = await s.made("/v1/licenses", { template_id: template["id"], customer_id: s.customer["id"], trial: true });
  await s.later(40 * DAY_MS);
  expect((await s.validate(license["license_key"])).body["code"]).toBe("EXPIRED");
  const { body } = await s.post(`/v1/licenses/${license["id"]}/convert`, {});
  expect(body).toMatchObject({ type: "subscription", status: "active", template_id: template["id"], auto_renew: true });
  expect(body["grace_until"]).not.toBeNull();
  expect((await s.validate(license["license_key"])).body["valid"]).toBe(true);
});

test("a trial is not converted into a trial, nor what was revoked", async () => {
  const s = await shop();
  const license = await s.license({ type: "trial", duration: "P14D" });
  const convert = async (body: Fields) => (await s.post(`/v1/licenses/${license["id"]}/convert`, body)).body["code"];
  expect(await convert({})).toBe("trial_boundary");
  expect(await convert({ template_id: (await s.template({ type: "evaluation" }))["id"] })).toBe("trial_boundary");
  await s.post(`/v1/licenses/${license["id"]}/revoke`, { reason: "over" });
  expect(await convert({ template_id: (await s.template())["id"] })).toBe("invalid_transition");
});

test("a device whose trial was another license uses one that is converted", async () => {
  const s = await shop();
  const bob = await s.made("/v1/customers", { name: "Bob", email: "bob@customer.example", kind: "person" });
  const trial = await s.template({ type: "trial", duration: "P14D" });
  const of = (customer: Fields) => s.made("/v1/licenses", { template_id: trial["id"], customer_id: customer["id"] });
  const [first, second] = [await of(s.customer), await of(bob)];
  await s.activate(first["license_key"], "same");
  expect((await s.activate(second["license_key"], "same")).status).toBe(409);
  await s.post(`/v1/licenses/${second["id"]}/convert`, { template_id: (await s.template())["id"] });
  expect((await s.activate(second["license_key"], "same")).status).toBe(201);
});

test("a license that is under the template and revision already stays as it is, and nothing is told", async () => {
  const s = await shop();
  const license = await s.license();
  const path = `/v1/licenses/${license["id"]}`;
  const before = await s.read(path);
  const same = await s.post(`${path}/change_template`, { template_id: license["template_id"] });
  expect(same.status).toBe(200);
  expect(await s.read(path)).toEqual(before);
  expect(await s.events("license.template_changed")).toHaveLength(0);
});
