import type { App } from "./app.ts";
import { IDEMPOTENCY_HEADER } from "./endpoint.ts";
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
export function documentOf(app: App, publicUrl: string) {
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
    for (const operation of Object.values(path) as Operation[]) addCommonProblems(operation);
  }
  return document;
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
