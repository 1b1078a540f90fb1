import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo, world, type World } from "../world.ts";
import { answered, claim, emptyQueue, endpoint, product, result } from "./pump.ts";

const types = async (w: World, prefix: string): Promise<string[]> =>
  (await w.get("/v1/events?limit=100")).body["data"]
    .map(({ type }: { type: string }) => type)
    .filter((type: string) => type.startsWith(prefix))
    .toReversed();

test("an endpoint is created, read, listed, changed and deleted, and each change is told", async () => {
  const w = await world();
  const made = await w.post("/v1/webhook_endpoints", {
    url: "https://hooks.example.com/a",
    events: ["product.*", "order.paid", "product.*"],
    description: "Shop",
    external_id: "shop",
    metadata: { a: "1" },
  });
  expect(made.status).toBe(201);
  const { secret, ...shown } = made.body;
  expect(shown).toMatchObject({
    object: "webhook_endpoint",
    id: expect.stringMatching(/^whe_00/),
    url: "https://hooks.example.com/a",
    events: ["product.*", "order.paid"],
    description: "Shop",
    disabled_at: null,
    disabled_reason: null,
    external_id: "shop",
    metadata: { a: "1" },
  });
  const path = `/v1/webhook_endpoints/${shown["id"]}`;
  const sending = { state: "healthy", failing_since: null, failures: 0, next_try_at: null };
  expect((await w.get(path)).body).toEqual({ ...shown, sending, workflow_id: null });
  expect((await w.get("/v1/webhook_endpoints?external_id=shop")).body["data"]).toEqual([shown]);

  const manners = { fifo: true, on_exhausted: "skip", rate_per_s: 5, max_attempts: 3 };
  const changed = await w.patch(path, { url: "https://hooks.example.com/b", description: null, ...manners });
  expect(changed.body).toMatchObject({
    ...manners,
    url: "https://hooks.example.com/b",
    description: null,
    events: ["product.*", "order.paid"],
    metadata: { a: "1" },
  });
  expect((await w.delete(path)).status).toBe(204);
  expect((await w.get(path)).status).toBe(404);
  expect((await w.delete(path)).status).toBe(404);
  expect((await w.get("/v1/webhook_endpoints")).body["data"]).toEqual([]);
  // its name is free again
  expect(
    (await w.post("/v1/webhook_endpoints", { url: "https://hooks.example.com/c", events: ["*"], external_id: "shop" })).status,
  ).toBe(201);

  expect(await types(w, "webhook_endpoint")).toEqual([
    "webhook_endpoint.created",
    "webhook_endpoint.updated",
    "webhook_endpoint.deleted",
    "webhook_endpoint.created",
  ]);
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
});

test("the secret is shown once: in no other answer, no event, and not readable in the database", async () => {
  const w = await world();
  const { id, secret } = await endpoint(w);
  const rotated = (await w.post(`/v1/webhook_endpoints/${id}/rotate_secret`, { overlap_s: 60 })).body;
  expect(rotated["secret"]).not.toBe(secret);
  const tables = ["webhook_endpoints", "events", "deliveries", "idempotency_keys"];
  const rows = await Promise.all(tables.map((table) => env.DB_00.prepare(`select * from ${table}`).all()));
  const seen = [
    JSON.stringify(rows.map(({ results }) => results)),
    (await w.get(`/v1/webhook_endpoints/${id}`)).text,
    (await w.get("/v1/events")).text,
  ].join();
  for (const hidden of [secret, rotated["secret"]]) expect(seen).not.toContain(hidden.slice("whsec_".length));
});

test("with an Idempotency-Key the same endpoint and the same secret come back, once made", async () => {
  const w = await world();
  const body = { url: "https://hooks.example.com/once", events: ["*"] };
  const answers = await Promise.all(upTo(8).map(() => w.post("/v1/webhook_endpoints", body, { idempotencyKey: "e1" })));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect((await w.get("/v1/webhook_endpoints")).body["data"]).toHaveLength(1);
});

test("sixty race for fifty places, and exactly fifty win; a deleted one makes room", async () => {
  const w = await world();
  const answers = await Promise.all(
    upTo(60).map((n) => w.post("/v1/webhook_endpoints", { url: `https://hooks.example.com/${n}`, events: ["order.paid"] })),
  );
  const winners = answers.filter(({ status }) => status === 201);
  expect(winners).toHaveLength(50);
  expect(answers.filter(({ body }) => body["code"] === "too_many_webhook_endpoints")).toHaveLength(10);
  expect(await types(w, "webhook_endpoint")).toHaveLength(50);

  await w.delete(`/v1/webhook_endpoints/${winners[0]!.body["id"]}`);
  await endpoint(w);
  expect((await w.post("/v1/webhook_endpoints", { url: "https://hooks.example.com/x", events: ["*"] })).body).toMatchObject({
    status: 409,
    code: "too_many_webhook_endpoints",
  });
});

