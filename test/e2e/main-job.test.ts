import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { Client, Connection } from "@temporalio/client";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callerOf, eventsAfter, installation, pay, received, until, upTo } from "./installation.ts";

type Installed = Awaited<ReturnType<typeof installation>>;

let installed: Installed;
beforeAll(async () => {
  installed = await installation("main-job");
});
afterAll(() => installed?.stop());

test("the first start plays the main job, tells each step, and leaves a license that validates", async () => {
  const { dev, lines } = installed;
  const told = lines.join("\n");
  for (const step of [
    "order placed",
    "paid at the Stripe simulator",
    "webhook taken",
    "license issued",
    "fulfilled by its workflow",
    "device activated",
    '"valid": true',
    "signature verified",
  ]) {
    expect(told).toContain(step);
  }
  const { license_key, fingerprint } = dev.demo;
  const decision = await callerOf(installed)(
    "POST",
    "/v1/licenses/validate",
    { license_key, fingerprint },
    { key: dev.tenant.publishable_key },
  );
  expect(decision).toMatchObject({ status: 200, body: { valid: true, code: "VALID" } });
});

test("dev.json says where everything is, and its owner alone may read it", () => {
  const file = path.join(installed.folder, "dev.json");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const dev = JSON.parse(readFileSync(file, "utf8"));
  expect(dev).toMatchObject({
    edge_url: expect.stringMatching(/^http/),
    temporal_address: expect.any(String),
    temporal_ui_url: expect.any(String),
    operator_key: expect.stringMatching(/^lk_op_/),
    tenant: {
      id: expect.any(String),
      secret_key: expect.any(String),
      publishable_key: expect.any(String),
      stripe: { webhook_secret: expect.any(String), hook_url: expect.any(String) },
    },
    sandbox: { secret_key: expect.stringMatching(/^lk_sk_test_/) },
    demo: {
      license_key: expect.any(String),
      fingerprint: expect.any(String),
      activation_token: expect.any(String),
      webhook_endpoint: { id: expect.any(String), secret: expect.any(String) },
    },
    simulators: {
      stripe: {
        url: expect.any(String),
        secret_key: expect.any(String),
        test_secret_key: expect.any(String),
        control_url: expect.any(String),
      },
      webhook_receiver: { log_url: expect.any(String) },
    },
  });
});

test("every part says in its health that it is well", async () => {
  await until("health", async () => {
    const health = await fetch(`${installed.dev.edge_url}/health`);
    return (await health.json<{ status: string }>()).status === "ok";
  });
});

test("an order in the sandbox is paid with test keys, and the live tenant hears nothing of it", async () => {
  const { dev } = installed;
  const call = callerOf(installed);
  const key = dev.sandbox.secret_key;
  const before = (await eventsAfter(installed)).length;
  const product = await call("POST", "/v1/products", { name: "Sandboxed", code: "sandboxed" }, { key });
  const template = await call(
    "POST",
    "/v1/templates",
    {
      name: "T",
      product_id: product.body["id"],
      type: "perpetual",
      model: "per_device",
      pricing: { currency: "EUR", unit_amount: 1000 },
    },
    { key },
  );
  const customer = await call("POST", "/v1/customers", { name: "C", email: "c@c.example", kind: "person" }, { key });
  const order = await call(
    "POST",
    "/v1/orders",
    { customer_id: customer.body["id"], items: [{ template_id: template.body["id"], quantity: 1 }], provider: "manual" },
    { key },
  );
  expect((await call("POST", `/v1/orders/${order.body["id"]}/approve`, undefined, { key })).status).toBe(200);
  await until(
    "the sandbox's order",
    async () => (await call("GET", `/v1/orders/${order.body["id"]}`, undefined, { key })).body["status"] === "fulfilled",
  );
  expect((await eventsAfter(installed)).length).toBe(before);
});

test("an order of 120 is fulfilled with exactly 120 licenses", async () => {
  const call = callerOf(installed);
  const { customer_id, template_id } = installed.dev.demo;
  const order = await call("POST", "/v1/orders", { customer_id, items: [{ template_id, quantity: 120 }] });
  expect(await pay(installed, order.body["payment"].client_secret)).toBe("succeeded");
  await until("the order", async () => (await call("GET", `/v1/orders/${order.body["id"]}`)).body["status"] === "fulfilled");
  expect(new Set((await call("GET", `/v1/orders/${order.body["id"]}`)).body["license_ids"]).size).toBe(120);
});

