import { send } from "../world.ts";

/** A JSON Schema as the document holds it; only what the tests look at. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  format?: string;
  example?: unknown;
};

type Content = Record<string, { schema?: Schema; example?: unknown }>;

export type DocumentedOperation = {
  operationId?: string;
  summary?: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema; example?: unknown }[];
  requestBody?: { required?: boolean; content?: Content };
  responses?: Record<string, { description?: string; content?: Content; "x-codes"?: string[] }>;
};

/** An OpenAPI document, as far as the tests read it. */
export type OpenApi = {
  paths: Record<string, Record<string, DocumentedOperation>>;
  components?: { schemas?: Record<string, Schema> };
};

export type Parameter = { name: string; required: boolean; schema: Schema; example: unknown };

/** One operation of the document, with what a request of it needs. */
export type Operation = {
  id: string;
  method: string;
  path: string;
  audience: "tenant" | "operator" | "public";
  /** The scope that a secret key needs; null for operations without one. */
  scope: string | null;
  publishable: boolean;
  /** Whether an operator may call it too, where it is a tenant's. */
  operators: boolean;
  pathParameters: Parameter[];
  query: Parameter[];
  headers: string[];
  body: { required: boolean; mediaType: string; mediaTypes: string[]; schema: Schema; example: unknown } | null;
  responses: NonNullable<DocumentedOperation["responses"]>;
};

/** The document as the edge serves it. */
export async function servedDocument(): Promise<OpenApi> {
  const { status, body } = await send("GET", "/openapi.json");
  if (status !== 200) throw new Error(`The document is not served: ${status}`);
  return body as OpenApi;
}

/** Every operation of a document. */
export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationOf(document, path, method, operation)),
  );
}

function operationOf(document: OpenApi, path: string, method: string, operation: DocumentedOperation): Operation {
  const { operationId, security = [], parameters = [], requestBody, responses = {} } = operation;
  const given = (place: string) =>
    parameters
      .filter((parameter) => parameter.in === place)
      .map(({ name, required = false, schema = {}, example }) => ({
        name,
        required,
        schema,
        example: example ?? schema.example,
      }));
  return {
    id: operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    audience: audienceOf(security),
    scope: security.flatMap((way) => way["secret_key"] ?? [])[0] ?? null,
    publishable: security.some((way) => "publishable_key" in way),
    operators: security.length > 1 && security.some((way) => "operator_key" in way),
    pathParameters: given("path"),
    query: given("query"),
    headers: given("header").map(({ name }) => name),
    body: bodyOf(document, requestBody),
    responses,
  };
}

function audienceOf(security: Record<string, string[]>[]): Operation["audience"] {
  if (security.length === 0) return "public";
  return security.every((way) => "operator_key" in way) ? "operator" : "tenant";
}

function bodyOf(document: OpenApi, requestBody: DocumentedOperation["requestBody"]): Operation["body"] {
  const [mediaType, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  if (!mediaType || !content) return null;
  const schema = content.schema ?? {};
  const example = content.example ?? schema.example ?? resolved(document, schema).example;
  const mediaTypes = Object.keys(requestBody?.content ?? {});
  return { required: requestBody?.required ?? false, mediaType, mediaTypes, schema, example };
}

/** A schema, or the one that it refers to. */
export function resolved(document: OpenApi, schema: Schema): Schema {
  const name = /^#\/components\/schemas\/(.+)$/.exec(schema.$ref ?? "")?.[1];
  if (name === undefined) return schema;
  const found = document.components?.schemas?.[name];
  if (!found) throw new Error(`The document has no schema ${name}`);
  return resolved(document, found);
}

/** A schema and every schema within it, each with its place; references are followed once. */
export function* schemasWithin(
  document: OpenApi,
  schema: Schema,
  at = "",
  seen = new Set<Schema>(),
): Generator<[string, Schema]> {
  const here = resolved(document, schema);
  if (seen.has(here)) return;
  const path = new Set(seen).add(here);
  yield [at, here];
  for (const [name, inner] of Object.entries(here.properties ?? {})) yield* schemasWithin(document, inner, `${at}/${name}`, path);
  if (here.items) yield* schemasWithin(document, here.items, `${at}/*`, path);
  for (const inner of [...(here.allOf ?? []), ...(here.anyOf ?? []), ...(here.oneOf ?? [])])
    yield* schemasWithin(document, inner, at, path);
  if (typeof here.additionalProperties === "object") yield* schemasWithin(document, here.additionalProperties, `${at}/~`, path);
}
