import { expect, test } from "vitest";
import { upTo, world } from "../world.ts";

test("a product is created, read, listed and changed, and each change tells what was different", async () => {
  const w = await world();
  const made = await w.post("/v1/products", { name: "Studio", code: "studio", metadata: { a: "1" } });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ object: "product", name: "Studio", code: "studio", description: null, metadata: { a: "1" } });

  const changed = await w.patch(`/v1/products/${made.body["id"]}`, { name: "Studio 2" });
  expect(changed.status).toBe(200);
  expect(changed.body).toMatchObject({ name: "Studio 2", code: "studio", metadata: { a: "1" } });

  expect((await w.get(`/v1/products/${made.body["id"]}`)).body).toEqual(changed.body);
  expect((await w.get("/v1/products")).body["data"]).toEqual([changed.body]);
});

test("a second product of the same code is refused, and nothing is told of it", async () => {
  const w = await world();
  await w.post("/v1/products", { name: "A", code: "same" });
  const second = await w.post("/v1/products", { name: "B", code: "same" });
  expect(second).toMatchObject({ status: 409, body: { code: "product_code_taken" } });
  expect((await w.get("/v1/products")).body["data"]).toHaveLength(1);
});

test("fifty equal requests with one Idempotency-Key are one effect and fifty answers of the same bytes", async () => {
  const w = await world();
  const answers = await Promise.all(
    upTo(50).map(() => w.post("/v1/products", { name: "Once", code: "once" }, { idempotencyKey: "k1" })),
  );
  expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  expect((await w.get("/v1/products")).body["data"]).toHaveLength(1);
});

test("pages follow each other without gap or repetition", async () => {
  const w = await world();
  for (const n of upTo(5)) await w.post("/v1/products", { name: `P${n}`, code: `p${n}` });
  const first = await w.get("/v1/products?limit=3");
  const second = await w.get(`/v1/products?limit=3&cursor=${first.body["next_cursor"]}`);
  const codes = [...first.body["data"], ...second.body["data"]].map((product) => product.code);
  expect(codes).toEqual(["p5", "p4", "p3", "p2", "p1"]);
  expect(second.body["has_more"]).toBe(false);
});

test("a product's default entitlements name features by id or code, and an unknown one refuses the product", async () => {
  const w = await world();
  const [a, b] = await Promise.all(
    ["a", "b"].map(async (code) => (await w.post("/v1/features", { code, name: code })).body["id"]),
  );
  const made = await w.post("/v1/products", {
    name: "P",
    code: "p",
    default_entitlements: [{ feature: b }, { feature: "a", limit_value: 3, reset: "day" }],
  });
  expect(made.body["default_entitlements"]).toEqual([
    {
      feature: "b",
      feature_id: b,
      enabled: true,
      limit_value: null,
      limit_type: "count",
      reset: "never",
      rollover: false,
      expires_at: null,
    },
    {
      feature: "a",
      feature_id: a,
      enabled: true,
      limit_value: 3,
      limit_type: "count",
      reset: "day",
      rollover: false,
      expires_at: null,
    },
  ]);
  const refused = await w.patch(`/v1/products/${made.body["id"]}`, {
    default_entitlements: [{ feature: "a" }, { feature: "gone" }],
  });
  expect(refused).toMatchObject({
    status: 404,
    body: { code: "feature_not_found", errors: [{ pointer: "/default_entitlements/1/feature" }] },
  });
  expect((await w.get(`/v1/products/${made.body["id"]}`)).body).toEqual(made.body);
  expect((await w.patch(`/v1/products/${made.body["id"]}`, { default_entitlements: [] })).body["default_entitlements"]).toEqual(
    [],
  );
});

test("an archived product keeps what it has and takes no new template", async () => {
  const w = await world();
  const product = (await w.post("/v1/products", { name: "P", code: "p" })).body["id"];
  const old = await w.post("/v1/templates", { name: "T", product_id: product, type: "perpetual", model: "site" });
  expect((await w.post(`/v1/products/${product}/archive`)).body["archived_at"]).not.toBeNull();
  expect((await w.get(`/v1/templates/${old.body["id"]}`)).body).toEqual(old.body);
  for (const answer of [
    await w.post("/v1/templates", { name: "T", product_id: "p", type: "perpetual", model: "site" }),
    await w.post(`/v1/templates/${old.body["id"]}/duplicate`),
  ]) {
    expect(answer).toMatchObject({ status: 409, body: { code: "product_archived" } });
  }
  expect((await w.get("/v1/templates")).body["data"]).toHaveLength(1);
});

test("a dozen changes of one product at the same time all come through, and each is told", async () => {
  const w = await world();
  const { id } = (await w.post("/v1/products", { name: "P", code: "p" })).body;
  const answers = await Promise.all(upTo(12).map((n) => w.patch(`/v1/products/${id}`, { name: `P${n}` })));
  expect(answers.map(({ status }) => status)).toEqual(upTo(12).map(() => 200));
  const told = (await w.get(`/v1/events?subject_id=${id}`)).body["data"].filter(
    ({ type }: { type: string }) => type === "product.updated",
  );
  expect(told).toHaveLength(12);
});
