import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { SendFailure, SendOutcome } from "../edge/routes.ts";
import { isSameAddress } from "./address.ts";
import { startOfAnswer } from "./answer.ts";
import { Connections } from "./connections.ts";
import { judgeTarget, resolveBySystem, SendError, type Resolve, type Target } from "./target.ts";

/** A POST to a URL that a user gave. The headers are complete but for host and length. */
export type Outgoing = { url: string; headers: Readonly<Record<string, string>>; body: string };

export type SendOptions = {
  /** Development only: this machine itself may be a target. */
  allowLoopback: boolean;
  resolve?: Resolve;
  /** From the beginning until the connection stands, resolving and TLS included. */
  connectTimeoutMs?: number;
  /** From the beginning until the answer is read. */
  totalTimeoutMs?: number;
  /** How much of an answer's body is read; the rest is not waited for. */
  maxBytes?: number;
  /** More root certificates to trust, in PEM. */
  ca?: string;
};

/** Sends one request and says how it went. Never throws for what the other side does; rejects only when `signal` aborts. */
export type Send = (request: Outgoing, signal?: AbortSignal) => Promise<SendOutcome>;

type Limits = { deadline: AbortSignal; connectTimeoutMs: number; maxBytes: number; startedAt: number };

/**
 * Guarded HTTP: refuses targets that are not public, connects only to the address that was judged (a name that resolves differently
 * a moment later changes nothing), follows no redirect, and bounds time and size. A connection is kept for a few seconds for whatever else is sent to
 * the same name at the same address; each request is judged anew.
 */
export function guardedSend(options: SendOptions): Send {
  const {
    allowLoopback,
    resolve = resolveBySystem,
    connectTimeoutMs = 5_000,
    totalTimeoutMs = 15_000,
    maxBytes = 65_536,
  } = options;
  const connections = new Connections(options.ca);
  return async (request, signal) => {
    const startedAt = performance.now();
    const bound = boundTo(totalTimeoutMs, signal);
    const deadline = bound.signal;
    const durationMs = () => Math.round(performance.now() - startedAt);
    try {
      const judging = judgeTarget(request.url, { allowLoopback, resolve });
      const target = await within(judging, connectTimeoutMs, deadline, "the name was not resolved in time");
      const limits = { deadline, connectTimeoutMs, maxBytes, startedAt };
      return { kind: "answered", ...(await exchange(connections, target, request, limits)), duration_ms: durationMs() };
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      const failure = deadline.aborted
        ? new SendError("timeout", `no complete answer within ${totalTimeoutMs} ms`)
        : asSendError(error);
      return { kind: "failed", error: failure.kind, detail: failure.message, duration_ms: durationMs() };
    } finally {
      bound.dispose();
    }
  };
}

/**
 * A signal that aborts after `ms`, or with another one. Unlike `AbortSignal.timeout` it lets go of what it holds when the request is over: at some
 * hundreds a second the requests of the last 15 seconds would stay in memory.
 */
