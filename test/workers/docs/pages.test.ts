import { expect, test } from "vitest";
import { send } from "../world.ts";

test("the document is OpenAPI 3.1 and the reference reads it", async () => {
  const document = await send("GET", "/openapi.json");
  expect(document.body).toMatchObject({
    openapi: "3.1.0",
    paths: { "/v1/products": { post: { operationId: "products.create" } } },
  });
  const page = await send("GET", "/docs");
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(page.text).toContain("/openapi.json");
});

test("a problem's type leads to a page that says what to do", async () => {
  const { body } = await send("GET", "/v1/nothing");
  const page = await send("GET", new URL(body["type"]).pathname);
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining("What to do") });
});

test("health says how each part is, without a key", async () => {
  expect(await send("GET", "/health")).toMatchObject({
    status: 200,
    body: { object: "health", parts: { database: { status: "ok" }, worker_host: { status: expect.any(String) } } },
  });
});
