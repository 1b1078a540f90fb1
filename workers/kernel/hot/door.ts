import { repoOf, type Repo } from "#db/repo";
import type { TenantRow } from "#db/tenants/callers";
import { admittedCaller, refuse, whyShielded, type Caller, type Security } from "../auth.ts";
import { askingIn } from "../asking.ts";
import { parsedJson } from "../body.ts";
import { businessNow } from "../clock.ts";
import type { Env } from "../env.ts";
import { mayKnow } from "../for-caller.ts";
import { newRequestId } from "../ids.ts";
import { parseApiKey } from "../keys.ts";
import { Lately } from "../lately.ts";
import { countedBefore, RequestLimits, whyTurnedAway } from "../limiting.ts";
import { countryOf, ipIn, type Place } from "../place.ts";
import { ProblemError, problemResponse } from "../problem.ts";
import { temporarilyUnavailable } from "../problems.ts";
import { databaseOf } from "../shards.ts";
import { count, countRead, flushTallies, observe } from "../tallies.ts";
import { vaultOf, type Vault } from "../vault.ts";
import { callerBy, compareCaller, isCurrent, isDue } from "./callers.ts";
import { answerWith, problemWith } from "./headers.ts";
import { licenseAtOnce, licenseConfirmed, licenseFor, type LicenseKnown, type Room, type Source } from "./licenses.ts";
import type { CallerEntry, Memory } from "./memory.ts";
import { questionKey } from "./question-key.ts";
import { Unreachable } from "./truth.ts";
import type { Around } from "./view.ts";

/** Larger bodies are the router's: what is asked here is small. */
const BODY_LIMIT = 16 * 1024;

/** An operation as the hot path answers it. `B` is its body, which `plain` reads without a schema. */
export type HotRoute<B> = {
  operation: "licenses.validate" | "activations.validate" | "activations.heartbeat" | "activations.create" | "entitlements.check";
  security: Security;
  /** Answers are kept by an Idempotency-Key: a request that has one is the router's. */
  keepsAnswers?: true;
  /** Only for licenses that memory knows: others are the router's, and who asks again and again about one has it known behind an answer. */
  isForKnown?: true;
  /** The body, where it is exactly what the operation's schema takes; undefined hands the request to the router, which says what is wrong. */
  plain(body: Readonly<Record<string, unknown>>): B | undefined;
  /** What of the body finds the license: equal parts, equal license. */
  finds(body: B): readonly string[];
  /** How the license is read where it is not known. */
  source(asking: HotAsking, body: B): Promise<Source>;
  /** The answer; undefined hands the request to the router. Throws problems, and Unreachable. A promise only where there is something to wait for. */
  answer(asking: HotAsking, body: B, license: HotLicense): Promise<HotAnswer> | HotAnswer;
};

/** The text of an answer, with its status where that is not 200. */
export type HotAnswer = string | { status: number; text: string } | undefined;

/** Who asks, and by what. */
export class HotAsking implements Around, Place {
  readonly env: Env;
  readonly waitUntil: Around["waitUntil"];
  readonly realNow: Date;
  readonly ip: string | null;
  /** the place of the request among those of this isolate: what was read for a later one, or itself, is read after it came */
  readonly arrival: number;
  readonly tenantId: string;
  readonly tenant: TenantRow;
  readonly shard: string;
  readonly caller: Caller;
  readonly known: CallerEntry["known"];
  /** what this isolate calls the caller's key */
  readonly keyName: string;
  /** business time */
  readonly now: Date;
  /** what the caller may ask how often; handlers count what a question turned out to be about */
  readonly limits: RequestLimits;
  readonly #came: Arrived;

  constructor(came: Arrived, { name, known }: CallerEntry, caller: Caller) {
    this.env = came.env;
    this.waitUntil = came.waitUntil;
    this.realNow = came.realNow;
    this.ip = came.ip;
    this.arrival = came.arrival;
    this.tenantId = known.tenantId;
    this.tenant = known.tenant;
    this.shard = caller.shard;
    this.caller = caller;
    this.known = known;
    this.keyName = name;
    this.now = businessNow(came.realNow, known.tenant);
    this.#came = came;
    this.limits = new RequestLimits(this);
  }

