import { expect, test } from "vitest";
import { plansOf } from "../plans.ts";
import { shop } from "./shop.ts";

const strays = (plan: string[], wholeTenant: boolean) =>
  plan.filter(
    (line) =>
      (line.startsWith("SCAN") && !/VIRTUAL TABLE|\(subquery|CONSTANT ROW/.test(line)) ||
      // of webhook endpoints a tenant has fifty at most, and each may hear of an event
      (!wholeTenant && /\(tenant_id=\?\)/.test(line) && !line.includes("webhook_endpoints_live")),
  );

test("what a request asks of the database is found by an index, and reads nothing that was over long ago", async () => {
  const s = await shop();
  const plans = await plansOf(/licenses|activations/, async () => {
    const license = await s.license({ type: "concurrent", lease_s: 120, heartbeat: { interval_s: 60 } });
    const a = (await s.activate(license["license_key"], "a", { app_version: "1" })).body;
    await s.validate(license["license_key"], { fingerprint: "a", version: "1" });
    await s.later(120_000);
    await s.beat(a["activation_token"]);
    await s.later(60_000);
    await s.beat(a["activation_token"]);
    await s.post("/v1/licenses/lookup", { license_key: license["license_key"] });
    const { id } = license;
    for (const query of [
      "q=abc",
      "customer_id=c",
      "product_id=p",
      "template_id=t",
      "order_id=o",
      "external_id=e",
      "expires_before=2090-01-01T00:00:00Z",
    ]) {
      await s.get(`/v1/licenses?${query}`);
    }
    for (const query of [`license_id=${id}`, `license_id=${id}&status=active`, "external_id=e"])
      await s.get(`/v1/activations?${query}`);
    await s.patch(`/v1/licenses/${id}`, { issued_to: "x" });
    await s.post(`/v1/activations/${a["id"]}/deactivate`, {});
  });
  expect(plans.length).toBeGreaterThan(15);
  for (const { sql, plan } of plans) {
    expect(strays(plan, false), `${sql}\n${plan.join("\n")}`).toEqual([]);
    // only a list of a license's activations may meet released ones
    const seats = plan.filter((line) => line.includes("activations_license"));
    if (!/limit/.test(sql)) expect(seats, sql).toEqual([]);
  }
});

test("a list without a filter follows the key of its table, and reads no further than its page", async () => {
  const s = await shop();
  const plans = await plansOf(/licenses|activations/, async () => {
    for (const path of [
      "/v1/licenses",
      "/v1/licenses?status=active",
      "/v1/licenses?type=trial",
      "/v1/activations",
      "/v1/activations?status=active",
    ])
      await s.get(path);
  });
  expect(plans).toHaveLength(5);
  for (const { plan } of plans) {
    expect(strays(plan, true)).toEqual([]);
    // the users of one license are counted over its seats; the list itself must not be sorted
    expect(plan.filter((line) => /TEMP B-TREE/.test(line) && !line.includes("count(DISTINCT)"))).toEqual([]);
  }
});
