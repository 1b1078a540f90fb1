import { expect, test } from "vitest";
import { asHost } from "../events/host.ts";
import { upTo } from "../world.ts";
import { shop, type Shop } from "./shop.ts";

/** What the story of an order asks of the edge. */
function story(s: Shop, id: string) {
  const ref = { tenant_id: s.tenant.id, order_id: id };
  return {
    read: () => asHost("/internal/orders/fulfillment", ref),
    issue: (from: number, to: number) => asHost("/internal/orders/issue_licenses", { ...ref, from, to }),
    complete: () => asHost("/internal/orders/complete", ref),
  };
}

async function approved(s: Shop, more: object = {}) {
  const { id } = (await s.order(more)).body as { id: string };
  await s.post(`/v1/orders/${id}/approve`);
  return id;
}

test("an order is fulfilled when every license of it exists, and that is told once", async () => {
  const s = await shop({ stripe: null });
  const id = await approved(s, {
    items: [
      { template_id: s.templateId, quantity: 2 },
      { template_id: s.templateId, quantity: 1 },
    ],
  });
  const { read, issue, complete } = story(s, id);
  const asked = {
    status: "approved",
    payment_status: "pending",
    quantity: 3,
    chunk: 50,
    customer_id: s.customerId,
    number: "ORD-000001",
  };
  expect((await read()).body).toEqual({ ...asked, issued: 0, licenses_ready: false });
  expect(await complete()).toMatchObject({
    status: 409,
    body: { code: "licenses_missing", detail: "0 of 3 licenses were issued." },
  });

  await issue(0, 2);
  expect((await read()).body).toMatchObject({ issued: 2, licenses_ready: false });
  expect(await complete()).toMatchObject({ status: 409, body: { code: "licenses_missing" } });
  await issue(2, 3);
  expect((await read()).body).toMatchObject({ issued: 3, licenses_ready: true });

  const answers = await Promise.all(upTo(5).map(() => complete()));
  expect(answers.map(({ status, body }) => [status, body])).toEqual(upTo(5).map(() => [200, { status: "fulfilled" }]));
  const order = await s.read(id);
  expect(order).toMatchObject({ status: "fulfilled", license_ids: expect.any(Array) });
  expect(order["fulfilled_at"]).not.toBeNull();
  const licenses = (await s.get(`/v1/licenses?order_id=${id}`)).body["data"].map((license: { id: string }) => license.id);
  expect(order["license_ids"].toSorted()).toEqual(licenses.toSorted());
  expect(order["license_ids"]).toHaveLength(3);
  expect((await s.get("/v1/orders")).body["data"]).toEqual([order]);

  const [told, ...others] = await s.told("order.fulfilled", id);
  expect(others).toEqual([]);
  expect(told).toMatchObject({
    actor_type: "workflow",
    data: { object: { license_ids: order["license_ids"] }, previous: { status: "approved", fulfilled_at: null } },
  });
  for (const action of ["approve", "fulfill"]) expect((await s.post(`/v1/orders/${id}/${action}`)).body).toEqual(order);
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 409, body: { code: "order_approved" } });
});

test("an order that is not approved gets no licenses and is not completed; a canceled one says so", async () => {
  const s = await shop({ stripe: null });
  const { id } = (await s.order()).body as { id: string };
  const { issue, complete } = story(s, id);
  expect((await issue(0, 1)).status).toBe(409);
  expect(await complete()).toMatchObject({ status: 409, body: { code: "order_not_approved" } });
  await s.post(`/v1/orders/${id}/cancel`);
  expect((await complete()).body).toEqual({ status: "canceled" });
  expect(await s.read(id)).toMatchObject({ status: "canceled", license_ids: [] });
});

test("an order whose money went back is not completed", async () => {
  const s = await shop();
  const { body } = await s.order();
  const { issue, complete } = story(s, body["id"]);
  await s.stripe.pay(body["payment"].client_secret);
  await s.bring();
  await issue(0, 1);
  await s.stripe.call("POST", "/v1/refunds", { payment_intent: body["payment"].provider_ref });
  await s.bring();
  expect(await complete()).toMatchObject({ status: 409, body: { code: "payment_reversed" } });
});

test("a story finds no order of another tenant, and none of a tenant that is not there", async () => {
  const [s, other] = [await shop({ stripe: null }), await shop({ stripe: null })];
  const id = await approved(s);
  for (const path of ["fulfillment", "complete"]) {
    expect(await asHost(`/internal/orders/${path}`, { tenant_id: other.tenant.id, order_id: id })).toMatchObject({
      status: 404,
      body: { code: "order_not_found" },
    });
    expect(await asHost(`/internal/orders/${path}`, { tenant_id: "ten_unknown", order_id: id })).toMatchObject({
      status: 404,
      body: { code: "tenant_gone" },
    });
  }
});
