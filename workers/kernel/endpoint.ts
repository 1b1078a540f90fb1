import type { RouteConfig, RouteHandler } from "@hono/zod-openapi";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { SigningKey } from "#db/licensing/asked";
import type { Platform } from "#db/platform";
import type { Repo } from "#db/repo";
import type { Route } from "#rules/cache/counted";
import type { Scope } from "#rules/scopes";
import type { Caller } from "./auth.ts";
import type { Env } from "./env.ts";
import type { RequestLimits } from "./limiting.ts";
import type { Problem } from "./problem.ts";
import type { Vault } from "./vault.ts";
import { z } from "./wire.ts";

/** A schema as the document holds it (JSON Schema 2020-12). */
export type JsonSchema = Record<string, unknown>;

/** What every request knows. */
type RequestVars = {
  requestId: string;
  publicUrl: string;
  realNow: Date;
  ip: string | null;
  country: string | null;
  /** What the request is counted as. */
  route: Route;
  body: Uint8Array;
  /** The schemas that the document has names for: what the operations answer with. */
  schemas: () => Readonly<Record<string, JsonSchema>>;
  /** The body as text and its type, where the route takes another than JSON. */
  upload: { type: string; text: string };
};

/** What a request of a tenant knows: its own rows, its own clock, its own secrets. */
export type TenantEnv = {
  Bindings: Env;
  Variables: RequestVars & {
    caller: Caller;
    repo: Repo;
    vault: Vault;
    limits: RequestLimits;
    signingKeys: readonly SigningKey[];
    now: Date;
    /** The caller's Idempotency-Key, where the operation keeps its answers by itself (`keepsAnswers`). */
    intent: { keyHash: string; requestHash: string } | null;
  };
};

/** What a request of an operator knows; there is no tenant, and so no `repo`. */
export type OperatorEnv = { Bindings: Env; Variables: RequestVars & { caller: Caller; platform: Platform; now: Date } };

/**
 * What a request knows that a tenant's key or an operator's may send: through which of two doors it sees rows. There is none beside, so that what
 * a tenant's key can reach is what its own `repo` holds.
 */
export type EitherEnv = { Bindings: Env; Variables: RequestVars & { caller: Caller; now: Date; door: Door } };

export type Door = { of: "tenant"; repo: Repo } | { of: "platform"; platform: Platform };

/** What a request without a key knows. */
export type PublicEnv = { Bindings: Env; Variables: RequestVars };

export type Audience = "tenant" | "operator" | "tenant_or_operator" | "public" | "internal";

type AnyEnv = TenantEnv | OperatorEnv | EitherEnv | PublicEnv;

type Definition<R extends RouteConfig, E extends AnyEnv> = {
  route: R;
  handler: RouteHandler<R, E>;
  /** false: checks, previews and lookups change nothing, so an Idempotency-Key is not read. */
  idempotent?: false;
  /** What carries the operation out keeps its answers by the caller's Idempotency-Key itself, so that both are one write: see `c.var.intent`. */
  keepsAnswers?: true;
  /** How many bytes the body may have, where that is not a megabyte. */
  bodyLimit?: number;
  /** Open while the tenant's month is used up: what shows and changes the limits themselves. */
  isAlwaysOpen?: true;
};

export type Endpoint = {
  readonly audience: Audience;
  readonly route: RouteConfig & { operationId: string };
  // each endpoint has a handler type of its own; the router only ever hands it what its route declared
  readonly handler: RouteHandler<RouteConfig, never>;
  readonly idempotent: boolean;
  readonly keepsAnswers: boolean;
  readonly bodyLimit: number | null;
  readonly isAlwaysOpen: boolean;
};

const of =
  <E extends AnyEnv>(audience: Audience) =>
  <R extends RouteConfig & { operationId: string }>({
    route,
    handler,
    idempotent,
    keepsAnswers,
    bodyLimit,
    isAlwaysOpen,
  }: Definition<R, E>): Endpoint => ({
    audience,
    route,
    handler: handler as unknown as Endpoint["handler"],
    idempotent:
      idempotent ?? (audience !== "public" && audience !== "internal" && (route.method === "post" || route.method === "patch")),
    keepsAnswers: keepsAnswers ?? false,
    bodyLimit: bodyLimit ?? null,
    isAlwaysOpen: isAlwaysOpen ?? false,
  });

