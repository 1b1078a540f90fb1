import { OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import type { Context } from "hono";
import type { ZodError } from "zod";
import { AlreadyAnswered } from "#db/commit";
import { realNow } from "./clock.ts";
import { schemasOf } from "./document.ts";
import { IDEMPOTENCY_HEADER, type Endpoint, type PublicEnv } from "./endpoint.ts";
import { EVENT_OBJECTS } from "./event-objects.ts";
import { EXPOSED_HEADERS } from "./exposed-headers.ts";
import { fieldErrorsOf } from "./field-errors.ts";
import { gate, underGate } from "./gate.ts";
import { Unreachable } from "./hot/truth.ts";
import { newRequestId } from "./ids.ts";
import type { RequestLimits } from "./limiting.ts";
import { placeOf } from "./place.ts";
import { ProblemError, problemResponse } from "./problem.ts";
import {
  idempotencyInFlight,
  internalError,
  invalidRequest,
  malformedJson,
  routeNotFound,
  temporarilyUnavailable,
  unsupportedMediaType,
} from "./problems.ts";
import { count, flushTallies, observe } from "./tallies.ts";

export type App = OpenAPIHono<PublicEnv>;

/** The edge's router: every room's operations behind one gate. */
export function appOf(endpoints: readonly Endpoint[]): App {
  const app: App = new OpenAPIHono<PublicEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalidFields(result.target, result.error);
    },
  });
  app.use(async (c, next) => {
    c.set("requestId", newRequestId());
    c.set("realNow", realNow());
    c.set("publicUrl", c.env.LATCHKEY_PUBLIC_URL || new URL(c.req.url).origin);
    const { ip, country } = placeOf(c.env, c.req.raw);
    c.set("ip", ip);
    c.set("country", country);
    c.set("route", "public");
    c.set("schemas", () => schemasOf(app));
    await next();
    c.res.headers.set("x-request-id", c.var.requestId);
    tally(c);
    const limits = (c as Context).get("limits") as RequestLimits | undefined;
    for (const [name, value] of Object.entries(limits?.headers() ?? {})) c.res.headers.set(name, value);
  });
  app.use(corsFor(endpoints));
  app.onError((error, c) => problemResponse(asProblem(error, c.var.requestId), c.var.requestId, c.var.publicUrl));
  app.notFound((c) => {
    c.set("route", "unmatched");
    return problemResponse(routeNotFound({}), c.var.requestId, c.var.publicUrl);
  });
  for (const [name, object] of Object.entries(EVENT_OBJECTS)) app.openAPIRegistry.register(name, object);
  for (const operation of endpoints) {
    const headers = operation.idempotent ? [IDEMPOTENCY_HEADER] : [];
    const parameters = [...(operation.route.parameters ?? []), ...headers] as NonNullable<RouteConfig["parameters"]>;
    const route = { ...operation.route, parameters, middleware: [gate(operation)], hide: operation.audience === "internal" };
    app.openapi(route, underGate(operation) as never);
  }
  return app;
}

/** Counts the answer, says how long it took, and sends the counts when their time has come. */
function tally(c: Context<PublicEnv>): void {
  const { route, realNow: startedAt } = c.var;
  const now = realNow();
  const ms = now.getTime() - startedAt.getTime();
  c.res.headers.append("server-timing", `total;dur=${ms}`);
  count("requests", `${route}/${Math.floor(c.res.status / 100)}xx`);
  observe("router_seconds", ms / 1000, route);
  flushTallies(c.env, (work) => c.executionCtx.waitUntil(work), now);
}

function asProblem(error: unknown, requestId: string): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof AlreadyAnswered) return idempotencyInFlight({}, { headers: { "retry-after": "1" } });
  if (error instanceof HTTPException)
    return error.status === 415 ? unsupportedMediaType({ takes: "application/json" }) : malformedJson({});
  if (error instanceof Unreachable) return temporarilyUnavailable({}, { headers: { "retry-after": "1" } });
  const sentence = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // the caller gets the request id alone; the sentence names tables and code, never values
  // oxlint-disable-next-line no-console -- the edge's log is the console
  console.error(JSON.stringify({ at: "request", request_id: requestId, error: sentence.slice(0, 300) }));
  if (/D1_ERROR.*(timed out|overloaded|reset|internal error)|Network connection lost/i.test(sentence)) {
    return temporarilyUnavailable({}, { headers: { "retry-after": "1" } });
  }
  return internalError({});
}

function invalidFields(target: string, error: ZodError): ProblemError {
  const prefix = target === "json" ? "" : `/${target}`;
  const errors = fieldErrorsOf(prefix, error.issues);
  const first = errors[0];
  return invalidRequest(
    {
      what: `${errors.length === 1 ? "One" : errors.length} of its fields did not fit: ${first?.pointer || "the body"}: ${first?.detail ?? "it is not valid"}`,
    },
    { errors },
  );
}

const ALLOWED_HEADERS = "authorization, content-type, idempotency-key";
/** Browsers may call what publishable keys may call. The key itself says from which origins; a preflight carries none, so it is always allowed. */
function corsFor(endpoints: readonly Endpoint[]) {
  const paths = endpoints
    .filter(({ route }) => route.security?.some((way) => "publishable_key" in way))
    .map(({ route }) => new RegExp(`^${route.path.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`));
  return async (c: Context, next: () => Promise<void>) => {
    const origin = c.req.header("origin");
    if (origin === undefined || !paths.some((path) => path.test(c.req.path))) return next();
    if (c.req.method === "OPTIONS") {
      const headers = {
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": ALLOWED_HEADERS,
        "access-control-max-age": "86400",
      };
      return new Response(null, { status: 204, headers: { "access-control-allow-origin": "*", ...headers } });
    }
    await next();
    const caller = c.get("caller") as { allowedOrigins: readonly string[] } | undefined;
    const restricted = caller !== undefined && caller.allowedOrigins.length > 0;
    c.res.headers.set("access-control-allow-origin", restricted ? origin : "*");
    if (restricted) c.res.headers.append("vary", "origin");
    c.res.headers.set("access-control-expose-headers", EXPOSED_HEADERS);
  };
}
