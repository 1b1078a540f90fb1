import { callerByKeyDigests, operatorByKeyDigests, recordKeyUse, type KnownCaller, type TenantRow } from "#db/tenants/callers";
import type { SigningKey } from "#db/licensing/asked";
import type { TenantId } from "#db/tenant-id";
import { addressClass, isWithin } from "#rules/addresses";
import type { Scope } from "#rules/scopes";
import { digests } from "./crypto.ts";
import type { Env } from "./env.ts";
import { callerBy } from "./hot/callers.ts";
import { memory } from "./hot/memory.ts";
import { questionKey } from "./hot/question-key.ts";
import { Unreachable } from "./hot/truth.ts";
import { parseApiKey } from "./keys.ts";
import { Lately } from "./lately.ts";
import type { ProblemError } from "./problem.ts";
import { addressNotAllowed, keyKindNotAllowed, originNotAllowed, rateLimited, scopeMissing, unauthorized } from "./problems.ts";
import { databaseOf } from "./shards.ts";
import { count } from "./tallies.ts";
import { peppers } from "./vault.ts";

/** Who calls, proved by an API key. */
export type Caller = {
  kind: "secret" | "publishable" | "operator";
  keyId: string;
  shard: string;
  scopes: readonly Scope[];
  /** Products that a publishable key is bound to; empty means every product. */
  productIds: readonly string[];
  allowedOrigins: readonly string[];
  ipAllowlist: readonly string[];
  expiresAt: Date | null;
};

/** A caller with its tenant. `keyName`: what this isolate calls the API key, which itself it does not keep. */
export type TenantCaller = {
  caller: Caller;
  tenant: TenantRow;
  tenantId: TenantId;
  signingKeys: readonly SigningKey[];
  keyName: string;
};

/** What of a request the checks look at. */
export type Asked = { env: Env; headers: Headers; ip: string | null; realNow: Date; waitUntil: (work: Promise<unknown>) => void };

/** What of a request says from where it comes. */
type Coming = Pick<Asked, "env" | "ip" | "realNow" | "waitUntil"> & { origin: string | null };

export type Security = readonly Record<string, string[]>[];

const USE_IS_NOTED_EVERY_MS = 5 * 60_000;

/** What a flood is turned away by before it costs a read: addresses and keys that were refused again and again, and keys that were good just now. */
const shielded = new Lately();
const goodKeys = new Lately();
const SHIELDED_MS = 10_000;
const GOOD_MS = 600_000;

/** The tenant's caller of a request, or a 401 or 403 that says why not. `turnedAway` may refuse a key before it is looked up. */
export async function authenticateTenant(
  asked: Asked,
  security: Security,
  turnedAway: (keyName: string, kind: "secret" | "publishable") => ProblemError | undefined,
): Promise<TenantCaller> {
  const presented = bearer(asked.headers);
  const parsed = presented === undefined ? undefined : parseApiKey(presented);
  if (presented === undefined || !parsed) throw await refuse(asked);
  if (parsed.kind === "op") throw keyKindNotAllowed({ kind: "an operator", allowed: "a tenant's key" });

  const keyName = questionKey([presented]);
  const refusal = whyShielded(asked, keyName) ?? turnedAway(keyName, parsed.kind.startsWith("pk") ? "publishable" : "secret");
  if (refusal) throw refusal;
  const found = await known(asked, parsed.shard, presented, security);
  if (!found) throw await refuse(asked, keyName);
  goodKeys.set(keyName, true, asked.realNow.getTime() + GOOD_MS);
  const caller = await admittedCaller({ ...asked, origin: asked.headers.get("origin") }, parsed.shard, found, security);
  return { caller, tenant: found.tenant, tenantId: found.tenantId, signingKeys: found.signingKeys, keyName };
}

/** What programs on devices call is called often: their keys are remembered. Whoever manages is asked of the database each time. */
async function known(asked: Asked, shard: string, presented: string, security: Security): Promise<KnownCaller | undefined> {
  if (isForDevices(security)) {
    const found = await callerBy(memory, asked, shard, presented);
    if (found?.stale) throw new Unreachable("Neither the feed of changes nor the database answers");
    return found?.entry.known;
  }
  const d1 = databaseOf(asked.env, shard);
  return d1 && callerByKeyDigests(d1, await digests(peppers(asked.env), "api_key", presented));
}

/** Whether programs on devices may call it, by a publishable key. */
export function isForDevices(security: Security): boolean {
  return security.some((way) => "publishable_key" in way);
}

/** The caller that was found, or a 401 or 403 that says why it may not do this. */
export function admittedCaller(coming: Coming, shard: string, found: KnownCaller, security: Security): Caller | Promise<never> {
  const { env, realNow, waitUntil } = coming;
  if (!isUsable(found, realNow)) return refuse(coming).then((problem) => Promise.reject(problem));
  const caller = callerOf(found, shard);
  mustBeAllowed(caller, security);
  mustComeFromAllowed(caller, coming);
  const { id, lastUsedAt } = found.key;
  if (!lastUsedAt || realNow.getTime() - lastUsedAt.getTime() > USE_IS_NOTED_EVERY_MS) {
    found.key.lastUsedAt = realNow; // whoever remembers the key need not note it again
    const d1 = databaseOf(env, shard);
    if (d1) waitUntil(recordKeyUse(d1, found.tenantId, id, realNow).catch(() => undefined));
  }
  return caller;
}