function boundTo(ms: number, signal: AbortSignal | undefined): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no complete answer within ${ms} ms`)), ms);
  const stop = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop, { once: true });
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    },
  };
}

type Answer = { status: number; retry_after_s: number | null; body: string };

/** How long after a request was sent a kept connection that closes was closed before it came. */
const CLOSED_WITHIN_MS = 2_000;
/** Over TLS a connection says that it closes, in a record of its own: less than any beginning of an answer takes. */
const CLOSING_BYTES = 31;

/**
 * Sends on a kept connection where there is one. One that the other side closed in the same moment, before it said anything, says nothing of the endpoint:
 * then on a new one.
 */
async function exchange(connections: Connections, target: Target, outgoing: Outgoing, limits: Limits): Promise<Answer> {
  const kept = open(target, outgoing, limits, connections.to(target));
  const heard = bytesHeard(kept);
  const sentAt = performance.now();
  try {
    return await answerOf(kept, await begun(kept), limits);
  } catch (error) {
    const isLate = performance.now() - sentAt > CLOSED_WITHIN_MS || limits.deadline.aborted;
    const saidNothing = heard() <= (target.url.protocol === "https:" ? CLOSING_BYTES : 0);
    if (!(error instanceof ClosedBefore) || !kept.reusedSocket || isLate || !saidNothing) throw error;
  }
  const again = { ...limits, startedAt: performance.now() };
  const anew = open(target, outgoing, again, connections.fresh(target));
  return answerOf(anew, await begun(anew), limits);
}

/** How many bytes came on a request's connection since it had it. */
function bytesHeard(request: http.ClientRequest): () => number {
  let socket: Socket | undefined;
  let before = 0;
  request.on("socket", (given) => {
    socket = given;
    before = given.bytesRead;
  });
  return () => (socket?.bytesRead ?? 0) - before;
}

/** The connection ended before an answer began. */
class ClosedBefore extends SendError {}

/** The beginning of an answer. A request that gets none is over. */
async function begun(request: http.ClientRequest): Promise<http.IncomingMessage> {
  try {
    return await new Promise<http.IncomingMessage>((resolve, reject) => {
      request.on("response", resolve);
      request.on("error", reject);
      // an answer that is none (101 Switching Protocols) closes the connection and says nothing more: whoever waited would wait for ever
      request.on("close", () => reject(new SendError("protocol", "the connection was closed without an answer")));
    });
  } catch (error) {
    request.destroy();
    const { kind, message } = asSendError(error);
    const isClosed = error instanceof Error && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
    throw isClosed ? new ClosedBefore(kind, message, { cause: error }) : error;
  }
}

async function answerOf(request: http.ClientRequest, response: http.IncomingMessage, limits: Limits): Promise<Answer> {
  try {
    const { statusCode: status = 0 } = response;
    // the parser lets 000 to 099 pass, which the edge refuses together with every result that is told beside it
    if (status < 100) throw new SendError("protocol", "the answer has no HTTP status");
    const start = await readStart(response, limits.maxBytes);
    return {
      status,
      retry_after_s: retryAfterS(response.headers["retry-after"], new Date()),
      body: startOfAnswer(start),
    };
  } finally {
    // what was read to its end leaves its connection to the next one
    if (!response.complete) request.destroy();
  }
}

/** Begins the request, on a connection to the judged address and no other. */
function open(
  { url, pinned }: Target,
  { headers, body }: Outgoing,
  limits: Limits,
  by: https.RequestOptions,
): http.ClientRequest {
  const bytes = Buffer.from(body, "utf8");
  const secure = url.protocol === "https:";
  const options: https.RequestOptions = {
    ...by,
    method: "POST",
    headers: { ...headers, "content-length": bytes.byteLength },
    signal: limits.deadline,
  };
  const request = secure ? https.request(url.href, options) : http.request(url.href, options);

  const lateMs = Math.max(0, limits.connectTimeoutMs - (performance.now() - limits.startedAt));
  const late = (): void => void request.destroy(new SendError("timeout", `no connection within ${limits.connectTimeoutMs} ms`));
  const connecting = setTimeout(late, lateMs);
  request.on("close", () => clearTimeout(connecting));
  request.on("socket", (socket) => {
    const stands = (): void => {
      clearTimeout(connecting);
      if (isSameAddress(socket.remoteAddress, pinned.address)) return;
      request.destroy(new SendError("blocked", "the connection went to another address"));
    };
    if (request.reusedSocket) stands();
    else socket.once(secure ? "secureConnect" : "connect", stands);
  });
  request.end(bytes);
  return request;
}

/** The first bytes of an answer, at most `maxBytes`; what comes after is left unread. */
async function readStart(response: http.IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes: Buffer = chunk;
    chunks.push(bytes);
    length += bytes.byteLength;
    if (length >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** The one form of a date that may be sent; `Date.parse` takes almost anything for one. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** `Retry-After` in whole seconds, from a number or an HTTP date; null when it is absent or says nothing (RFC 9110, 10.2.3). */
export function retryAfterS(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = HTTP_DATE.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now.getTime()) / 1000));
}

async function within<T>(work: Promise<T>, timeoutMs: number, deadline: AbortSignal, detail: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SendError("timeout", detail)), timeoutMs);
    onAbort = () => reject(deadline.reason);
    deadline.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    if (onAbort) deadline.removeEventListener("abort", onAbort);
  }
}

const CONNECT_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "EADDRNOTAVAIL",
]);

function asSendError(error: unknown): SendError {
  if (error instanceof SendError) return error;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
  return new SendError(kindOf(code), `the request failed (${code})`, { cause: error });
}

function kindOf(code: string): SendFailure {
  if (code === "HPE_HEADER_OVERFLOW") return "too_large";
  if (code.startsWith("HPE_")) return "protocol";
  if (CONNECT_CODES.has(code)) return "connect";
  if (/^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO|HOSTNAME_MISMATCH)/.test(code)) return "tls";
  return "protocol";
}
