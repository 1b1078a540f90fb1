import { expect, test } from "vitest";
import { appOf } from "#kernel/app";
import { allProblems } from "#kernel/problem";
import { addPages } from "../../../workers/docs/pages.ts";
import { endpoints } from "../../../workers/rooms.ts";
import { send } from "../world.ts";
import { laws, type Beside } from "./laws.ts";
import { servedDocument, type OpenApi } from "./operations.ts";

/** What is served for people, and so is no operation. */
const PAGES = [
  "GET /openapi.json",
  "GET /",
  "GET /redoc",
  "GET /api/docs",
  "GET /docs",
  "GET /docs/scalar.js",
  "GET /docs/problems",
  "GET /docs/problems/:code",
];

async function besideTheDocument(): Promise<Beside> {
  const app = appOf(endpoints);
  addPages(app);
  const problemCodes = [...allProblems().keys()];
  const pages = await Promise.all(problemCodes.map((code) => send("GET", `/docs/problems/${code}`)));
  const problemPages = new Set(
    problemCodes.filter((code, index) => pages[index]?.status === 200 && pages[index].text.includes(code)),
  );
  return { routes: app.routes, pages: PAGES, problemCodes, problemPages };
}

test.each(Object.entries(laws))("%s", async (_, law) => {
  expect(law(await servedDocument(), await besideTheDocument())).toEqual([]);
});

/** A document and its surroundings that keep every law. */
const SOUND = (): { document: OpenApi; beside: Beside } => ({
  document: {
    paths: {
      "/v1/products/{id}": {
        patch: {
          operationId: "products.update",
          summary: "Change a product",
          security: [{ secret_key: ["products:write"] }],
          parameters: [{ name: "id", in: "path", schema: { type: "string", example: "prod_00…" } }],
          requestBody: { required: true, content: { "application/json": { schema: { $ref: "#/components/schemas/Patch" } } } },
          responses: {
            200: { content: { "application/json": { schema: { type: "object" } } } },
            404: { "x-codes": ["product_not_found"] },
          },
        },
        get: {
          operationId: "products.get",
          summary: "Get a product",
          security: [{ secret_key: ["products:read"] }],
          responses: { 204: {}, 404: { "x-codes": ["product_not_found"] } },
        },
      },
    },
    components: {
      schemas: {
        Patch: {
          type: "object",
          properties: { name: { type: "string" }, terms: { type: "array", items: { $ref: "#/components/schemas/Term" } } },
          required: ["name"],
          additionalProperties: false,
          example: { name: "Studio", terms: [{ days: 3 }] },
        },
        Term: { type: "object", properties: { days: { type: "integer" } }, additionalProperties: false },
      },
    },
  },
  beside: {
    routes: [
      { method: "ALL", path: "/*" },
      { method: "PATCH", path: "/v1/products/:id" },
      { method: "GET", path: "/v1/products/:id" },
      { method: "POST", path: "/internal/shards" },
      { method: "GET", path: "/docs" },
    ],
    pages: ["GET /docs"],
    problemCodes: ["product_not_found"],
    problemPages: new Set(["product_not_found"]),
  },
});

test.each(Object.entries(laws))("a sound document keeps the law: %s", (_, law) => {
  const { document, beside } = SOUND();
  expect(law(document, beside)).toEqual([]);
});

// oxlint-disable-next-line typescript/no-explicit-any -- a planted fault reaches anywhere into the document
type Plant = (update: any, planted: { document: any; beside: any }) => void;

test.each<[keyof typeof laws, string, Plant]>([
  [
    "the router's table equals the document",
    "a route too few",
    (_, { document }) => delete document.paths["/v1/products/{id}"].get,
  ],
  ["the router's table equals the document", "a route too many", (_, { beside }) => beside.routes.splice(1, 1)],
  ["the router's table equals the document", "a page that is gone", (_, { beside }) => beside.routes.pop()],
  ["an operation is named noun.verb, once", "camel case", (update) => (update.operationId = "products.updateAll")],
  ["an operation is named noun.verb, once", "no verb", (update) => (update.operationId = "products")],
  ["an operation is named noun.verb, once", "a name twice", (update) => (update.operationId = "products.get")],
  ["an operation has a summary", "none", (update) => delete update.summary],
  ["an operation names who may call it", "nothing", (update) => delete update.security],
  ["an operation names who may call it", "nobody", (update) => (update.security = [])],
  ["an operation names who may call it", "no scope", (update) => (update.security = [{ secret_key: [] }])],
  ["an operation names who may call it", "an unknown scope", (update) => (update.security = [{ secret_key: ["planets:write"] }])],
  ["an operation names who may call it", "publishable alone", (update) => (update.security = [{ publishable_key: [] }])],
  [
    "reading is done under a scope for reading",
    "a write",
    (_, { document }) => (document.paths["/v1/products/{id}"].get.security = [{ secret_key: ["products:write"] }]),
  ],
  [
    "publishable keys may call what the contract lists, and all of it",
    "one too many",
    (update) => update.security.push({ publishable_key: [] }),
  ],
  [
    "publishable keys may call what the contract lists, and all of it",
    "one too few",
    (update) => (update.operationId = "licenses.validate"),
  ],
  [
    "a request body is strict",
    "an open object",
    (_, { document }) => delete document.components.schemas.Patch.additionalProperties,
  ],
  [
    "a request body is strict",
    "an open object within",
    (_, { document }) => delete document.components.schemas.Term.additionalProperties,
  ],
  [
    "a request body is strict",
    "anything",
    (update) => (update.requestBody.content["application/json"].schema = { type: "object" }),
  ],
  [
    "a request body has an example, and the example fits",
    "none",
    (_, { document }) => delete document.components.schemas.Patch.example,
  ],
  [
    "a request body has an example, and the example fits",
    "one that does not fit",
    (_, { document }) => (document.components.schemas.Patch.example = { name: "Studio", terms: [{ days: "3" }] }),
  ],
  [
    "a request body has an example, and the example fits",
    "an unknown field",
    (_, { document }) => (document.components.schemas.Patch.example = { name: "Studio", colour: "red" }),
  ],
  ["an identifier in a path has an example", "none", (update) => delete update.parameters[0].schema.example],
  ["an operation tells its answers and its problems", "no answer", (update) => delete update.responses[200]],
  ["an operation tells its answers and its problems", "no schema", (update) => delete update.responses[200].content],
  ["an operation tells its answers and its problems", "no problems", (update) => delete update.responses[404]],
  ["a declared problem exists", "an unknown one", (update) => update.responses[404]["x-codes"].push("planet_not_found")],
  ["a problem has one code and a page", "a code twice", (_, { beside }) => beside.problemCodes.push("product_not_found")],
  ["a problem has one code and a page", "no page", (_, { beside }) => beside.problemPages.clear()],
  ["a problem has one code and a page", "upper case", (_, { beside }) => (beside.problemCodes[0] = "PRODUCT_NOT_FOUND")],
])("a planted violation of «%s» is caught: %s", (name, _, plant) => {
  const planted = SOUND();
  plant(planted.document.paths["/v1/products/{id}"]?.["patch"], planted);
  expect(laws[name](planted.document, planted.beside)).not.toEqual([]);
});
