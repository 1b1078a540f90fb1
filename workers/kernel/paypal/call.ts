import type { Env } from "../env.ts";
import type { Vault } from "../vault.ts";
import { originOf, type PaypalAccount } from "./account.ts";
import { failureOf, noAnswer, PayPalFailure } from "./failure.ts";
import { forgetToken, keptToken, keepToken } from "./tokens.ts";

/** Shorter than the lease of the intent it is called under (30 s): nobody else takes over while we wait. */
const TIMEOUT_MS = 20_000;

/** What goes out beside the path. `requestId` is the caller's own, from the business: the same on every try of one intent. */
export type Asked = { requestId?: string; body?: unknown; text?: string };

/** Calls PayPal for one account. Throws PayPalFailure. */
export type Caller = <T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, asked?: Asked) => Promise<T>;

/** The way to call PayPal with a tenant's own credentials. Nothing is sent before the first call. */
export function callerOf(env: Env, account: PaypalAccount, vault: Vault): Caller {
  const origin = originOf(env, account);
  return async <T>(method: string, path: string, asked: Asked = {}): Promise<T> => {
    // one bound for the token and the call
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const kept = keptToken(origin, account);
    const token = kept ?? (await newToken(origin, account, vault, signal));
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- PayPal's answer is taken for what its documents say
      return (await once(origin, method, path, token, signal, asked)) as T;
    } catch (error) {
      const isStale = kept !== undefined && error instanceof PayPalFailure && error.status === 401;
      if (!isStale) throw error;
      forgetToken(origin, account);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      return (await once(origin, method, path, await newToken(origin, account, vault, signal), signal, asked)) as T;
    }
  };
}

async function newToken(origin: string, account: PaypalAccount, vault: Vault, signal: AbortSignal): Promise<string> {
  const secret = await vault.unseal(["payment_providers", "paypal", "secret_key"], account.secretKey);
  const answer = await sent(`${origin}/v1/oauth2/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${account.clientId ?? ""}:${secret}`)}`,
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    },
    body: "grant_type=client_credentials",
    signal,
  });
  const { access_token: token, expires_in: seconds } = read(answer) as { access_token?: unknown; expires_in?: unknown };
  if (typeof token !== "string" || typeof seconds !== "number") throw failureOf(200, "", answer.debugId);
  keepToken(origin, account, token, seconds);
  return token;
}

async function once(
  origin: string,
  method: string,
  path: string,
  token: string,
  signal: AbortSignal,
  asked: Asked,
): Promise<unknown> {
  const body = asked.text ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const answer = await sent(`${origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      prefer: "return=representation",
      // PayPal wants the type even of a POST without a body
      ...(method === "GET" ? {} : { "content-type": "application/json" }),
      ...(asked.requestId === undefined ? {} : { "paypal-request-id": asked.requestId }),
    },
    ...(body === undefined ? {} : { body }),
    signal,
  });
  return read(answer);
}

type Answered = { status: number; text: string; debugId: string | null };

/** Sends one request and reads its answer to the end. A redirect is not followed: it would carry the credentials along. */
async function sent(url: string, init: RequestInit): Promise<Answered> {
  try {
    const response = await fetch(url, { ...init, redirect: "manual" });
    return { status: response.status, text: await response.text(), debugId: response.headers.get("paypal-debug-id") };
  } catch (error) {
    throw noAnswer(error);
  }
}

function read({ status, text, debugId }: Answered): unknown {
  if (status < 200 || status >= 300) throw failureOf(status, text, debugId);
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    // it says that it succeeded, and not what came of it
    throw failureOf(status, text, debugId);
  }
}