test.each([
  ["no URL", { url: "hooks" }, "/url"],
  ["plain http", { url: "http://hooks.example.com/" }, "/url"],
  ["another port", { url: "https://hooks.example.com:8443/" }, "/url"],
  ["a user name", { url: "https://me@hooks.example.com/" }, "/url"],
  ["a private address", { url: "https://10.0.0.1/" }, "/url"],
  ["a private address in another spelling", { url: "https://0xa000001/" }, "/url"],
  ["the cloud's metadata", { url: "http://169.254.169.254/latest" }, "/url"],
  ["no pattern", { events: [] }, "/events"],
  ["an unknown type", { events: ["product.exploded"] }, "/events/0"],
  ["an unknown noun", { events: ["rocket.*"] }, "/events/0"],
  ["a pattern that is none", { events: ["*.created"] }, "/events/0"],
  ["a rate of nothing", { rate_per_s: 0 }, "/rate_per_s"],
  ["more attempts than there are", { max_attempts: 11 }, "/max_attempts"],
  ["a header that is ours", { headers: { "X-Team": "a", "Webhook-Id": "evt_1" } }, "/headers/Webhook-Id"],
  ["more headers than ten", { headers: Object.fromEntries(upTo(11).map((n) => [`x-${n}`, "a"])) }, "/headers"],
  ["no product at all", { product_ids: [] }, "/product_ids"],
  ["an end of attempts that is none", { on_exhausted: "stop" }, "/on_exhausted"],
])("%s is refused, on creation and on change", async (_, wrong, pointer) => {
  const w = await world();
  const refused = await w.post("/v1/webhook_endpoints", { url: "https://hooks.example.com/", events: ["*"], ...wrong });
  expect(refused.body).toMatchObject({ status: 400, code: "invalid_request", errors: [expect.objectContaining({ pointer })] });
  expect((await w.get("/v1/webhook_endpoints")).body["data"]).toEqual([]);

  const { id } = await endpoint(w);
  expect((await w.patch(`/v1/webhook_endpoints/${id}`, wrong)).body).toMatchObject({
    status: 400,
    errors: [expect.objectContaining({ pointer })],
  });
});

test("in development the receiver may run on this machine", async () => {
  const w = await world();
  for (const url of ["http://127.0.0.1:8791/demo", "http://localhost:9/", "https://[::1]:1/"]) {
    expect((await w.post("/v1/webhook_endpoints", { url, events: ["*"] })).status).toBe(201);
  }
});

test("only what matches is delivered", async () => {
  const w = await world();
  const [all, noun, exact, other] = [
    await endpoint(w, { events: ["*"] }),
    await endpoint(w, { events: ["product.*"] }),
    await endpoint(w, { events: ["product.updated"] }),
    await endpoint(w, { events: ["product_version.*", "order.paid"] }),
  ];
  await emptyQueue();
  const id = await product(w);
  await w.patch(`/v1/products/${id}`, { name: "Other" });
  const { deliveries } = await claim();
  const typesFor = (endpointId: string) =>
    deliveries
      .filter(({ endpoint_id }) => endpoint_id === endpointId)
      .map(({ body }) => String(JSON.parse(body).type))
      .toSorted((a, b) => a.localeCompare(b));
  expect(typesFor(all.id)).toEqual(["product.created", "product.updated"]);
  expect(typesFor(noun.id)).toEqual(["product.created", "product.updated"]);
  expect(typesFor(exact.id)).toEqual(["product.updated"]);
  expect(typesFor(other.id)).toEqual([]);
});

