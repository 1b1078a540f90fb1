import type { Context, MiddlewareHandler } from "hono";
import type { Asking } from "#db/commit";
import { platformOf } from "#db/platform";
import { repoOf } from "#db/repo";
import type { TenantRow } from "#db/tenants/callers";
import { ROUTES } from "#rules/cache/counted";
import { shardOf } from "#rules/ids";
import { askingIn } from "./asking.ts";
import { authenticateOperator, authenticateTenant, isOfOperator, type Caller, type TenantCaller } from "./auth.ts";
import { jsonText, readBody, textOf } from "./body.ts";
import { businessNow } from "./clock.ts";
import type { Door, Endpoint, OperatorEnv, PublicEnv, TenantEnv } from "./endpoint.ts";
import type { Env } from "./env.ts";
import { intentOf, underIntent, type Intent } from "./intents.ts";
import { countedBefore, laneOf, RequestLimits, whyTurnedAway } from "./limiting.ts";
import { licenseNotFound } from "./not-found.ts";
import { ProblemError } from "./problem.ts";
import { invalidRequest } from "./problems.ts";
import { databaseOf, HOME_SHARD } from "./shards.ts";
import { checkSignature } from "./signature.ts";
import { vaultOf } from "./vault.ts";

const BODY_LIMIT = 1024 * 1024;
const PUBLIC_BODY_LIMIT = 256 * 1024;

/** Where the gate leaves the caller's intent for `underGate`, which runs behind the validators. */
const intents = new WeakMap<Request, { intent: Intent; d1: D1Database }>();

type GateContext = Context<{
  Bindings: Env;
  Variables: TenantEnv["Variables"] & OperatorEnv["Variables"] & PublicEnv["Variables"] & { door: Door };
}>;

/** What stands before every operation: who calls, what it may, and what it sent. */
export function gate(operation: Endpoint): MiddlewareHandler {
  const named = ROUTES.find((name) => name === operation.route.operationId);
  return async (context, next) => {
    const c = context as GateContext;
    const audience = admittedAs(c, operation);
    c.set("route", named ?? audience);
    if (audience === "tenant") await admitTenant(c, operation);
    else if (audience === "operator") await admitOperator(c, operation);
    else await admitWithoutKey(c, operation);
    await next();
    if (audience === "tenant" && isMissing(c.error)) await c.var.limits.notFound(fieldsIn(c)["license_key"]);
  };
}

/** As what a request is judged. Where both may call, the kind of its key says it; whether that is good, the door itself asks. */
function admittedAs(c: GateContext, { audience }: Endpoint): Exclude<Endpoint["audience"], "tenant_or_operator"> {
  if (audience !== "tenant_or_operator") return audience;
  return isOfOperator(c.req.raw.headers) ? "operator" : "tenant";
}

/** Runs a handler under the caller's Idempotency-Key, where there is one. */
export function underGate(operation: Endpoint): (c: GateContext, next: () => Promise<void>) => Promise<Response> {
  const handler = operation.handler as unknown as (c: GateContext, next: () => Promise<void>) => Promise<Response>;
  return async (c, next) => {
    const held = intents.get(c.req.raw);
    return held ? underIntent(held.d1, held.intent, c.var.realNow, () => handler(c, next)) : handler(c, next);
  };
}

async function admitTenant(c: GateContext, operation: Endpoint): Promise<void> {
  const { caller, tenant, tenantId, signingKeys } = await limited(c, operation);
  const limit = caller.kind === "publishable" ? PUBLIC_BODY_LIMIT : BODY_LIMIT;
  await takeBody(c, operation, limit);
  if (c.var.limits.isGuesser) c.var.limits.guess(fieldsIn(c)["license_key"]);
  const now = businessNow(c.var.realNow, tenant);
  const d1 = databaseOf(c.env, caller.shard) as D1Database;
  const actor = { type: "api_key" as const, id: caller.keyId, ip: c.var.ip };
  const intent = await takeIntent(c, operation, d1, tenantId, caller);
  const asking: Asking = {
    ...askingIn(c, d1, caller.shard),
    tenantId,
    now,
    actor,
    intent: operation.keepsAnswers ? null : intent,
  };
  c.set("caller", caller);
  c.set("intent", operation.keepsAnswers ? intent : null);
  c.set("now", now);
  const repo = repoOf(asking, tenant);
  c.set("repo", repo);
  c.set("door", { of: "tenant", repo });
  c.set("vault", vaultOf(c.env, tenantId, tenant.dataKey));
  c.set("signingKeys", signingKeys);
}

/** Who calls, counted. A caller that was refused just now is refused again before anything is looked up. */
async function limited(c: GateContext, operation: Endpoint): Promise<TenantCaller> {
  const [asking, lane] = [asked(c), laneOf(operation)];
  const known = await authenticateTenant(asking, operation.route.security ?? [], (keyName, kind) =>
    whyTurnedAway({ keyName, lane, kind, ip: c.var.ip }, c.var.realNow),
  );
  const before = countedBefore.get(c.req.raw);
  const limits = before ?? new RequestLimits({ ...asking, ...known });
  c.set("limits", limits);
  if (!before) await limits.admit(lane);
  return known;
}

