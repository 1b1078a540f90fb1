import type { Answer, IntentSlot } from "#db/commit";
import { AlreadyAnswered } from "#db/commit";
import { claimIntent, intentByHash, keepAnswer, releaseIntent, type KeptIntent } from "#db/tenants/idempotency";
import { aesKey, hmac, sealWith, sha256Hex, unsealWith, type Place } from "./crypto.ts";
import type { Env } from "./env.ts";
import { base64url, keyOf } from "./keyring.ts";
import { idempotencyInFlight, idempotencyKeyReused, invalidIdempotencyKey } from "./problems.ts";
import { platformKeys } from "./vault.ts";

/** A caller's Idempotency-Key, bound to the caller and to what it asks. Neither it nor the answer can be read without the key itself. */
export type Intent = IntentSlot & { open(kept: KeptIntent): Promise<string> };

const LARGE_BODY = 1024 * 1024;

type Asked = {
  env: Env;
  d1: D1Database;
  owner: string;
  /** The API key, and for publishable keys the license key, so that one caller cannot meet another's intents. */
  caller: string;
  header: string;
  method: string;
  pathAndQuery: string;
  body: Uint8Array;
};

/** Reads the header; throws `invalid_idempotency_key`. */
export async function intentOf({ env, owner, caller, header, method, pathAndQuery, body }: Asked): Promise<Intent> {
  if (!/^[\x20-\x7e]{1,255}$/.test(header) || header.trim() === "") throw invalidIdempotencyKey({});
  const ring = platformKeys(env);
  const secretOf = async (version: number) => hmac(keyOf(ring, version), `intent\n${owner}\n${caller}\n${header}`);
  const keyHash = await sha256Hex(`${owner}\n${caller}\n${header}`);
  const place: Place = [owner, "idempotency_keys", keyHash, "answer"];
  return {
    owner,
    keyHash,
    requestHash: await sha256Hex(`${method}\n${pathAndQuery}\n${await contentOf(body)}`),
    resumes: null,
    written: "no",
    seal: async ([, answer]: Answer) =>
      `${ring.current}.${await sealWith(await aesKey(await secretOf(ring.current), "answer"), place, JSON.stringify(answer))}`,
    open: async ({ answer }) => {
      const [version, sealed] = (answer ?? "").split(".") as [string, string];
      return unsealWith(await aesKey(await secretOf(Number(version)), "answer"), place, sealed);
    },
  };
}

/** What stands for a body in the hash of its request: itself or, where it is an upload, a digest, which costs less to make than its text. */
async function contentOf(body: Uint8Array): Promise<string> {
  return body.length > LARGE_BODY ? `sha256:${await sha256Hex(body)}` : base64url(body);
}

/**
 * Carries out a request under its intent: at most one effect, and the same bytes to everybody who sends it again.
 * `run` is called when the intent is new, or when its first maker fell silent (then `intent.resumes` names what it began).
 */
export async function underIntent(
  d1: D1Database,
  intent: Intent,
  realNow: Date,
  run: () => Promise<Response>,
): Promise<Response> {
  const kept = await intentByHash(d1, intent.owner, intent.keyHash);
  if (kept) {
    const answer = await answerOf(d1, intent, kept, realNow);
    if (answer) return answer;
  }
  try {
    return await keeping(d1, intent, realNow, await run());
  } catch (error) {
    if (intent.written === "running") await releaseIntent(d1, intent.owner, intent.keyHash);
    // the refusal may come of the very effect of an equal request that was faster: then its answer is ours
    const winner = await intentByHash(d1, intent.owner, intent.keyHash);
    const answer =
      winner && (error instanceof AlreadyAnswered || winner.answer !== null)
        ? await answerOf(d1, intent, winner, realNow)
        : undefined;
    if (answer) return answer;
    throw error;
  }
}

/** The kept answer; undefined when this request has taken the intent over and is to go on with it. */
async function answerOf(d1: D1Database, intent: Intent, kept: KeptIntent, realNow: Date): Promise<Response | undefined> {
  if (kept.requestHash !== intent.requestHash) throw idempotencyKeyReused({});
  if (kept.answer !== null) {
    const headers = { "content-type": "application/json", "idempotency-replayed": "true" };
    return new Response(await intent.open(kept), { status: kept.status ?? 200, headers });
  }
  if (!(await claimIntent(d1, intent.owner, intent.keyHash, realNow))) {
    const seconds = Math.max(1, Math.ceil(((kept.leaseUntil?.getTime() ?? 0) - realNow.getTime()) / 1000));
    throw idempotencyInFlight({}, { headers: { "retry-after": String(seconds) } });
  }
  intent.resumes = kept.subjectId;
  intent.written = "running";
  return undefined;
}

/** A 2xx that wrote nothing (what was asked for was already so) is kept now; a 2xx that was written is kept already. */
async function keeping(d1: D1Database, intent: Intent, realNow: Date, response: Response): Promise<Response> {
  if (intent.written === "answered" || response.status < 200 || response.status > 299) return response;
  if (intent.written === "running") throw new Error("An intent was left running by a handler that answered");
  const body: unknown = await response.clone().json();
  const { owner, keyHash, requestHash } = intent;
  const answer = await intent.seal([response.status, body]);
  if (await keepAnswer(d1, { owner, keyHash, requestHash, status: response.status, answer, createdAt: realNow })) return response;
  throw new AlreadyAnswered();
}
