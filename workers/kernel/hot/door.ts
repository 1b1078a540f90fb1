import { repoOf, type Repo } from "#db/repo";
import { admitted, bearer, refuse, whyShielded, type Asked, type Caller, type Security } from "../auth.ts";
import { askingIn } from "../asking.ts";
import { parsedJson } from "../body.ts";
import { businessNow } from "../clock.ts";
import type { Env } from "../env.ts";
import { mayKnow } from "../for-caller.ts";
import { newRequestId } from "../ids.ts";
import { parseApiKey } from "../keys.ts";
import { RequestLimits, whyTurnedAway } from "../limiting.ts";
import { countryOf, ipOf, type Place } from "../place.ts";
import { ProblemError, problemResponse } from "../problem.ts";
import { temporarilyUnavailable } from "../problems.ts";
import { databaseOf } from "../shards.ts";
import { count, countRead, flushTallies, observe } from "../tallies.ts";
import { vaultOf, type Vault } from "../vault.ts";
import { callerBy, compareCaller, isCurrent, isDue } from "./callers.ts";
import { AnswerHeaders } from "./headers.ts";
import { licenseAtOnce, licenseConfirmed, licenseFor, type LicenseKnown, type Source } from "./licenses.ts";
import type { CallerEntry, Memory } from "./memory.ts";
import { questionKey } from "./question-key.ts";
import { Unreachable } from "./truth.ts";
import type { Around } from "./view.ts";

/** Larger bodies are the router's: what is asked here is small. */
const BODY_LIMIT = 16 * 1024;

/** An operation as the hot path answers it. `B` is its body, which `plain` reads without a schema. */
export type HotRoute<B> = {
  operation: "licenses.validate" | "activations.validate" | "activations.heartbeat" | "entitlements.check";
  security: Security;
  /** The body, where it is exactly what the operation's schema takes; undefined hands the request to the router, which says what is wrong. */
  plain(body: Readonly<Record<string, unknown>>): B | undefined;
  /** What of the body finds the license: equal parts, equal license. */
  finds(body: B): readonly string[];
  /** How the license is read where it is not known. */
  source(asking: HotAsking, body: B): Promise<Source>;
  /** The answer; undefined hands the request to the router. Throws problems, and Unreachable. */
  answer(asking: HotAsking, body: B, license: HotLicense): Promise<string | undefined>;
};

/** Who asks, and by what. */
export type HotAsking = Around &
  Place & {
    tenantId: string;
    shard: string;
    caller: Caller;
    known: CallerEntry["known"];
    /** the place of the request among those of this isolate: what was read for a later one, or itself, is read after it came */
    arrival: number;
    /** business time */
    now: Date;
    /** what the caller may ask how often; handlers count what a question turned out to be about */
    limits: RequestLimits;
    /** another number after each use of a license's quotas here */
    usesOf: (licenseId: string) => number;
    vault: () => Vault;
    repo: () => Repo;
  };

/** The license in question, as far as it is known, and the caller may know of it. */
export type HotLicense = {
  /** undefined: there is none */
  known: LicenseKnown | undefined;
  /** the license as the database has it now, for who would refuse otherwise; throws Unreachable */
  confirmed: () => Promise<LicenseKnown | undefined>;
  /** who calls could not be asked for either */
  callerIsStale: boolean;
};

/** A route whose body only itself knows. */
type AnyRoute = HotRoute<unknown>;

/** What is known before anything is read. */
type Arrived = {
  arrival: number;
  memory: Memory;
  around: Around;
  request: Request;
  context: ExecutionContext;
  key: string;
  shard: string;
};

/**
 * Answers a request where memory, or one read, suffices. Hands back the request itself where it is not one for here, or not a plain one: the
 * router then answers it in full. On a hit nothing is awaited but the platform's own cryptography.
 */
