import type { OpenAPIHono } from "@hono/zod-openapi";
import { IDEMPOTENCY_HEADER, type JsonSchema, type PublicEnv } from "./endpoint.ts";
import {
  addressNotAllowed,
  bodyTooLarge,
  idempotencyInFlight,
  idempotencyKeyReused,
  internalError,
  invalidCursor,
  invalidIdempotencyKey,
  invalidRequest,
  keyKindNotAllowed,
  malformedJson,
  originNotAllowed,
  scopeMissing,
  temporarilyUnavailable,
  rateLimited,
  unauthorized,
  unsupportedMediaType,
} from "./problems.ts";
import type { ProblemKind } from "./problem.ts";

type Operation = {
  operationId?: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string }[];
  responses?: Record<string, unknown>;
  requestBody?: unknown;
};

/** The OpenAPI 3.1 document of a router. Made from the routes that are served, so it cannot speak of others. */
export function documentOf(app: OpenAPIHono<PublicEnv>, publicUrl: string) {
  app.openAPIRegistry.registerComponent("securitySchemes", "secret_key", {
    type: "http",
    scheme: "bearer",
    description: "A tenant's secret key, `lk_sk_live_…` or `lk_sk_test_…`. The scope that an operation needs stands beside it.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "publishable_key", {
    type: "http",
    scheme: "bearer",
    description: "A key that may be embedded in apps, `lk_pk_live_…` or `lk_pk_test_…`.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "operator_key", {
    type: "http",
    scheme: "bearer",
    description: "A key of the platform's operators, `lk_op_…`.",
  });
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Latchkey",
      version: "0.1.0",
      description:
        "Software licensing and billing at the edge. Errors are `application/problem+json` (RFC 9457) with a `code` and a `fix`.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: publicUrl }],
  });
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path) as Operation[]) {
      addCommonProblems(operation);
      addLimitHeaders(operation);
    }
  }
  document.components = { ...document.components, headers: LIMIT_HEADERS };
  return document;
}

const schemas = new WeakMap<OpenAPIHono<PublicEnv>, Record<string, JsonSchema>>();

/** The schemas that the document has names for. Written once for a router. */
export function schemasOf(app: OpenAPIHono<PublicEnv>): Record<string, JsonSchema> {
  const known = schemas.get(app) ?? (documentOf(app, "").components?.schemas as Record<string, JsonSchema> | undefined) ?? {};
  schemas.set(app, known);
  return known;
}

/** What every answer that was counted says of the limits that it was counted against. */
const LIMIT_HEADERS = {
  "RateLimit-Policy": {
    description: "The limits that this request counted against: `q` requests in each window of `w` seconds.",
    schema: { type: "string" as const },
    example: '"requests_minute";q=600;w=60, "requests_hour";q=20000;w=3600',
  },
  RateLimit: {
    description: "What is left of each: `r` requests, until it starts again in `t` seconds.",
    schema: { type: "string" as const },
    example: '"requests_minute";r=599;t=31, "requests_hour";r=19210;t=1831',
  },
  "Retry-After": {
    description: "Seconds until the request may be repeated.",
    schema: { type: "integer" as const, minimum: 1 },
    example: 31,
  },
};

const referenced = (names: readonly (keyof typeof LIMIT_HEADERS)[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Which answers carry the headers: those of tenants' operations that were admitted, and every refusal says when to come back. */
function addLimitHeaders({ security = [], responses = {} }: Operation): void {
  const isCounted = security.some((way) => "secret_key" in way || "publishable_key" in way);
  for (const [status, response] of Object.entries(responses) as [string, { headers?: object }][]) {
    const counted = isCounted && (status.startsWith("2") || status === "429");
    const names = [
      ...(counted ? (["RateLimit-Policy", "RateLimit"] as const) : []),
      ...(status === "429" || status === "503" ? (["Retry-After"] as const) : []),
    ];
    if (names.length > 0) response.headers = { ...response.headers, ...referenced(names) };
  }
}

/** What every operation may answer stands in the document without being declared each time. */
function addCommonProblems(operation: Operation): void {
  const responses = (operation.responses ??= {});
  for (const { status, title, code } of commonProblems(operation)) {
    const known = responses[status] as { description: string; "x-codes"?: string[] } | undefined;
    const codes = known?.["x-codes"] ?? [];
    if (codes.includes(code)) continue;
    const description = `${title} (\`${code}\`)`;
    responses[status] = {
      ...(known ?? { content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } }),
      description: known ? `${known.description}; ${description}` : description,
      "x-codes": [...codes, code],
    };
  }
}

function commonProblems({
  security = [],
  parameters = [],
  requestBody,
}: Operation): Pick<ProblemKind<never>, "status" | "title" | "code">[] {
  const takes = (name: string) => parameters.some((parameter) => parameter.name === name);
  const ofATenant = security.some((way) => "secret_key" in way);
  return [
    invalidRequest,
    ...(requestBody ? [malformedJson, bodyTooLarge, unsupportedMediaType] : []),
    ...(takes("cursor") ? [invalidCursor] : []),
    ...(takes(IDEMPOTENCY_HEADER.name) ? [invalidIdempotencyKey, idempotencyInFlight, idempotencyKeyReused] : []),
    ...(security.length > 0 ? [unauthorized, keyKindNotAllowed, rateLimited] : []),
    ...(ofATenant ? [scopeMissing, originNotAllowed, addressNotAllowed] : []),
    internalError,
    temporarilyUnavailable,
  ];
}
