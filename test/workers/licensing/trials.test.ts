import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { DAY_MS, shop, type Shop } from "./shop.ts";

const customer = (s: Shop, name: string) => s.made("/v1/customers", { name, email: `${name}@customer.example`, kind: "person" });

/** A template that sells something, and lets it be tried for two weeks. */
const tried = (s: Shop, more: Record<string, unknown> = {}) =>
  s.template({ duration: "P1Y", grace_period: "P30D", trial: { allowed: true, duration: "P14D" }, max_activations: 3, ...more });

test("a customer has one trial of a product, whatever the template, and the refusal names the license that was it", async () => {
  const s = await shop();
  const first = await s.license({ type: "trial", duration: "P14D" });
  const evaluation = await s.template({ type: "evaluation", duration: "P30D" });
  const again = await s.post("/v1/licenses", { template_id: evaluation["id"], customer_id: s.customer["id"] });
  expect([again.status, again.body["code"]]).toEqual([409, "trial_already_used"]);
  expect(again.body["detail"]).toContain(first["id"]);
  expect((await s.read("/v1/licenses"))["data"]).toHaveLength(1);
  expect(await s.events("license.created")).toHaveLength(1);

  // another customer, another product, and what is paid for are no second trial
  const bob = await customer(s, "bob");
  await s.made("/v1/licenses", { template_id: evaluation["id"], customer_id: bob["id"] });
  const other = await s.made("/v1/products", { name: "Other", code: "other" });
  await s.license({ type: "trial", duration: "P14D", product_id: other["id"] });
  await s.license();
});

test("of many trials that a customer asks for at once, one is given", async () => {
  const s = await shop();
  const { id } = await s.template({ type: "trial", duration: "P14D" });
  const body = { template_id: id, customer_id: s.customer["id"] };
  const answers = await Promise.all(upTo(10).map(() => s.post("/v1/licenses", body)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter((answer) => answer.body["code"] === "trial_already_used")).toHaveLength(9);
});

test("a trial stays used when its license is over or revoked", async () => {
  const s = await shop();
  const { id } = await s.template({ type: "trial", duration: "P14D" });
  const body = { template_id: id, customer_id: s.customer["id"] };
  const license = await s.made("/v1/licenses", body);
  await s.later(40 * DAY_MS);
  expect((await s.post("/v1/licenses", body)).body["code"]).toBe("trial_already_used");
  await s.post(`/v1/licenses/${license["id"]}/revoke`, { reason: "leaked" });
  expect((await s.post("/v1/licenses", body)).body["code"]).toBe("trial_already_used");
});

test("what a template sells is tried for the length of its trial, with nothing behind the end", async () => {
  const s = await shop();
  const { id } = await tried(s, { expiration_strategy: "allow", auto_renew: true });
  const license = await s.made("/v1/licenses", {
    template_id: id,
    customer_id: s.customer["id"],
    trial: true,
    starts_at: "2026-03-01T00:00:00Z",
  });
  expect(license).toMatchObject({
    type: "trial",
    template_id: id,
    expires_at: "2026-03-15T00:00:00.000Z",
    grace_until: null,
    auto_renew: false,
    max_activations: 3,
  });
  expect((await s.validate(license["license_key"])).body).toMatchObject({ valid: false, code: "EXPIRED" });
  // it stays one whatever is changed of it
  const changed = await s.patch(`/v1/licenses/${license["id"]}`, { max_activations: 4 });
  expect(changed.body).toMatchObject({ type: "trial", max_activations: 4, auto_renew: false });

  const again = await s.post("/v1/licenses", { template_id: id, customer_id: s.customer["id"], trial: true });
  expect(again.body["code"]).toBe("trial_already_used");
  const paid = await s.made("/v1/licenses", { template_id: id, customer_id: s.customer["id"] });
  expect(paid).toMatchObject({ type: "subscription", auto_renew: true });
});

test("a floating license on trial keeps its seats, and a device has that trial once", async () => {
  const s = await shop();
  const { id } = await tried(s, { type: "concurrent", lease_s: 1200, max_activations: 1 });
  const bob = await customer(s, "bob");
  const trial = (customer_id: unknown) => s.made("/v1/licenses", { template_id: id, customer_id, trial: true });
  const [hers, his] = [await trial(s.customer["id"]), await trial(bob["id"])];
  expect((await s.activate(hers["license_key"], "a")).body["lease_expires_at"]).toBeNull();
  await s.later(DAY_MS);
  expect((await s.activate(hers["license_key"], "b")).body["code"]).toBe("seat_limit_reached");
  expect((await s.activate(his["license_key"], "a")).body["reasons"]).toMatchObject([{ code: "TRIAL_ALREADY_USED" }]);
});

test.each([
  ["where the template offers none", {}, {}, 409, "trial_not_offered"],
  ["of another length than the template's", { trial: { allowed: true } }, { duration: "P1Y" }, 400, "invalid_request"],
  ["without an end", { trial: { allowed: true } }, { expires_at: null }, 400, "invalid_request"],
])("a trial %s is refused", async (_, terms, fields, status, code) => {
  const s = await shop();
  const { id } = await s.template(terms);
  const answer = await s.post("/v1/licenses", { template_id: id, customer_id: s.customer["id"], trial: true, ...fields });
  expect([answer.status, answer.body["code"]]).toEqual([status, code]);
});