  get country(): string | null {
    return countryOf(this.env, this.#came.request);
  }

  /** Another number after each use of a license's quotas here. */
  usesOf(licenseId: string): number {
    return this.#came.memory.usesOf(licenseId);
  }

  vault(): Vault {
    return vaultOf(this.env, this.tenantId, this.tenant.dataKey);
  }

  repo(): Repo {
    const { env, shard, known, now, realNow, tenant, ip, caller } = this;
    const d1 = databaseOf(env, shard);
    if (!d1) throw new Unreachable("The tenant's database is not bound");
    const actor = { type: "api_key" as const, id: caller.keyId, ip };
    const { context, requestId } = this.#came;
    const base = askingIn({ env, executionCtx: context, var: { realNow, requestId } }, d1, shard);
    return repoOf({ ...base, tenantId: known.tenantId, now, actor, intent: null }, tenant);
  }
}

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

/** A request as it came, before anything is known of who asks. */
type Arrived = Around & {
  arrival: number;
  memory: Memory;
  request: Request;
  context: ExecutionContext;
  key: string;
  requestId: string;
  ip: string | null;
  origin: string | null;
  /** from where its key may be used, once it is known; none named = from everywhere */
  allowedOrigins: readonly string[];
  /** what it was counted against, where the router is to answer it after all */
  counted: RequestLimits | null;
};

/** A question on its way to its answer. */
type Visit = {
  came: Arrived;
  route: AnyRoute;
  body: unknown;
  name: string;
  asking: HotAsking;
  room: Room;
  callerIsStale: boolean;
};

/** What there is at once on a hit, and what everything else is waited for by. */
type Sooner<T> = T | Promise<T>;

/**
 * Answers a request where memory, or one read, suffices. Where it is not one for here, or not a plain one, the router is left to answer it in
 * full. On a hit nothing is awaited but the body and the platform's own cryptography.
 */
export async function throughHotDoor<Left>(
  memory: Memory,
  routes: ReadonlyMap<string, AnyRoute>,
  request: Request,
  { env, context, realNow }: { env: Env; context: ExecutionContext; realNow: Date },
  router: (left: Request) => Left | Promise<Left>,
): Promise<Response | Left> {
  const route = request.method === "POST" ? routes.get(pathOf(request.url)) : undefined;
  if (!route) return router(request);
  // each of them is asked for once: to ask costs more than what is done with the answer
  const { headers } = request;
  const key = tenantKeyIn(headers.get("authorization"));
  const length = plainLength(headers);
  if (key === undefined || length === undefined) return router(request);
  if (route.keepsAnswers && headers.has("idempotency-key")) return router(request);

  const came: Arrived = {
    env,
    waitUntil: (work) => context.waitUntil(work),
    realNow,
    arrival: 0,
    memory,
    request,
    context,
    key,
    requestId: newRequestId(),
    ip: ipIn(env, headers),
    origin: headers.get("origin"),
    allowedOrigins: [],
    counted: null,
  };
  // a text of its own is a sixteenth cheaper than bytes that are made one afterwards
  const text = await request.text();
  came.arrival = memory.arrivals++;
  const isWhole = isAllOf(text, length);
  const fields = isWhole ? plainBody(text, length) : undefined;
  const body = fields && route.plain(fields);
  if (body !== undefined) {
    try {
      const answer = answered(came, route, body);
      const given = answer instanceof Promise ? await answer : answer;
      if (given) return given;
    } catch (error) {
      const told = problemOf(came, route, error);
      if (told) return told;
    }
  }
  const left = new Request(request, { method: "POST", body: isWhole ? text : NO_TEXT });
  if (came.counted) countedBefore.set(left, came.counted);
  return router(left);
}

function answered(came: Arrived, route: AnyRoute, body: unknown): Sooner<Response | undefined> {
  const { memory, key } = came;
  const name = questionKey([key, ...route.finds(body)]);
  const kept = memory.licenses.peek(name)?.caller;
  if (!kept || !isCurrent(kept, came)) return lookedUp(came, route, body, name);
  countRead("memory", "api_key", kept.known.tenantId);
  if (isDue(kept, came)) compareCaller(memory, came, shardIn(key), key, kept);
  return entered(came, route, body, name, kept, false);
}

/** Whoever is not known here is read, where its key is one of ours. */
async function lookedUp(came: Arrived, route: AnyRoute, body: unknown, name: string): Promise<Response | undefined> {
  const { memory, key } = came;
  const parsed = parseApiKey(key);
  if (!parsed || parsed.kind === "op") return undefined;
  const keyName = questionKey([key]);
  const kind = parsed.kind.startsWith("pk") ? "publishable" : "secret";
  // a flood of what was refused just now must not cost a read each
  const refusal = whyShielded(came, keyName) ?? whyTurnedAway({ keyName, lane: "programs", kind, ip: came.ip }, came.realNow);
  if (refusal) throw refusal;
  const found = await callerBy(memory, came, parsed.shard, key);
  if (!found) throw await refuse(came, keyName);
  return entered(came, route, body, name, found.entry, found.stale);
}

function entered(
  came: Arrived,
  route: AnyRoute,
  body: unknown,
  name: string,
  entry: CallerEntry,
  callerIsStale: boolean,
): Sooner<Response | undefined> {
  const caller = admittedCaller(came, shardIn(came.key), entry.known, route.security);
  if (caller instanceof Promise) return caller;
  came.allowedOrigins = caller.allowedOrigins;
  const asking = new HotAsking(came, entry, caller);
  const { memory, arrival, ip } = came;
  const room = { memory, around: came, arrival, caller: entry, shard: caller.shard, from: ip };
  const visit = { came, route, body, name, asking, room, callerIsStale };
  const admitting = asking.limits.admit("programs");
  return admitting ? admitting.then(() => looked(visit)) : looked(visit);
}

function looked(visit: Visit): Sooner<Response | undefined> {
  const { room, name, asking } = visit;
  const found = licenseAtOnce(room, name, () => sourceOf(visit));
  if (found && shownTo(asking.caller, found)) return counted(visit, found);
  return visit.route.isForKnown ? getToKnow(visit) : read(visit, found);
}

/** What was asked about lately without being known, by its question: a license that is asked about once is not worth a read. */
const strangers = new Lately();
const STRANGE_FOR_MS = 600_000;

/** Leaves a question to the router, and reads its license behind the answer where it was asked before: the next one will find it known. */
function getToKnow(visit: Visit): undefined {
  const { came, room, name, asking } = visit;
  came.counted = asking.limits;
  const now = came.realNow.getTime();
  if (came.memory.licenses.peek(name) || strangers.get(name, now))
    came.waitUntil(licenseFor(room, name, () => sourceOf(visit)).catch(() => undefined));
  else strangers.set(name, true, now + STRANGE_FOR_MS);
}

async function read(visit: Visit, atOnce: LicenseKnown | undefined): Promise<Response | undefined> {
  const { room, name, asking } = visit;
  const found = atOnce ?? (await licenseFor(room, name, () => sourceOf(visit)));
  const shown = shownTo(asking.caller, found);
  // what the caller may not know is read again each time, as a license is that is not there
  return counted(visit, found && !shown && found.tier !== "d1" ? await confirmed(visit) : shown);
}

const sourceOf = ({ route, asking, body }: Visit): Promise<Source> => route.source(asking, body);

async function confirmed(visit: Visit): Promise<LicenseKnown | undefined> {
  const { room, name, asking } = visit;
  return shownTo(asking.caller, await licenseConfirmed(room, name, () => sourceOf(visit)));
}

function counted(visit: Visit, known: LicenseKnown | undefined): Sooner<Response | undefined> {
  const counting = known && visit.asking.limits.license(known.entry.asked.license.id);
  return counting ? counting.then(() => judged(visit, known)) : judged(visit, known);
}

function judged(visit: Visit, known: LicenseKnown | undefined): Sooner<Response | undefined> {
  const { route, asking, body, callerIsStale } = visit;
  const answer = route.answer(asking, body, { known, confirmed: () => confirmed(visit), callerIsStale });
  return answer instanceof Promise ? answer.then((made) => told(visit, known, made)) : told(visit, known, answer);
}

function told({ came, route, asking }: Visit, known: LicenseKnown | undefined, answer: HotAnswer): Response | undefined {
  if (answer === undefined) {
    came.counted = asking.limits;
    return undefined;
  }
  const tier = known?.tier ?? "d1";
  const waitedMs = Date.now() - came.realNow.getTime();
  countRead(known?.joined === true ? "joined" : tier, "license", asking.tenantId);
  observe("hot_seconds", waitedMs / 1000, tier);
  count("requests", GOOD[route.operation]);
  flushTallies(came.env, came.waitUntil, came.realNow);
  return answerWith(answer, came, asking.limits.headers(), tier, waitedMs);
}

/** What an answer that is none is told as; undefined hands the request to the router. */
function problemOf(came: Arrived, { operation }: AnyRoute, error: unknown): Response | undefined {
  const { env, request, realNow, requestId, waitUntil } = came;
  if (error instanceof Unreachable) count("blind", "refused");
  const problem = error instanceof Unreachable ? temporarilyUnavailable({}, { headers: { "retry-after": "1" } }) : error;
  if (problem instanceof ProblemError) {
    count("requests", `${operation}/${Math.floor(problem.kind.status / 100)}xx`);
    const publicUrl = env.LATCHKEY_PUBLIC_URL || new URL(request.url).origin;
    flushTallies(env, waitUntil, realNow);
    return problemWith(problemResponse(problem, requestId, publicUrl), came, Date.now() - realNow.getTime());
  }
  const sentence = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // oxlint-disable-next-line no-console -- the edge's log is the console; the router tries again and answers
  console.error(JSON.stringify({ at: "hot", request_id: requestId, error: sentence.slice(0, 300) }));
  return undefined;
}

/** A license that the caller may know of. Another is none: no header, limit or time is to tell that it is there. */
const shownTo = (caller: Caller, found: LicenseKnown | undefined) =>
  found && mayKnow(caller, found.entry.asked.license.productId) ? found : undefined;

/** The key in an `Authorization` header, where it looks like one of a tenant; what else there is in the world is the router's. */
function tenantKeyIn(authorization: string | null): string | undefined {
  if (authorization === null || authorization.length !== KEY_AT + KEY_LENGTH || !authorization.startsWith(KEY_BEGINS))
    return undefined;
  return authorization.slice(KEY_AT);
}

const KEY_BEGINS = "Bearer lk_";
const KEY_AT = "Bearer ".length;
const KEY_LENGTH = "lk_pk_live_00".length + 39;

/** The shard in a key that is one of a tenant. */
const shardIn = (key: string): string => key.slice("lk_pk_live_".length, "lk_pk_live_00".length);

/** What a good answer of each operation counts as. */
const GOOD: Record<AnyRoute["operation"], string> = {
  "licenses.validate": "licenses.validate/2xx",
  "activations.validate": "activations.validate/2xx",
  "activations.heartbeat": "activations.heartbeat/2xx",
  "activations.create": "activations.create/2xx",
  "entitlements.check": "entitlements.check/2xx",
};

/** The path of a URL, and with it the query: what has one is not for here. */
function pathOf(url: string): string {
  return url.slice(url.indexOf("/", "https://".length));
}

/** How many bytes the body has, where it is JSON that says so and is short enough. */
function plainLength(headers: Headers): number | undefined {
  const told = headers.get("content-length");
  if (told === null || headers.get("content-type") !== "application/json") return undefined;
  const length = Number(told);
  return length <= BODY_LIMIT ? length : undefined;
}

const utf8 = new TextEncoder();
/** What stands in a text for bytes that are no character. */
const REPLACED = "\uFFFD";
/** A body that is no text, for the router to say so: what came is lost by then. */
const NO_TEXT = Uint8Array.of(0xff);

/**
 * Whether a text is all that its body held. A byte order mark is left out of it, and for bytes that are no character it has one of three bytes: both
 * change the length, but for the first three of four that belong together, which are read as that character.
 */
function isAllOf(text: string, length: number): boolean {
  return (text.length === length && !text.includes(REPLACED)) || utf8.encode(text).byteLength === length;
}

/** The fields of a body with every string in normal form; undefined for what the router is to refuse. */
function plainBody(text: string, length: number): Readonly<Record<string, unknown>> | undefined {
  try {
    // a byte for each character is plain ASCII, in normal form as it is; whatever else is spelled out is read as the router reads it
    const isAscii = text.length === length && !text.includes("\\u");
    const body: unknown = isAscii ? JSON.parse(text) : parsedJson(text);
    return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