async function admitOperator(c: GateContext, operation: Endpoint): Promise<void> {
  const caller = await authenticateOperator(asked(c));
  await takeBody(c, operation, BODY_LIMIT);
  const { shard, d1 } = namedShard(c, operation);
  c.set("caller", caller);
  c.set("now", c.var.realNow);
  const intent = await takeIntent(c, operation, d1, "operator", caller);
  const actor = { type: "operator" as const, id: caller.keyId, ip: c.var.ip };
  const nowIn = (tenant: TenantRow) => businessNow(c.var.realNow, tenant);
  const platform = platformOf({ ...askingIn(c, d1, shard), now: c.var.realNow, nowIn, actor, intent });
  c.set("platform", platform);
  c.set("door", { of: "platform", platform });
}

/** Where an operator's request is at home: what belongs to tenants lies in the shard that its id names, tenants themselves in the first. */
function namedShard(c: GateContext, { audience }: Endpoint): { shard: string; d1: D1Database } {
  const named = audience === "tenant_or_operator" ? shardOf(c.req.param("id") ?? "") : undefined;
  const d1 = named === undefined ? undefined : databaseOf(c.env, named);
  if (named !== undefined && d1) return { shard: named, d1 };
  return { shard: HOME_SHARD, d1: databaseOf(c.env, HOME_SHARD) as D1Database };
}

async function admitWithoutKey(c: GateContext, operation: Endpoint): Promise<void> {
  await takeBody(c, operation, BODY_LIMIT);
  if (operation.audience === "internal") await checkSignature(c.env, c.req.raw, c.var.body, c.var.realNow);
}

function asked(c: GateContext) {
  const { env, var: known, req } = c;
  return {
    env,
    headers: req.raw.headers,
    ip: known.ip,
    realNow: known.realNow,
    waitUntil: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
  };
}

/** Reads the body once, bounded; what the route declares is validated behind this, and what it does not declare is refused here. */
async function takeBody(c: GateContext, { route, bodyLimit }: Endpoint, limit: number): Promise<void> {
  const body = await readBody(c.req.raw, bodyLimit ?? limit);
  c.set("body", body);
  const declared = route.request?.body;
  const type = c.req.header("content-type") ?? null;
  const types = Object.keys(declared?.content ?? {});
  if (declared?.content["application/json"]) {
    const bare = type === null ? "" : "{}";
    // hono's validators read the cached text, so they see strings in normal form
    const text = body.length > 0 || declared.required ? jsonText(body, type) : bare;
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
  } else if (types.length > 0 && !types.some((each) => each.startsWith("application/json"))) {
    c.set("upload", textOf(body, type, types));
  } else if (!declared && body.length > 0 && new TextDecoder().decode(body).trim() !== "{}") {
    throw invalidRequest({ what: "This operation takes no body." });
  }
  if (!route.request?.query && [...new URL(c.req.url).searchParams.keys()].length > 0) {
    throw invalidRequest({ what: "This operation takes no query parameters." });
  }
}

async function takeIntent(
  c: GateContext,
  operation: Endpoint,
  d1: D1Database,
  owner: string,
  caller: Caller,
): Promise<Intent | null> {
  const header = c.req.header("idempotency-key");
  if (header === undefined || !operation.idempotent || isDryRun(c)) return null;
  const url = new URL(c.req.url);
  const intent = await intentOf({
    env: c.env,
    d1,
    owner,
    caller: caller.kind === "publishable" ? `${caller.keyId}\n${secretIn(c)}` : caller.keyId,
    header,
    method: c.req.method,
    pathAndQuery: url.pathname + url.search,
    body: c.var.body,
  });
  if (!operation.keepsAnswers) intents.set(c.req.raw, { intent, d1 });
  return intent;
}

/** Whether a license key was asked for that is not there. */
const isMissing = (error: Error | undefined) => error instanceof ProblemError && error.kind.code === licenseNotFound.code;

/** A dry run changes nothing, so there is no effect that its Idempotency-Key could stand for. */
function isDryRun(c: GateContext): boolean {
  const asked = new URL(c.req.url).searchParams.get("dry_run");
  return asked === null ? fieldsIn(c)["dry_run"] === true : asked === "true";
}

const SECRETS = ["license_key", "activation_token", "code", "request", "receipt"] as const;

/** What a program calls with that no other copy of it has, besides the publishable key that every one holds. */
function secretIn(c: GateContext): string {
  const body = fieldsIn(c);
  const secret = SECRETS.map((name) => body[name]).find((value) => value !== undefined && value !== null);
  return typeof secret === "string" ? secret : "";
}

/** The fields of a JSON body that nobody has judged yet; none where it is another. */
function fieldsIn(c: GateContext): Record<string, unknown> {
  if (c.var.upload) return {};
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(c.var.body));
    return typeof body === "object" && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}
