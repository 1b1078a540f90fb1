import { afterAll, beforeAll, expect, test } from "vitest";
import { callerOf, eventsAfter, expectNothingStuck, installation, pay, received, until, upTo } from "./installation.ts";

type Installed = Awaited<ReturnType<typeof installation>>;

let installed: Installed;
beforeAll(async () => {
  installed = await installation("crashes");
});
afterAll(() => installed?.stop());

/** Places and pays orders, and kills a part as soon as the payments are made; returns the orders' ids and when the part was killed. */
async function paidWhileKilling(part: "host" | "temporal" | "edge", count: number) {
  const call = callerOf(installed);
  const { customer_id, template_id } = installed.dev.demo;
  const orders = await Promise.all(
    upTo(count).map((n) => call("POST", "/v1/orders", { customer_id, items: [{ template_id, quantity: 1 + (n % 3) }] })),
  );
  await Promise.all(orders.map(({ body }) => pay(installed, body["payment"].client_secret)));
  await installed.part(part).kill();
  const killedAt = new Date();
  await installed.part(part).ready();
  return {
    killedAt,
    orders: orders.map(({ body }) => ({ id: body["id"] as string, quantity: body["lines"][0].quantity as number })),
  };
}

test("the host, the engine and the edge are killed amid twenty paid orders each, and every order ends with exactly its licenses", async () => {
  const call = callerOf(installed);
  const batches = [];
  for (const part of ["host", "temporal", "edge"] as const) batches.push({ part, ...(await paidWhileKilling(part, 20)) });

  const orders = batches.flatMap((batch) => batch.orders);
  const read = async () => Promise.all(orders.map(async ({ id }) => (await call("GET", `/v1/orders/${id}`)).body));
  await until("sixty orders", async () => (await read()).every((order) => order["status"] === "fulfilled"), 180_000);

  const ended = await read();
  for (const [index, { quantity }] of orders.entries()) expect(ended[index]?.["license_ids"]).toHaveLength(quantity);
  for (const { part, killedAt, orders: mine } of batches) {
    const late = ended.filter(
      (order) => mine.some(({ id }) => id === order["id"]) && order["fulfilled_at"] > killedAt.toISOString(),
    );
    expect(late.length, `orders that were unfinished when the ${part} was killed`).toBeGreaterThan(0);
  }

  const ids = new Set(orders.map(({ id }) => id));
  const events = (await eventsAfter(installed)).filter(
    ({ subject, data }) => ids.has(subject.id) || ids.has(String(data.object["order_id"])),
  );
  expect(events.filter(({ type }) => type === "license.created")).toHaveLength(
    orders.reduce((sum, { quantity }) => sum + quantity, 0),
  );
  expect(events.filter(({ type }) => type === "order.fulfilled")).toHaveLength(orders.length);
  await until("every event at the endpoint", async () => {
    const seen = new Set((await received(installed)).map(({ headers }) => headers["webhook-id"]));
    return events.every(({ id }) => seen.has(id));
  });
  await expectNothingStuck(installed);
});

test("with the engine down validation, activation and ordering still answer, and the backlog drains when it is back", async () => {
  const call = callerOf(installed);
  const { customer_id, template_id, license_key, fingerprint } = installed.dev.demo;
  await installed.part("temporal").stop();

  const decision = await call("POST", "/v1/licenses/validate", { license_key, fingerprint });
  expect(decision).toMatchObject({ status: 200, body: { valid: true } });
  const made = await call("POST", "/v1/licenses", { template_id, customer_id });
  expect(
    (await call("POST", "/v1/activations", { license_key: made.body["license_key"], fingerprint: "b".repeat(64) })).status,
  ).toBe(201);
  const order = await call("POST", "/v1/orders", { customer_id, items: [{ template_id, quantity: 1 }] });
  expect(await pay(installed, order.body["payment"].client_secret)).toBe("succeeded");
  const orderNow = async () => (await call("GET", `/v1/orders/${order.body["id"]}`)).body;
  await until("the payment", async () => (await orderNow())["payment_status"] === "paid");
  expect(await orderNow()).toMatchObject({ status: "approved", license_ids: [] });

  await installed.part("temporal").start();
  await until("the order", async () => (await orderNow())["status"] === "fulfilled");
  expect((await orderNow())["license_ids"]).toHaveLength(1);
  await expectNothingStuck(installed);
});
