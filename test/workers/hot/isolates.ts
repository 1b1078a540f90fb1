import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, vi } from "vitest";
import { throughHotDoor } from "#kernel/hot/door";
import { Memory } from "#kernel/hot/memory";
import { hotRoutes } from "../../../workers/hot.ts";
import worker from "../../../workers/main.ts";
import type { Env } from "#kernel/env";
import { forget } from "../world.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects
export type Told = { status: number; headers: Headers; body: Record<string, any>; by: "door" | "router" };

/** What stands behind an isolate, as it is, or with parts that are dead or lie. */
export type Behind = Partial<Pick<Env, "DB_00" | "FEED" | "CACHE" | "QUOTA">>;

/** Another isolate of the edge: a memory of its own before the same databases and objects. Bindings may be put in the place of the real ones. */
export function isolate(key: string, limits?: ConstructorParameters<typeof Memory>[0]) {
  const memory = new Memory(limits);
  let behind: Behind = {};
  return {
    memory,
    set behind(parts: Behind) {
      behind = parts;
    },
    ask: async (path: string, body: unknown, headers: Record<string, string> = {}, method = "POST"): Promise<Told> => {
      const request = requestOf(key, path, body, headers, method);
      const context = createExecutionContext();
      const around = { env: { ...env, ...behind }, context, realNow: new Date() };
      const left = await throughHotDoor(memory, hotRoutes, request, around, (left) => left);
      const response = left instanceof Response ? left : await worker.fetch(left as never, around.env, context);
      const told = await response.text();
      // what goes on behind the answer may hang as long as what it asks does
      await Promise.race([waitOnExecutionContext(context), new Promise((resolve) => setTimeout(resolve, 500))]);
      return {
        status: response.status,
        headers: response.headers,
        body: (told === "" ? {} : JSON.parse(told)) as Told["body"],
        by: left instanceof Response ? "door" : "router",
      };
    },
  };
}

/** A request as a program sends it, with the length of its body, which the door asks for; bytes are sent as they are. */
export function requestOf(
  key: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  method = "POST",
): Request {
  const sent = body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body) ?? "");
  return new Request(`https://latchkey.test${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      "content-length": String(sent.length),
      authorization: `Bearer ${key}`,
      ...headers,
    },
    ...(method === "POST" && { body: sent }),
  });
}

/** The door takes only what is plain: with a character set in its content type the same body goes to the router. */
export const BY_ROUTER = { "content-type": "application/json; charset=utf-8" };

/** Where what an answer was made of came from: memory, kv or d1. */
export const tierOf = ({ headers }: { headers: Headers }): string | undefined =>
  /cache;desc="(\w+)"/.exec(headers.get("server-timing") ?? "")?.[1];

/** The longest that anything may be answered from before a change. */
export const BOUND_MS = 10_000;

/** Has time stand still in all tests of a file, so that no isolate asks what changed elsewhere until a test lets time pass. */
export function standingTime(): { pass: (ms: number) => void } {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => {
    vi.useRealTimers();
    forget(); // what the worker itself remembers of an hour that never was
  });
  return { pass: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

/** How a part dies: it refuses, or it never comes back. */
type Death = "fails" | "hangs";

const lost = (how: Death) => () =>
  how === "fails" ? Promise.reject(new Error("Network connection lost.")) : new Promise<never>(() => {});

/** A database, an object namespace and KV that are gone. */
export const gone = {
  d1: (how: Death): D1Database => {
    const call = lost(how);
    const statement = { bind: () => statement, first: call, all: call, run: call, raw: call };
    return { prepare: () => statement, batch: call, exec: call } as unknown as D1Database;
  },
  objects: (how: Death) => {
    const call = lost(how);
    // an object is asked by the names of its methods, whatever they are
    const stub = new Proxy({}, { get: (_, name) => (name === "then" ? undefined : call) });
    return { idFromName: () => ({}), get: () => stub, getByName: () => stub } as never;
  },
  kv: (how: Death): KVNamespace => ({ get: lost(how), put: lost(how) }) as unknown as KVNamespace,
};

/** KV as it may be at its worst: every isolate sees what was there when it asked first, present or absent, for `staleMs`. */
export function staleKv(real: KVNamespace, staleMs: number, now: () => number): KVNamespace {
  const seen = new Map<string, { value: string | null; at: number }>();
  return {
    get: async (key: string) => {
      const known = seen.get(key);
      if (known && now() - known.at < staleMs) return known.value;
      const value = await real.get(key);
      seen.set(key, { value, at: now() });
      return value;
    },
    put: (key: string, value: string, options?: KVNamespacePutOptions) => real.put(key, value, options),
  } as unknown as KVNamespace;
}