/** An operation of a tenant, called with one of its keys. */
export const endpoint = of<TenantEnv>("tenant");

/** An operation of the platform, called with an operator key. */
export const operatorEndpoint = of<OperatorEnv>("operator");

/** An operation that both may call: a tenant's secret key for what is the tenant's own, an operator's for what is anybody's. */
export const eitherEndpoint = of<EitherEnv>("tenant_or_operator");

/** An operation that needs no key. */
export const publicEndpoint = of<PublicEnv>("public");

/** An operation of the worker host alone, called with a signature and absent from the document. */
export const internalEndpoint = of<PublicEnv>("internal");

/** The scope that a secret key must hold; the one in the document is the one enforced. */
export const scope = (name: Scope) => [{ secret_key: [name] }];

/** The same for an operation that publishable keys may call too. */
export const scopeOrPublishable = (name: Scope) => [{ secret_key: [name] }, { publishable_key: [] }];

/** For operator keys. */
export const operator = () => [{ operator_key: [] }];

/** For an operation that both may call: the scope that a secret key must hold, or an operator key. */
export const scopeOrOperator = (name: Scope) => [{ secret_key: [name] }, { operator_key: [] }];

/** A JSON request body. Its schema must be strict: an unknown field is refused, not dropped. */
export const jsonBody = <S extends z.ZodType>(schema: S) => ({
  content: { "application/json": { schema } },
  required: true as const,
});

/** A body that may be left out: actions whose every field is optional. */
export const optionalJsonBody = <S extends z.ZodType>(schema: S) => ({
  content: { "application/json": { schema } },
  required: false as const,
});

/** A body of text that is not JSON, in one of several types, each with its example. The handler reads it as `c.var.upload`. */
export const textBody = (types: Record<string, { description: string; example: string }>) => ({
  content: Object.fromEntries(
    Object.entries(types).map(([type, { description, example }]) => [
      type,
      { schema: z.string().openapi({ description }), example },
    ]),
  ),
  required: true as const,
});

/** A JSON answer. */
export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  content: { "application/json": { schema } },
  description,
});

/** An answer without a body. */
export const empty = (description: string) => ({ description });

/** The header that every operation shows which keeps its answer under it. */
export const IDEMPOTENCY_HEADER = {
  name: "Idempotency-Key",
  in: "header" as const,
  required: false,
  description:
    "Your name for this one intent: the same key with the same request has one effect, and the same answer for 30 days (`Idempotency-Replayed: true`).",
  schema: { type: "string" as const, minLength: 1, maxLength: 255 },
  example: "order-4711-attempt",
};

const ProblemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    fix: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })).optional(),
  })
  .openapi("Problem");

type DeclaredProblem = Pick<Problem<never>, "code" | "status" | "title">;

/** The problems of an operation, by status; those that every operation may answer (400, 401, 403, 429) are added by the document. */
export function problems(...declared: DeclaredProblem[]): object {
  const byStatus: Record<
    string,
    { content: { "application/problem+json": { schema: typeof ProblemBody } }; description: string; "x-codes": string[] }
  > = {};
  for (const { code, status, title } of declared) {
    const known = byStatus[status];
    byStatus[status] = {
      content: { "application/problem+json": { schema: ProblemBody } },
      description: known ? `${known.description}; ${title} (\`${code}\`)` : `${title} (\`${code}\`)`,
      "x-codes": [...(known?.["x-codes"] ?? []), code],
    };
  }
  return byStatus;
}

/** The query of a list: page and filters. Strict: an unknown parameter is a 400. */
export const listQuery = <S extends z.ZodRawShape>(filters: S) =>
  z.strictObject({
    limit: z.coerce.number().int().min(1).max(100).default(20).openapi({ example: 20 }),
    cursor: z.string().min(1).max(500).optional(),
    ...filters,
  });

/** A page of a list. */
export const listOf = <S extends z.ZodType>(item: S) =>
  z.object({ object: z.literal("list"), data: z.array(item), has_more: z.boolean(), next_cursor: z.string().nullable() });

/** The path parameter of an object; what does not parse is not found, so it is only bounded here. */
export const idParam = (noun: string) =>
  z.strictObject({
    id: z
      .string()
      .max(255)
      .openapi({ param: { name: "id", in: "path" }, example: `${noun}_00…` }),
  });

export type { ContentfulStatusCode };