test("an endpoint that names products hears of these, of what belongs to them, and of what belongs to no product", async () => {
  const w = await world();
  const [mine, other] = [await product(w), await product(w)];
  const { id, product_ids } = await endpoint(w, { events: ["*"], product_ids: [mine] });
  expect(product_ids).toEqual([mine]);
  const all = await endpoint(w, { events: ["*"] });
  await emptyQueue();
  const told: string[] = [];
  for (const each of [mine, other]) {
    const terms = { name: "T", product_id: each, type: "perpetual", model: "per_device", max_activations: 3 };
    const template = (await w.post("/v1/templates", terms)).body["id"];
    const customer = (await w.post("/v1/customers", { name: "C", email: "c@x.example", kind: "person" })).body["id"];
    const license = (await w.post("/v1/licenses", { template_id: template, customer_id: customer })).body;
    const activation = await w.post("/v1/activations", { license_key: license["license_key"], fingerprint: "f" });
    await w.patch(`/v1/products/${each}`, { name: "Renamed" });
    told.push(template, customer, license["id"], activation.body["id"], each);
  }
  const subjectOf = new Map<string, string>(
    (await w.get("/v1/events?limit=100")).body["data"].map((event: { id: string; subject: { id: string } }) => [
      event.id,
      event.subject.id,
    ]),
  );
  const subjectsFor = async (endpointId: string) => {
    const { data } = (await w.get(`/v1/webhook_endpoints/${endpointId}/deliveries?limit=100`)).body;
    const subjects = data.map(({ event_id }: { event_id: string }) => subjectOf.get(event_id));
    return new Set(subjects.filter((subject: string) => told.includes(subject)));
  };
  expect(await subjectsFor(all.id)).toEqual(new Set(told));
  // the second customer is of no product; the activation names its license alone
  expect(await subjectsFor(id)).toEqual(new Set([...told.slice(0, 5), told[6]]));

  // what a change says counts from then on
  const path = `/v1/webhook_endpoints/${id}`;
  expect((await w.patch(path, { product_ids: [other, other] })).body).toMatchObject({ product_ids: [other] });
  await emptyQueue();
  for (const each of [mine, other]) await w.patch(`/v1/products/${each}`, { name: "Again" });
  const heard = (await claim()).deliveries.filter(({ endpoint_id }) => endpoint_id === id);
  expect(heard.map(({ body }) => JSON.parse(body).subject.id)).toEqual([other]);
  expect((await w.patch(path, { product_ids: null })).body).toMatchObject({ product_ids: null });
});

test("a product that is another tenant's or none is refused, by id or by code", async () => {
  const [w, stranger] = [await world(), await world()];
  const { body } = await w.post("/v1/products", { name: "P", code: "studio" });
  const theirs = await product(stranger);
  const target = { url: "https://hooks.example.com/p", events: ["*"] };
  expect((await w.post("/v1/webhook_endpoints", { ...target, product_ids: ["studio"] })).body).toMatchObject({
    product_ids: [body["id"]],
  });
  const { id } = await endpoint(w);
  for (const product_ids of [[body["id"], theirs], ["prod_none"], ["photo"]]) {
    for (const refused of [
      await w.post("/v1/webhook_endpoints", { ...target, product_ids }),
      await w.patch(`/v1/webhook_endpoints/${id}`, { product_ids }),
    ])
      expect(refused.body).toMatchObject({ status: 404, code: "product_not_found" });
  }
});

test("headers of its own reach an endpoint beside ours, their names are shown and their values never", async () => {
  const w = await world();
  const headers = { Authorization: "Bearer s3cr3t-of-hers", "X-Team": "licensing" };
  const { id, header_names } = await endpoint(w, { headers });
  expect(header_names).toEqual(["authorization", "x-team"]);
  const path = `/v1/webhook_endpoints/${id}`;
  const heard = async () => {
    await product(w);
    return (await claim()).deliveries.find(({ endpoint_id }) => endpoint_id === id)!.headers;
  };
  expect(await heard()).toMatchObject({
    authorization: headers.Authorization,
    "x-team": "licensing",
    "content-type": "application/json",
  });

  await w.patch(path, { description: "Other" });
  expect(await heard()).toMatchObject({ "x-team": "licensing" });
  const seen = [
    (await w.get(path)).text,
    (await w.get("/v1/events?limit=100")).text,
    (await w.get("/v1/webhook_endpoints")).text,
  ];
  const tables = ["webhook_endpoints", "events", "deliveries", "idempotency_keys"];
  const rows = await Promise.all(tables.map((table) => env.DB_00.prepare(`select * from ${table}`).all()));
  expect([...seen, JSON.stringify(rows.map(({ results }) => results))].join()).not.toContain("s3cr3t-of-hers");

  expect((await w.patch(path, { headers: { "X-Other": "b" } })).body).toMatchObject({ header_names: ["x-other"] });
  const replaced = await heard();
  expect(replaced).toMatchObject({ "x-other": "b" });
  expect(replaced).not.toHaveProperty("authorization");
  expect((await w.patch(path, { headers: null })).body).toMatchObject({ header_names: [] });
  expect(await heard()).not.toHaveProperty("x-other");
});