/** The operator of a request, or a 401 or 403. */
export async function authenticateOperator(asked: Asked): Promise<Caller> {
  const presented = bearer(asked.headers);
  const parsed = presented === undefined ? undefined : parseApiKey(presented);
  if (presented === undefined || !parsed) throw await refuse(asked);
  if (parsed.kind !== "op") throw keyKindNotAllowed({ kind: "a tenant's", allowed: "an operator key" });
  const keyName = questionKey([presented]);
  const refusal = whyShielded(asked, keyName);
  if (refusal) throw refusal;
  const d1 = databaseOf(asked.env, parsed.shard);
  const key = d1 && (await operatorByKeyDigests(d1, await digests(peppers(asked.env), "api_key", presented)));
  if (!key) throw await refuse(asked, keyName);
  goodKeys.set(keyName, true, asked.realNow.getTime() + GOOD_MS);
  return {
    kind: "operator",
    keyId: key.id,
    shard: parsed.shard,
    scopes: [],
    productIds: [],
    allowedOrigins: [],
    ipAllowlist: [],
    expiresAt: null,
  };
}

/** Whether a request presents itself as an operator's; whether its key is good is not looked at here. */
export function isOfOperator(headers: Headers): boolean {
  const presented = bearer(headers);
  return presented !== undefined && parseApiKey(presented)?.kind === "op";
}

/** The key in an `Authorization` header, if one is there. */
function bearer(headers: Headers): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,200})$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** 401, or 429 for an address that sends refused keys again and again, and for a key that comes so from everywhere. */
export async function refuse(
  { env, ip, realNow }: Pick<Asked, "env" | "ip" | "realNow">,
  keyName: string | null = null,
): Promise<ProblemError> {
  const names = [`address/${addressClass(ip ?? "")}`, ...(keyName === null ? [] : [`key/${keyName}`])];
  const passed = await Promise.all(names.map(async (name) => (await env.SHIELD.limit({ key: `refused/${name}` })).success));
  names.forEach((name, index) => {
    if (passed[index] === false) shielded.set(name, true, realNow.getTime() + SHIELDED_MS);
  });
  return passed.includes(false) ? tooManyRefusals() : unauthorized({});
}

/**
 * 429 where the shield fell lately, before the key costs a read. One that is known, or was good just now, passes: others at its address are
 * to blame.
 */
export function whyShielded({ ip, realNow }: Pick<Asked, "ip" | "realNow">, keyName: string): ProblemError | undefined {
  const now = realNow.getTime();
  const isShielded = shielded.get(`address/${addressClass(ip ?? "")}`, now) ?? shielded.get(`key/${keyName}`, now);
  if (!isShielded || goodKeys.get(keyName, now) || memory.callers.get(keyName, now)) return undefined;
  return tooManyRefusals();
}

function tooManyRefusals(): ProblemError {
  count("rate_limited", "shield");
  const what = "This address sent too many requests with keys that are not valid.";
  return rateLimited({ what, by: "keys" }, { headers: { "retry-after": "60" } });
}

function isUsable({ key, tenant }: KnownCaller, realNow: Date): boolean {
  return key.revokedAt === null && (key.expiresAt === null || realNow < key.expiresAt) && tenant.closedAt === null;
}

/** The caller that a key stands for, made once for as long as what was read of the key is kept. */
function callerOf(known: KnownCaller, shard: string): Caller {
  let caller = callers.get(known);
  if (caller === undefined) {
    const { kind, id, scopes, productIds, allowedOrigins, ipAllowlist, expiresAt } = known.key;
    caller = { kind, keyId: id, shard, scopes, productIds, allowedOrigins, ipAllowlist, expiresAt };
    callers.set(known, caller);
  }
  return caller;
}

const callers = new WeakMap<KnownCaller, Caller>();

function mustBeAllowed(caller: Caller, security: Security): void {
  if (caller.kind === "publishable") {
    if (isForDevices(security)) return;
    throw keyKindNotAllowed({ kind: "a publishable", allowed: "a secret key" });
  }
  for (const scope of security.flatMap((way) => way["secret_key"] ?? [])) {
    if (!caller.scopes.includes(scope as Scope)) throw scopeMissing({ scope });
  }
}

function mustComeFromAllowed({ allowedOrigins, ipAllowlist }: Caller, { origin, ip }: Coming): void {
  if (origin !== null && allowedOrigins.length > 0 && !allowedOrigins.includes(origin)) throw originNotAllowed({});
  if (ipAllowlist.length > 0 && (ip === null || !isWithin(ip, ipAllowlist))) throw addressNotAllowed({});
}
