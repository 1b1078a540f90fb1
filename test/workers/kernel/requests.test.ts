import { expect, test } from "vitest";
import { send, world } from "../world.ts";

test("the same Idempotency-Key with other content is refused, and with another caller it is another intent", async () => {
  const w = await world();
  const other = await world();
  const first = await w.post("/v1/products", { name: "A", code: "a" }, { idempotencyKey: "same" });
  expect((await w.post("/v1/products", { name: "B", code: "b" }, { idempotencyKey: "same" })).body).toMatchObject({
    status: 422,
    code: "idempotency_key_reused",
  });
  const theirs = await other.post("/v1/products", { name: "A", code: "a" }, { idempotencyKey: "same" });
  expect(theirs.status).toBe(201);
  expect(theirs.body["id"]).not.toBe(first.body["id"]);
});

test("a refusal is not kept: the same request may succeed later", async () => {
  const w = await world();
  const blocking = await w.post("/v1/products", { name: "A", code: "a" });
  expect((await w.post("/v1/products", { name: "B", code: "a" }, { idempotencyKey: "k" })).status).toBe(409);
  await w.patch(`/v1/products/${blocking.body["id"]}`, { code: "z" });
  expect((await w.post("/v1/products", { name: "B", code: "a" }, { idempotencyKey: "k" })).status).toBe(201);
});

test.each([
  ["no JSON", "{", "malformed_json", 400],
  ["no object", "[]", "invalid_request", 400],
  ["an unknown field", { name: "A", code: "a", colour: "red" }, "invalid_request", 400],
  ["half a character", '{"name":"\\ud800","code":"a"}', "invalid_request", 400],
  ["a NUL", '{"name":"a\\u0000b","code":"a"}', "invalid_request", 400],
  ["half a character in a name", '{"name":"A","code":"a","metadata":{"\\ud800":"x"}}', "invalid_request", 400],
  ["a NUL in a name", '{"name":"A","code":"a","metadata":{"a\\u0000b":"x"}}', "invalid_request", 400],
  ["a name that validators drop", '{"name":"A","code":"a","metadata":{"__proto__":"x"}}', "invalid_request", 400],
  ["a control character in metadata", { name: "A", code: "a", metadata: { a: "\u0001" } }, "invalid_request", 400],
  ["a control character in an external_id", { name: "A", code: "a", external_id: "\u001b[31m" }, "invalid_request", 400],
  ["a number that is read as infinite", '{"name":"A","code":"a","description":1e400}', "invalid_request", 400],
  ["a body over the cap", { name: "A", code: "a", description: "x".repeat(1024 * 1024) }, "body_too_large", 413],
])("%s is refused with its problem, and nothing is written", async (_, body, code, status) => {
  const w = await world();
  const answer = await w.post("/v1/products", body);
  expect(answer).toMatchObject({ status, body: { code, request_id: expect.stringMatching(/^req_/), fix: expect.any(String) } });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect((await w.get("/v1/products")).body["data"]).toEqual([]);
});

test("a body of another type, an unknown parameter and a body where none belongs are refused", async () => {
  const w = await world();
  expect(
    (await w.post("/v1/products", "name=A", { headers: { "content-type": "application/x-www-form-urlencoded" } })).status,
  ).toBe(415);
  expect((await w.get("/v1/products?colour=red")).body).toMatchObject({
    code: "invalid_request",
    errors: [{ pointer: "/query/colour", code: "unknown_field" }],
  });
  expect((await w.get("/v1/settings?x=1")).body).toMatchObject({ code: "invalid_request" });
  expect((await w.get("/v1/products?cursor=zzz")).body).toMatchObject({ code: "invalid_cursor" });
});

test("a cursor serves its own tenant and filters alone", async () => {
  const w = await world();
  for (const n of [1, 2]) await w.post("/v1/products", { name: "P", code: `p${n}` });
  const { next_cursor: cursor } = (await w.get("/v1/products?limit=1")).body;
  expect((await w.get(`/v1/products?limit=1&archived=false&cursor=${cursor}`)).body).toMatchObject({ code: "invalid_cursor" });
  const other = await world();
  expect((await other.get(`/v1/products?limit=1&cursor=${cursor}`)).body).toMatchObject({ code: "invalid_cursor" });
});

test("strings and names of fields are kept in normal form C", async () => {
  const w = await world();
  const made = await w.post("/v1/products", {
    name: "Cafe\u0301",
    code: "cafe",
    metadata: { "cafe\u0301": "1", constructor: "2" },
  });
  expect(made.body).toMatchObject({ name: "Caf\u00e9", metadata: { "caf\u00e9": "1", constructor: "2" } });
});

test("a number too large for us is not taken for none", async () => {
  const w = await world();
  const text = '{"name":"A","product_id":"x","type":"perpetual","model":"per_device","max_activations":1e400}';
  expect((await w.post("/v1/templates", text)).body).toMatchObject({ errors: [{ code: "number_too_large" }] });
});

test.each([
  ["*"],
  ["null"],
  ["https://a.example:99999"],
  ["https://a.example/path"],
  ["https://me@a.example"],
  ["javascript:alert(1)"],
])("%s is no origin", async (origin) => {
  const w = await world();
  const answer = await w.post("/v1/api_keys", { name: "A", kind: "publishable", allowed_origins: [origin] });
  expect(answer.body).toMatchObject({ status: 400, code: "invalid_request" });
  expect(answer.body["errors"]).toContainEqual(expect.objectContaining({ pointer: "/allowed_origins/0" }));
});

test("every answer carries a request id, and an unknown path says where to look", async () => {
  const answer = await send("GET", "/v1/nothing");
  expect(answer).toMatchObject({ status: 404, body: { code: "route_not_found" } });
  expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
});

test("an internal route answers signed calls alone", async () => {
  const answer = await send("POST", "/internal/wakeups/register", {
    tenant_id: "ten_x",
    workflow_id: "w",
    at: "2030-01-01T00:00:00Z",
  });
  expect(answer).toMatchObject({ status: 401, body: { code: "bad_signature" } });
});

test("what is wrong with a field is said in words of people, once for each field", async () => {
  const w = await world();
  const faults = async (path: string, body: unknown) => {
    const { body: problem } = await w.post(path, body);
    const errors = problem["errors"] as { pointer: string; detail: string }[];
    return Object.fromEntries(errors.map(({ pointer, detail }) => [pointer, detail]));
  };
  expect(await faults("/v1/customers", { kind: "robot", name: 7, metadata: null })).toMatchObject({
    "/email": "It is missing.",
    "/kind": 'Must be one of "person", "organization".',
    "/name": "Must be a string, and is a number.",
  });
  expect(await faults("/v1/webhook_endpoints", { url: "https://example.com/h", events: [], rate_per_s: 0 })).toMatchObject({
    "/events": "Must have at least 1 item.",
    "/rate_per_s": "Must be at least 1.",
  });
  const advance = "/v1/test_clocks/clk_0001m8gr73cgkzv69zcnrgrrkdbk/advance";
  expect(Object.keys(await faults(advance, { by: "1 month" }))).toEqual(["/by"]);
  expect(await faults(advance, {})).toEqual({ "/by": "It is missing." });
});