test("what somebody disabled is sent nothing, and gets it when it is enabled", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  const path = `/v1/webhook_endpoints/${id}`;
  const disabled = await w.post(`${path}/disable`);
  expect(disabled).toMatchObject({ status: 200, body: { disabled_reason: "paused", disabled_at: expect.any(String) } });
  expect((await w.post(`${path}/disable`)).body).toEqual(disabled.body);
  await emptyQueue();
  const made = await product(w);
  expect((await claim()).deliveries).toEqual([]);
  expect((await w.post(`${path}/enable`)).body).toMatchObject({ disabled_at: null, disabled_reason: null });
  expect((await claim()).deliveries.map(({ body }) => JSON.parse(body).subject.id)).toEqual([made]);
  expect(await types(w, "webhook_endpoint")).toEqual([
    "webhook_endpoint.created",
    "webhook_endpoint.disabled",
    "webhook_endpoint.enabled",
  ]);
});

test("a REST hook subscribes once, however often and at once it asks, is sent its event, and unsubscribes", async () => {
  const w = await world();
  const hook = { target_url: "https://hooks.zapier.example/1", event: "product.created" };
  const subscribe = (more: Record<string, unknown> = {}) => w.post("/v1/webhook_endpoints/subscribe", { ...hook, ...more });
  const answers = await Promise.all(upTo(6).map(() => subscribe()));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 200, 201]);
  const ids = new Set(answers.map(({ body }) => body["id"]));
  expect(ids.size).toBe(1);
  const [id] = ids;
  expect((await w.get(`/v1/webhook_endpoints/${id}`)).body).toMatchObject({
    origin: "rest_hook",
    url: hook.target_url,
    events: ["product.created"],
  });
  expect(answers.map(({ body }) => "secret" in body).filter(Boolean)).toHaveLength(1);

  // another event, another product, and an endpoint that was made otherwise are not the same
  await endpoint(w, { url: hook.target_url, events: ["feature.created"] });
  const mine = await product(w);
  for (const more of [{ event: "feature.created" }, { product_id: mine }, { target_url: `${hook.target_url}2` }])
    expect(await subscribe(more)).toMatchObject({ status: 201 });
  expect(await subscribe({ product_id: mine })).toMatchObject({ status: 200, body: { product_ids: [mine] } });
  expect((await subscribe({ product_id: "prod_none" })).body).toMatchObject({ status: 404, code: "product_not_found" });
  for (const [wrong, pointer] of [
    [{ target_url: "https://10.0.0.1/" }, "/target_url"],
    [{ event: "product.exploded" }, "/event"],
  ] as const)
    expect((await subscribe(wrong)).body).toMatchObject({ status: 400, errors: [expect.objectContaining({ pointer })] });

  // who subscribes again wants to be told
  await w.post(`/v1/webhook_endpoints/${id}/disable`);
  expect(await subscribe()).toMatchObject({ status: 200, body: { id, disabled_at: null } });
  await emptyQueue();
  await product(w);
  expect((await claim()).deliveries.map(({ endpoint_id }) => endpoint_id)).toContain(id);
  expect((await w.delete(`/v1/webhook_endpoints/${id}`)).status).toBe(204);
  expect(await subscribe()).toMatchObject({ status: 201, body: { id: expect.not.stringMatching(String(id)) } });
});

test("a REST hook counts among the fifty endpoints", async () => {
  const w = await world();
  for (const n of upTo(50)) await endpoint(w, { url: `https://hooks.example.com/${n}`, events: ["order.paid"] });
  const hook = { target_url: "https://hooks.zapier.example/1", event: "product.created" };
  expect((await w.post("/v1/webhook_endpoints/subscribe", hook)).body).toMatchObject({ code: "too_many_webhook_endpoints" });
});