export async function throughHotDoor(
  memory: Memory,
  routes: ReadonlyMap<string, AnyRoute>,
  request: Request,
  { env, context, realNow }: { env: Env; context: ExecutionContext; realNow: Date },
): Promise<Response | Request> {
  const route = request.method === "POST" ? routes.get(pathOf(request.url)) : undefined;
  if (!route) return request;
  const key = bearer(request.headers);
  const parsed = key === undefined ? undefined : parseApiKey(key);
  if (key === undefined || !parsed || parsed.kind === "op" || !hasPlainBody(request)) return request;

  const waitUntil = (work: Promise<unknown>) => context.waitUntil(work);
  const text = await request.text();
  const body = plainBody(text);
  const asked = body && route.plain(body);
  const arrived = {
    arrival: memory.arrivals++,
    memory,
    around: { env, waitUntil, realNow },
    request,
    context,
    key,
    shard: parsed.shard,
  };
  const answer = asked === undefined ? undefined : await answered(arrived, route, asked);
  return answer ?? new Request(request, { method: "POST", body: text });
}

async function answered(arrived: Arrived, route: AnyRoute, body: unknown): Promise<Response | undefined> {
  const { around, request, memory, key } = arrived;
  const requestId = newRequestId();
  const headers = new AnswerHeaders(request, requestId);
  const startedAt = around.realNow.getTime();
  try {
    const name = await questionKey(key, ...route.finds(body));
    const opening = opened(arrived, route, name, requestId);
    const { asking, entry, stale } = opening instanceof Promise ? await opening : opening;
    headers.allowOrigins(asking.caller.allowedOrigins);
    const admitting = asking.limits.admit("programs");
    if (admitting) await admitting;
    const room = { memory, around, arrival: arrived.arrival, caller: entry, shard: arrived.shard, from: asking.ip };
    const source = () => route.source(asking, body);
    const confirmed = async () => shownTo(asking.caller, await licenseConfirmed(room, name, source));
    const found = licenseAtOnce(room, name, source) ?? (await licenseFor(room, name, source));
    const shown = shownTo(asking.caller, found);
    // what the caller may not know is read again each time, as a license is that is not there
    const known = found && !shown && found.tier !== "d1" ? await confirmed() : shown;
    const counting = known && asking.limits.license(known.entry.asked.license.id);
    if (counting) await counting;
    const license = { known, confirmed, callerIsStale: stale };
    const text = await route.answer(asking, body, license);
    if (text === undefined) return undefined;
    const tier = known?.tier ?? "d1";
    const waitedMs = Date.now() - startedAt;
    countRead(known?.joined === true ? "joined" : tier, "license", asking.tenantId);
    observe("hot_seconds", waitedMs / 1000, tier);
    count("requests", `${route.operation}/2xx`);
    flushTallies(around.env, around.waitUntil, around.realNow);
    headers.add(asking.limits.headers());
    return headers.answer(text, tier, waitedMs);
  } catch (error) {
    if (error instanceof Unreachable) count("blind", "refused");
    const problem = error instanceof Unreachable ? temporarilyUnavailable({}, { headers: { "retry-after": "1" } }) : error;
    if (problem instanceof ProblemError) {
      count("requests", `${route.operation}/${Math.floor(problem.kind.status / 100)}xx`);
      const publicUrl = around.env.LATCHKEY_PUBLIC_URL || new URL(request.url).origin;
      flushTallies(around.env, around.waitUntil, around.realNow);
      return headers.problem(problemResponse(problem, requestId, publicUrl), Date.now() - startedAt);
    }
    const sentence = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    // oxlint-disable-next-line no-console -- the edge's log is the console; the router tries again and answers
    console.error(JSON.stringify({ at: "hot", request_id: requestId, error: sentence.slice(0, 300) }));
    return undefined;
  }
}

/** Who asks, what is known of that, and whether it could be asked for. */
type Opened = { asking: HotAsking; entry: CallerEntry; stale: boolean };

/**
 * Opens the door for the caller: the one that the kept answer knows, where nothing about it changed, else it is looked up. Without a promise
 * where there is nothing to wait for.
 */
