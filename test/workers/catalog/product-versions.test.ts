import { expect, test } from "vitest";
import { upTo, world } from "../world.ts";
import { factsOf } from "./facts.ts";

test("a product's versions are told once each and listed by their release, page after page", async () => {
  const w = await world();
  const product = (await w.post("/v1/products", { name: "Studio", code: "studio" })).body["id"];
  const path = `/v1/products/${product}/versions`;
  // told out of order, two of them released at the same instant
  for (const n of [3, 1, 5, 2, 4]) {
    const day = Math.min(n, 4);
    const made = await w.post(path, { version: `1.${n}.0`, released_at: `2026-01-0${day}T12:00:00+01:00` });
    expect(made).toMatchObject({
      status: 201,
      body: { object: "product_version", product_id: product, released_at: `2026-01-0${day}T11:00:00.000Z` },
    });
  }
  expect(await w.post(path, { version: "1.3.0", released_at: "2026-02-01T00:00:00Z" })).toMatchObject({
    status: 409,
    body: { code: "product_version_taken" },
  });

  const seen: string[] = [];
  let query = "?limit=2";
  for (const _ of upTo(3)) {
    const page = await w.get(`${path}${query}`);
    seen.push(...page.body["data"].map((row: { version: string }) => row.version));
    query = `?limit=2&cursor=${page.body["next_cursor"]}`;
  }
  expect(seen).toEqual(["1.5.0", "1.4.0", "1.3.0", "1.2.0", "1.1.0"]);
  expect((await factsOf(w.tenant.id)).filter((fact) => fact.type === "product_version.created")).toHaveLength(5);
});

test("a cursor of one product's versions does not fit another's, nor does one that was made up", async () => {
  const w = await world();
  const [one, two] = await Promise.all(
    ["one", "two"].map(async (code) => (await w.post("/v1/products", { name: code, code })).body["id"]),
  );
  for (const n of upTo(2)) await w.post(`/v1/products/${one}/versions`, { version: `${n}`, released_at: "2026-01-01T00:00:00Z" });
  const { next_cursor: cursor } = (await w.get(`/v1/products/${one}/versions?limit=1`)).body;
  const hash = atob(cursor.replaceAll("-", "+").replaceAll("_", "/")).split(" ")[1];
  const madeUp = btoa(`nonsense ${hash}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  expect((await w.get(`/v1/products/${one}/versions?limit=1&cursor=${cursor}`)).body["data"]).toMatchObject([{ version: "1" }]);
  expect(await w.get(`/v1/products/${two}/versions?limit=1&cursor=${cursor}`)).toMatchObject({
    status: 400,
    body: { code: "invalid_cursor" },
  });
  expect(await w.get(`/v1/products/${one}/versions?limit=1&cursor=${madeUp}`)).toMatchObject({
    status: 400,
    body: { code: "invalid_cursor" },
  });
});

test("versions of another tenant's product can neither be told nor read", async () => {
  const [mine, other] = [await world(), await world()];
  const theirs = (await other.post("/v1/products", { name: "Studio", code: "studio" })).body["id"];
  const path = `/v1/products/${theirs}/versions`;
  expect(await mine.post(path, { version: "1.0.0", released_at: "2026-01-01T00:00:00Z" })).toMatchObject({
    status: 404,
    body: { code: "product_not_found" },
  });
  expect(await mine.get(path)).toMatchObject({ status: 404, body: { code: "product_not_found" } });
  expect((await other.get(path)).body["data"]).toEqual([]);
});