test("a REST hook whose target is gone has unsubscribed; an endpoint that somebody made is disabled", async () => {
  const w = await world();
  const hook = { target_url: "https://hooks.zapier.example/gone", event: "product.created" };
  const subscribed = (await w.post("/v1/webhook_endpoints/subscribe", hook)).body["id"];
  const { id } = await endpoint(w);
  await emptyQueue();
  await product(w);
  await product(w);
  const { deliveries } = await claim();
  expect(deliveries).toHaveLength(4);
  await claim({ results: deliveries.map((each) => result(each, answered(410))), limit: 0 });
  expect((await w.get(`/v1/webhook_endpoints/${subscribed}`)).status).toBe(404);
  expect((await w.get(`/v1/webhook_endpoints/${id}`)).body).toMatchObject({ disabled_reason: "gone" });
  expect(
    (await w.get(`/v1/deliveries/${deliveries.find((each) => each.endpoint_id === subscribed)!.delivery_id}`)).body,
  ).toMatchObject({ state: "canceled" });
  expect(await types(w, "webhook_endpoint.d")).toEqual(
    expect.arrayContaining(["webhook_endpoint.deleted", "webhook_endpoint.disabled"]),
  );
  expect(await types(w, "webhook_endpoint.d")).toHaveLength(2);
});

test("a test reaches an endpoint once, whatever it subscribes to, and shows among its deliveries", async () => {
  const w = await world();
  for (const events of [["order.paid"], ["*"], ["webhook_endpoint.tested"]]) {
    const { id } = await endpoint(w, { events });
    await emptyQueue();
    const tested = await w.post(`/v1/webhook_endpoints/${id}/test`);
    expect(tested).toMatchObject({
      status: 202,
      body: { object: "webhook_test", id: expect.stringMatching(/^evt_00/), endpoint_id: id },
    });
    const mine = (await claim()).deliveries.filter(({ endpoint_id }) => endpoint_id === id);
    expect(mine).toHaveLength(1);
    expect(mine[0]!.headers["webhook-id"]).toBe(tested.body["id"]);
    const event = (await w.get(`/v1/events/${tested.body["id"]}`)).body;
    expect(JSON.parse(mine[0]!.body)).toMatchObject({
      type: "webhook_endpoint.tested",
      id: event["id"],
      seq: event["seq"],
      data: { object: { id } },
    });
    const listed = (await w.get(`/v1/webhook_endpoints/${id}/deliveries?event_id=${tested.body["id"]}`)).body["data"];
    expect(listed).toMatchObject([
      { object: "delivery", id: mine[0]!.delivery_id, state: "pending", event_type: "webhook_endpoint.tested" },
    ]);
    await w.delete(`/v1/webhook_endpoints/${id}`);
  }
});

test("a test of any type sends an example of it that is marked, once, to this endpoint alone, and nothing has happened", async () => {
  const w = await world();
  for (const events of [["order.paid"], ["*"]]) {
    const [{ id }, other] = [await endpoint(w, { events }), await endpoint(w, { events: ["*"] })];
    await emptyQueue();
    const tested = await w.post(`/v1/webhook_endpoints/${id}/test`, { type: "license.suspended" });
    expect(tested).toMatchObject({ status: 202, body: { event_type: "license.suspended", endpoint_id: id } });
    const { deliveries } = await claim();
    const [mine, ...more] = deliveries.filter(({ endpoint_id }) => endpoint_id === id);
    expect(more).toEqual([]);
    const { body: type } = await w.get("/v1/event_types/license.suspended");
    const { data, subject } = type["example"];
    const { body: event } = await w.get(`/v1/events/${tested.body["id"]}`);
    expect(event).toMatchObject({ type: "webhook_endpoint.tested", subject: { id } });
    expect(JSON.parse(mine!.body)).toEqual({
      type: "license.suspended",
      timestamp: event["created_at"],
      id: event["id"],
      seq: event["seq"],
      livemode: true,
      test: true,
      api_version: "v1",
      data,
      subject,
      request_id: event["request_id"],
    });
    expect(mine!.headers["webhook-id"]).toBe(tested.body["id"]);
    const theirs = deliveries.filter(({ endpoint_id }) => endpoint_id === other.id).map(({ body }) => JSON.parse(body));
    expect(theirs).toMatchObject([{ type: "webhook_endpoint.tested", subject: { id } }]);
    expect(theirs[0]).not.toHaveProperty("test");
    await w.delete(`/v1/webhook_endpoints/${other.id}`);
  }
  expect(await types(w, "license")).toEqual([]);
  const { id } = await endpoint(w);
  const refused = await w.post(`/v1/webhook_endpoints/${id}/test`, { type: "license.exploded" });
  expect(refused.body).toMatchObject({ status: 400, errors: [expect.objectContaining({ pointer: "/type" })] });
});

