import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { forget, send, world } from "../world.ts";

test("a key grants at most what its maker holds", async () => {
  const w = await world();
  const maker = await w.post("/v1/api_keys", { name: "Maker", kind: "secret", scopes: ["api_keys:write", "products:read"] });
  const beyond = await w.post(
    "/v1/api_keys",
    { name: "Beyond", kind: "secret", scopes: ["products:write"] },
    { key: maker.body["secret"] },
  );
  expect(beyond).toMatchObject({ status: 403, body: { code: "beyond_makers_rights" } });
  const within = await w.post("/v1/api_keys", { name: "Within", kind: "secret" }, { key: maker.body["secret"] });
  expect(within.body["scopes"]).toEqual(["products:read"]);
});

test("a scope that a key lacks is named", async () => {
  const w = await world();
  const reader = await w.post("/v1/api_keys", { name: "Reader", kind: "secret", scopes: ["products:read"] });
  expect((await w.get("/v1/products", undefined, { key: reader.body["secret"] })).status).toBe(200);
  const refused = await w.post("/v1/products", { name: "No", code: "no" }, { key: reader.body["secret"] });
  expect(refused).toMatchObject({
    status: 403,
    body: { code: "scope_missing", detail: "The operation needs the scope products:write." },
  });
});

test("a revoked key takes with it every key that it made, and theirs", async () => {
  const w = await world();
  const make = async (key: string) =>
    (await w.post("/v1/api_keys", { name: "K", kind: "secret", scopes: ["api_keys:write", "products:read"] }, { key })).body;
  const parent = await make(w.keys.secret);
  const child = await make(parent["secret"]);
  const grandchild = await make(child["secret"]);
  expect((await w.delete(`/v1/api_keys/${parent["id"]}`)).status).toBe(204);
  for (const key of [parent, child, grandchild])
    expect((await w.get("/v1/products", undefined, { key: key["secret"] })).status).toBe(401);
  expect((await w.delete(`/v1/api_keys/${parent["id"]}`)).status).toBe(204);
});

test("a child ends no later than its maker, and calls from no other addresses", async () => {
  const w = await world();
  const maker = await w.post("/v1/api_keys", {
    name: "M",
    kind: "secret",
    scopes: ["api_keys:write", "products:read"],
    expires_at: "2040-01-01T00:00:00Z",
    ip_allowlist: ["203.0.113.0/24"],
  });
  const from = { key: maker.body["secret"], headers: { "x-latchkey-ip": "203.0.113.7" } };
  const child = await w.post("/v1/api_keys", { name: "C", kind: "secret" }, from);
  expect(child.body).toMatchObject({ expires_at: "2040-01-01T00:00:00.000Z", ip_allowlist: ["203.0.113.0/24"] });
  const longer = await w.post("/v1/api_keys", { name: "L", kind: "secret", expires_at: "2041-01-01T00:00:00Z" }, from);
  expect(longer.body).toMatchObject({ code: "beyond_makers_rights" });
  const elsewhere = await w.get("/v1/products", undefined, {
    key: child.body["secret"],
    headers: { "x-latchkey-ip": "198.51.100.1" },
  });
  expect(elsewhere.body).toMatchObject({ code: "address_not_allowed" });
});

test("a publishable key calls what programs need and nothing else", async () => {
  const w = await world();
  const refused = await w.get("/v1/products", undefined, { key: w.keys.publishable });
  expect(refused).toMatchObject({ status: 403, body: { code: "key_kind_not_allowed" } });
});

test("an expired key is refused", async () => {
  const w = await world();
  const key = await w.post("/v1/api_keys", { name: "E", kind: "secret", expires_at: "2040-01-01T00:00:00Z" });
  await env.DB_00.prepare("update api_keys set expires_at = ? where id = ?")
    .bind(Date.now() - 1, key.body["id"])
    .run();
  expect((await w.get("/v1/products", undefined, { key: key.body["secret"] })).status).toBe(401);
});

test("the last use of a key is noted", async () => {
  const w = await world();
  const [key] = (await w.get("/v1/api_keys?kind=secret")).body["data"];
  const listed = (await w.get("/v1/api_keys?kind=secret")).body["data"][0];
  expect(key.id).toBe(listed.id);
  expect(Date.parse(listed.last_used_at)).toBeGreaterThan(Date.now() - 60_000);
});

test("a text that is no key of ours is refused without asking the database", async () => {
  await world();
  for (const key of ["x", "lk_sk_live_00short", `lk_sk_live_00${"0".repeat(39)}`]) {
    expect((await send("GET", "/v1/products", undefined, { key })).body).toMatchObject({ code: "unauthorized", status: 401 });
  }
});

test("who held every scope of a release before holds the new ones, and nobody else", async () => {
  const w = await world();
  const keys = async () => (await w.get("/v1/api_keys")).body["data"] as { id: string; kind: string; scopes: string[] }[];
  const scopesOf = async (id: unknown) => (await keys()).find((key) => key.id === id)?.scopes;
  const first = (await keys()).find(({ kind }) => kind === "secret");
  const { TEST_MIGRATIONS } = env as typeof env & { TEST_MIGRATIONS: { name: string; queries: string[] }[] };
  const [giving = ""] = TEST_MIGRATIONS.find(({ name }) => name.endsWith("_scopes.sql"))?.queries ?? [];
  const added = JSON.parse(/'(\[[^']*\])'/.exec(giving)?.[1] ?? "[]") as string[];
  const before = first?.scopes.filter((scope) => !added.includes(scope));
  expect(before).not.toEqual(first?.scopes);
  const reader = await w.post("/v1/api_keys", { name: "Reader", kind: "secret", scopes: ["products:read"] });
  await env.DB_00.prepare("update api_keys set scopes = ? where id = ?").bind(JSON.stringify(before), first?.id).run();
  for (const _ of [1, 2]) await env.DB_00.prepare(giving).run();
  forget();
  expect(await scopesOf(first?.id)).toEqual(first?.scopes);
  expect(await scopesOf(reader.body["id"])).toEqual(["products:read"]);
});