function opened(arrived: Arrived, route: AnyRoute, name: string, requestId: string): Opened | Promise<Opened> {
  const { memory, around, request, key, shard } = arrived;
  const ip = ipOf(around.env, request);
  const kept = memory.licenses.peek(name)?.caller;
  if (!kept || !isCurrent(kept, around)) return lookedUp(arrived, route, ip, requestId);
  countRead("memory", "api_key", kept.known.tenantId);
  if (isDue(kept, around)) compareCaller(memory, around, shard, key, kept);
  return entered(arrived, route, ip, requestId, kept, false);
}

async function lookedUp(arrived: Arrived, route: AnyRoute, ip: string | null, requestId: string): Promise<Opened> {
  const { memory, around, key, shard } = arrived;
  const asked = askedBy(arrived, ip);
  const keyName = await questionKey(key);
  refuseFlood(asked, keyName, key);
  const found = await callerBy(memory, around, shard, key);
  if (!found) throw await refuse(asked, keyName);
  return entered(arrived, route, ip, requestId, found.entry, found.stale);
}

const askedBy = ({ around, request }: Arrived, ip: string | null): Asked => ({
  env: around.env,
  headers: request.headers,
  ip,
  realNow: around.realNow,
  waitUntil: around.waitUntil,
});

function entered(
  arrived: Arrived,
  route: AnyRoute,
  ip: string | null,
  requestId: string,
  entry: CallerEntry,
  stale: boolean,
): Opened | Promise<Opened> {
  const { arrival, memory, around, request, context, shard } = arrived;
  const { env, realNow, waitUntil } = around;
  const { known } = entry;
  const { tenant, tenantId } = known;
  const admission = admitted(askedBy(arrived, ip), shard, known, route.security);
  if (admission instanceof Promise) return admission;
  const { caller } = admission;
  const now = businessNow(realNow, tenant.clockOffsetMs);
  const asking: HotAsking = {
    env,
    waitUntil,
    realNow,
    ip,
    get country() {
      return countryOf(env, request);
    },
    arrival,
    tenantId,
    shard,
    caller,
    known,
    now,
    limits: new RequestLimits({ env, realNow, waitUntil, ip, tenant, caller, keyName: entry.name }),
    usesOf: (licenseId) => memory.usesOf(licenseId),
    vault: () => vaultOf(env, tenantId, tenant.dataKey),
    repo: () => {
      const d1 = databaseOf(env, shard);
      if (!d1) throw new Unreachable("The tenant's database is not bound");
      const actor = { type: "api_key" as const, id: caller.keyId, ip };
      const base = askingIn({ env, executionCtx: context, var: { realNow, requestId } }, d1, shard);
      return repoOf({ ...base, tenantId, now, actor, intent: null }, tenant);
    },
  };
  return { asking, entry, stale };
}

/** A license that the caller may know of. Another is none: no header, limit or time is to tell that it is there. */
const shownTo = (caller: Caller, found: LicenseKnown | undefined) =>
  found && mayKnow(caller, found.entry.asked.license.productId) ? found : undefined;

/** Throws where the caller was refused just now: a flood of the same must not cost a read each. */
function refuseFlood(asked: Asked, keyName: string, key: string): void {
  const kind = parseApiKey(key)?.kind.startsWith("pk") ? ("publishable" as const) : ("secret" as const);
  const refusal = whyShielded(asked, keyName) ?? whyTurnedAway({ keyName, lane: "programs", kind, ip: asked.ip }, asked.realNow);
  if (refusal) throw refusal;
}

/** The path of a URL, and with it the query: what has one is not for here. */
function pathOf(url: string): string {
  return url.slice(url.indexOf("/", "https://".length));
}

/** JSON that is short enough, and says how long it is. */
function hasPlainBody({ headers }: Request): boolean {
  const length = headers.get("content-length");
  return headers.get("content-type") === "application/json" && length !== null && Number(length) <= BODY_LIMIT;
}

/** The fields of a body with every string in normal form; undefined for what the router is to refuse. */
function plainBody(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    // plain ASCII is in normal form as it is; whatever else is spelled out is read as the router reads it
    const body: unknown = /^[\x20-\x7e\s]*$/.test(text) && !text.includes("\\u") ? JSON.parse(text) : parsedJson(text);
    return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