test("another tenant finds neither endpoint nor deliveries, byte for byte as if they never were, and changes nothing", async () => {
  const [w, other] = [await world(), await world()];
  const { id } = await endpoint(w);
  await product(w);
  const [delivery] = (await w.get(`/v1/webhook_endpoints/${id}/deliveries`)).body["data"];
  const before = (await w.get(`/v1/webhook_endpoints/${id}`)).text;
  const calls: [string, string, unknown?][] = [
    ["get", "/v1/webhook_endpoints/{id}"],
    ["patch", "/v1/webhook_endpoints/{id}", { events: ["*"] }],
    ["post", "/v1/webhook_endpoints/{id}/enable"],
    ["post", "/v1/webhook_endpoints/{id}/disable"],
    ["post", "/v1/webhook_endpoints/{id}/rotate_secret", {}],
    ["post", "/v1/webhook_endpoints/{id}/test"],
    ["get", "/v1/webhook_endpoints/{id}/deliveries"],
    ["delete", "/v1/webhook_endpoints/{id}"],
    ["get", "/v1/deliveries/{del}"],
    ["post", "/v1/deliveries/{del}/resend"],
  ];
  for (const [method, path, body] of calls) {
    const ask = async (whe: string, del: string) => {
      const answer = await other[method as "get"](path.replace("{id}", whe).replace("{del}", del), body);
      return { status: answer.status, text: answer.text.replace(answer.body?.["request_id"], "") };
    };
    const theirs = await ask(id, delivery.id);
    expect(theirs.status, `${method} ${path}`).toBe(404);
    expect(theirs).toEqual(await ask("whe_x", "del_x"));
  }
  expect((await w.get(`/v1/webhook_endpoints/${id}`)).text).toBe(before);
  expect((await w.get(`/v1/deliveries/${delivery.id}`)).body).toMatchObject({ state: "pending" });
  expect((await other.get("/v1/webhook_endpoints")).body["data"]).toEqual([]);
  expect(await types(other, "webhook_endpoint")).toEqual([]);
});

test("the tenant's own sandbox is another tenant", async () => {
  const w = await world();
  const { id } = await endpoint(w, { events: ["*"] });
  const test = { key: w.keys.testSecret };
  expect((await w.get(`/v1/webhook_endpoints/${id}`, undefined, test)).status).toBe(404);
  await emptyQueue();
  await product(w, w.keys.testSecret);
  expect((await claim()).deliveries).toEqual([]);
});

test("a cursor of one endpoint's deliveries does not fit another's", async () => {
  const w = await world();
  const [a, b] = [await endpoint(w), await endpoint(w)];
  for (const _ of upTo(3)) await product(w);
  const first = (await w.get(`/v1/webhook_endpoints/${a.id}/deliveries?limit=2`)).body;
  expect(first["data"]).toHaveLength(2);
  const rest = (await w.get(`/v1/webhook_endpoints/${a.id}/deliveries?limit=2&cursor=${first["next_cursor"]}`)).body;
  expect(new Set([...first["data"], ...rest["data"]].map(({ id }) => id)).size).toBe(3);
  expect((await w.get(`/v1/webhook_endpoints/${b.id}/deliveries?limit=2&cursor=${first["next_cursor"]}`)).body).toMatchObject({
    code: "invalid_cursor",
  });
});

test("an endpoint's list is narrowed by type and by when deliveries were made: at an instant or later, and before one", async () => {
  const w = await world();
  const { id } = (await w.post("/v1/webhook_endpoints", { url: "https://hooks.customer.example/narrow", events: ["*"] })).body;
  for (const name of ["a", "b", "c"]) {
    await w.post("/v1/products", { name, code: name });
    const madeBy = Date.now();
    while (Date.now() === madeBy) await w.get("/v1/products"); // each is of a millisecond of its own
  }
  const list = async (query: string) =>
    (await w.get(`/v1/webhook_endpoints/${id}/deliveries?event_type=product.created${query}`)).body["data"] as {
      id: string;
      created_at: string;
    }[];
  const all = await list("");
  expect(all).toHaveLength(3);
  const [newest, middle, oldest] = all;
  const ids = async (query: string) => (await list(query)).map((each) => each.id);
  expect(await ids(`&created_after=${middle!.created_at}`)).toEqual([newest!.id, middle!.id]);
  expect(await ids(`&created_before=${middle!.created_at}`)).toEqual([oldest!.id]);
  expect(await ids(`&created_after=${middle!.created_at}&created_before=${newest!.created_at}`)).toEqual([middle!.id]);
  expect((await w.get(`/v1/webhook_endpoints/${id}/deliveries?created_after=yesterday`)).status).toBe(400);
});