test("five times the same Stripe webhook, shuffled with others, is one fulfilment each", async () => {
  const call = callerOf(installed);
  const control = (body: unknown) =>
    fetch(installed.dev.simulators.stripe.control_url, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  await control({ mode: "duplicate", times: 5 });
  await control({ mode: "shuffle", window: 10 });
  const { customer_id, template_id } = installed.dev.demo;
  const orders = await Promise.all(
    upTo(4).map(() => call("POST", "/v1/orders", { customer_id, items: [{ template_id, quantity: 2 }] })),
  );
  await Promise.all(orders.map(({ body }) => pay(installed, body["payment"].client_secret)));
  const ids = orders.map(({ body }) => body["id"] as string);
  await until("four orders", async () =>
    (await Promise.all(ids.map((id) => call("GET", `/v1/orders/${id}`)))).every(({ body }) => body["status"] === "fulfilled"),
  );
  await control({ mode: "normal" });
  const events = await eventsAfter(installed);
  for (const id of ids) {
    expect(events.filter(({ type, subject }) => type === "order.paid" && subject.id === id)).toHaveLength(1);
    expect(events.filter(({ type, data }) => type === "license.created" && data.object["order_id"] === id)).toHaveLength(2);
  }
});

test("no secret stands readable in the database, the engine, the workflow histories or a log", async () => {
  const { dev, folder } = installed;
  const call = callerOf(installed);
  const made = await call(
    "POST",
    "/v1/licenses",
    { template_id: dev.demo.template_id, customer_id: dev.demo.customer_id },
    { idempotencyKey: "canary-intent" },
  );
  expect(made.status).toBe(201);
  const { template_id, customer_id } = dev.demo;
  const order = await call("POST", "/v1/orders", { customer_id, items: [{ template_id, quantity: 1 }] });
  const secrets = [
    dev.operator_key,
    ...[dev.tenant, dev.sandbox].flatMap((tenant) => [tenant.secret_key, tenant.publishable_key, tenant.stripe.webhook_secret]),
    dev.demo.license_key,
    made.body["license_key"],
    dev.demo.fingerprint,
    dev.demo.activation_token,
    dev.demo.webhook_endpoint.secret,
    dev.simulators.stripe.secret_key,
    dev.simulators.stripe.test_secret_key,
    order.body["payment"].client_secret,
  ] as string[];
  expect(secrets.every((secret) => typeof secret === "string" && secret.length > 10)).toBe(true);

  const client = new Client({ connection: await Connection.connect({ address: dev.temporal_address }) });
  const history = historyToJSON(await client.workflow.getHandle(`order/${dev.demo.order_id}`).fetchHistory());
  await client.connection.close();
  const files = ["edge", "logs"].flatMap((name) =>
    readdirSync(path.join(folder, name), { recursive: true, encoding: "utf8" }).map((file) => path.join(folder, name, file)),
  );
  const engine = readdirSync(folder)
    .filter((file) => file.startsWith("temporal.db"))
    .map((file) => path.join(folder, file));
  const found = [...files, ...engine]
    .filter((file) => statSync(file).isFile())
    .flatMap((file) => {
      const bytes = readFileSync(file);
      return secrets
        .filter((secret) => bytes.includes(secret))
        .map((secret) => `${secret.slice(0, 12)}… in ${path.relative(folder, file)}`);
    });
  expect(found).toEqual([]);
  expect(secrets.filter((secret) => JSON.stringify(history).includes(secret))).toEqual([]);
});

test("every event reached the webhook endpoint under its own id", async () => {
  const missing = async () => {
    const seen = new Set((await received(installed)).map(({ headers }) => headers["webhook-id"]));
    return (await eventsAfter(installed)).filter(
      ({ id, type }) => !seen.has(id) && !["webhook_endpoint.created"].includes(type) && isAfterEndpoint(type),
    );
  };
  await until("every event at the receiver", async () => (await missing()).length === 0);
});

/** What was told before the endpoint existed cannot have been delivered to it. */
function isAfterEndpoint(type: string): boolean {
  return /^(order|license|activation)\./.test(type);
}
