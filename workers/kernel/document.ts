import type { App } from "./app.ts";
import {
  bodyTooLarge,
  internalError,
  invalidRequest,
  keyKindNotAllowed,
  scopeMissing,
  tooManyRefusals,
  unauthorized,
  unsupportedMediaType,
} from "./problems.ts";
import type { ProblemKind } from "./problem.ts";

type Operation = {
  operationId?: string;
  security?: Record<string, string[]>[];
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
  const guarded = (operation.security ?? []).length > 0;
  const common: ProblemKind<never>[] = [invalidRequest, internalError].map((problem) => problem as unknown as ProblemKind<never>);
  if (guarded)
    common.push(
      ...[unauthorized, keyKindNotAllowed, scopeMissing, tooManyRefusals].map(
        (problem) => problem as unknown as ProblemKind<never>,
      ),
    );
  if (operation.requestBody)
    common.push(...[bodyTooLarge, unsupportedMediaType].map((problem) => problem as unknown as ProblemKind<never>));
  const responses = (operation.responses ??= {});
  for (const { status, title, code } of common) {
    const known = responses[status] as { description: string; "x-codes"?: string[] } | undefined;
    responses[status] = {
      ...(known ?? { content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } }),
      description: known ? `${known.description}; ${title} (\`${code}\`)` : `${title} (\`${code}\`)`,
      "x-codes": [...(known?.["x-codes"] ?? []), code],
    };
  }
}
