import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { asHost } from "../events/host.ts";
import { upTo } from "../world.ts";
import { meanwhile } from "./meanwhile.ts";
import { DAY_MS, shop, type Shop } from "./shop.ts";

/** An order that is paid by other means, and approved by hand. */
async function approved(s: Shop, quantity: number, fields: Record<string, unknown> = {}, terms: Record<string, unknown> = {}) {
  const { id: template } = await s.template({ pricing: { currency: "EUR", unit_amount: 4900 }, ...terms });
  const items = [{ template_id: template, quantity, ...fields }];
  const order = await s.made("/v1/orders", {
    customer_id: s.customer["id"],
    items,
    provider: "manual",
    fulfillment_method: "manual",
  });
  await s.post(`/v1/orders/${order["id"]}/approve`, {});
  return { orderId: String(order["id"]), template: String(template) };
}

const issue = (s: Shop, orderId: string, from: number, to: number) =>
  asHost("/internal/orders/issue_licenses", { tenant_id: s.tenant.id, order_id: orderId, from, to });

const licensesOf = async (s: Shop, orderId: string) => (await s.read(`/v1/licenses?order_id=${orderId}&limit=100`))["data"];

test("an order gets exactly its licenses, however often and from however many sides they are issued", async () => {
  const s = await shop();
  const { orderId } = await approved(s, 7);
  const answers = await Promise.all(upTo(4).flatMap(() => [issue(s, orderId, 0, 5), issue(s, orderId, 3, 50)]));
  for (const { status } of answers) expect(status).toBe(200);
  expect(answers.reduce((sum, { body }) => sum + body["issued"], 0)).toBe(7);
  const licenses = await licensesOf(s, orderId);
  expect(licenses).toHaveLength(7);
  expect(await s.events("license.created")).toHaveLength(7);
  expect((await issue(s, orderId, 0, 7)).body).toEqual({ issued: 0 });
  // their ids sort as they were ordered, so a list shows the last one first
  const ids = licenses.map(({ id }: { id: string }) => id);
  expect(ids).toEqual(ids.toSorted().toReversed());
  expect(licenses[0]).toMatchObject({
    order_id: orderId,
    status: "active",
    issued_to: "ada@customer.example",
    customer_id: s.customer["id"],
  });
});

test("a license of an order has the terms that the line pins, with what the line says otherwise", async () => {
  const s = await shop();
  const { orderId, template } = await approved(s, 1, { duration: "P3M", entitlements: [{ feature: "export", limit_value: 4 }] });
  await s.patch(`/v1/templates/${template}`, { max_activations: 99 });
  await issue(s, orderId, 0, 1);
  const [license] = await licensesOf(s, orderId);
  expect(license).toMatchObject({ template_rev: 1, max_activations: 1, entitlements: [{ feature: "export", limit_value: 4 }] });
  const days = (Date.parse(license["expires_at"]) - Date.parse(license["starts_at"])) / DAY_MS;
  expect(days).toBeLessThan(93);
});

test("nothing is issued for orders that are unpaid, canceled, unknown or another tenant's", async () => {
  const s = await shop();
  const other = await shop();
  const { id: template } = await s.template({ pricing: { currency: "EUR", unit_amount: 4900 } });
  const order = await s.made("/v1/orders", {
    customer_id: s.customer["id"],
    items: [{ template_id: template, quantity: 1 }],
    provider: "manual",
  });
  expect((await issue(s, order["id"], 0, 1)).body).toMatchObject({ status: 409, code: "order_not_ready" });
  await s.post(`/v1/orders/${order["id"]}/cancel`, {});
  expect((await issue(s, order["id"], 0, 1)).body).toMatchObject({ status: 409, code: "order_not_ready" });
  const { orderId } = await approved(s, 1);
  expect((await issue(other, orderId, 0, 1)).body).toMatchObject({ status: 404, code: "order_not_found" });
  expect((await issue(s, "ord_none", 0, 1)).status).toBe(404);
  expect(
    (await asHost("/internal/orders/issue_licenses", { tenant_id: "ten_none", order_id: orderId, from: 0, to: 1 })).status,
  ).toBe(404);
  expect((await issue(s, orderId, 0, 51)).status).toBe(400);
  expect((await issue(s, orderId, 2, 1)).status).toBe(400);
  expect(await licensesOf(s, orderId)).toEqual([]);
});

test("where digests alone are kept, the key of an ordered license is revealed once, or not after 30 days", async () => {
  const s = await shop();
  await s.setting({ key_storage: "hash_only" });
  const { orderId } = await approved(s, 2);
  await issue(s, orderId, 0, 2);
  const [a, b] = await licensesOf(s, orderId);
  const reveal = (id: string) => s.post(`/v1/licenses/${id}/reveal_key`);

  const answers = await Promise.all(upTo(5).map(() => reveal(a["id"])));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ body }) => body["code"] === "license_key_not_kept")).toHaveLength(4);
  expect(await s.events("license.key_revealed")).toHaveLength(1);
  const key = answers.find(({ status }) => status === 200)?.body["license_key"];
  expect((await s.validate(key)).body["code"]).toBe("VALID");
  const kept = await env.DB_00.prepare("select key_sealed from licenses where id = ?").bind(a["id"]).first("key_sealed");
  expect(kept).toBeNull();

  await s.later(30 * DAY_MS);
  expect((await reveal(b["id"])).body["code"]).toBe("license_key_not_kept");
});

test("an order that is called off between looking at it and issuing gets no license", async () => {
  const s = await shop();
  const { orderId } = await approved(s, 3);
  const happened = meanwhile(/insert into "licenses"/, () =>
    env.DB_00.prepare("update orders set status = 'canceled', version = version + 1 where id = ?").bind(orderId).run(),
  );
  expect((await issue(s, orderId, 0, 3)).body).toMatchObject({ status: 409, code: "order_not_ready" });
  expect(happened()).toBe(true);
  expect(await licensesOf(s, orderId)).toEqual([]);
});

test("an order gives the trials that it names, however many, and they use up its customer's", async () => {
  const s = await shop();
  const { orderId, template } = await approved(s, 2, {}, { type: "trial", duration: "P14D" });
  expect((await issue(s, orderId, 0, 2)).body).toEqual({ issued: 2 });
  const [, first] = await licensesOf(s, orderId);
  const again = await s.post("/v1/licenses", { template_id: template, customer_id: s.customer["id"] });
  expect(again.body["code"]).toBe("trial_already_used");
  expect(again.body["detail"]).toContain(first["id"]);
});
