import { connect, type Socket } from "node:net";
import { quantile } from "./figures.ts";

/** The text of a request; what stands at a slot's mark is written over for each request. */
export type RequestText = { method: string; path: string; headers?: Record<string, string>; body?: string };

/** What differs between requests: a mark that stands once in the request, and the n-th text of the same length to put there. */
export type Slot = { mark: string; values: (n: number) => string };

/** A request that is sent again and again. */
export type Shot = {
  host: string;
  port: number;
  /** Makes a writer with a buffer of its own: it answers the bytes of the n-th request, valid until it is asked again. */
  writer: () => (n: number) => Buffer;
  /** How many requests there are before they would repeat themselves. */
  supply: number;
  /** The same requests, to the letter but for the host, to another worker. */
  at: (url: URL) => Shot;
};

/** The wished answer: its status, and a text that stands in it. */
export type Expected = { status: number; holds?: string };

/** What came of a load. */
export type Load = { answers: number; failed: number; seconds: number; latenciesMs: number[]; sample: string };

export type LoadOptions = {
  connections: number;
  seconds: number;
  /** The number of the first request: what must never repeat itself goes on counting. */
  from: number;
  /** No more requests than this. */
  most?: number;
};

/**
 * A request as bytes. They are made once, and only the slots are written anew: on two cores what the caller costs is taken from what it measures.
 * Throws RangeError for a slot whose mark does not stand exactly once in the request.
 */
export function shotOf(url: URL, request: RequestText, slots: readonly Slot[] = []): Shot {
  const { method, path, headers = {}, body = "" } = request;
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${url.host}`, "accept: */*", "user-agent: bench"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== "") lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  const text = Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
  const places = slots.map(({ mark, values }) => ({ at: onlyPlace(text, mark), length: mark.length, values }));
  const writer = () => {
    const own = Buffer.from(text);
    return (n: number) => {
      for (const { at, length, values } of places) {
        if (own.latin1Write(values(n), at, length) !== length) throw new RangeError("A slot's texts must be as long as its mark");
      }
      return own;
    };
  };
  const at = (other: URL) => shotOf(other, request, slots);
  return { host: url.hostname, port: Number(url.port), writer, supply: Number.POSITIVE_INFINITY, at };
}

/** A slot that goes round a list: the first request gets its first text. */
export const rotating = (mark: string, texts: readonly string[]): Slot => ({
  mark,
  values: (n) => texts[n % texts.length] ?? mark,
});

/** A slot of digits that no two requests share, as long as its mark. */
export const numbered = (mark: string): Slot => ({ mark, values: (n) => String(n).padStart(mark.length, "0") });

function onlyPlace(text: Buffer, mark: string): number {
  const at = text.indexOf(mark);
  if (mark === "" || at < 0 || text.indexOf(mark, at + 1) >= 0) {
    throw new RangeError(`The mark ${mark} must stand exactly once in the request`);
  }
  return at;
}

/** Sends a request over kept-alive connections for some seconds, each sending the next when its answer came. Throws when a connection breaks. */
export async function load(shot: Shot, expected: Expected, options: LoadOptions): Promise<Load> {
  const { connections, seconds, from, most = Number.POSITIVE_INFINITY } = options;
  const upTo = Math.min(shot.supply, from + most);
  const latenciesMs: number[] = [];
  let failed = 0;
  let sample = "";
  let sent = from;
  const lines = await Promise.all(Array.from({ length: connections }, () => openLine(shot)));
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  try {
    await Promise.all(
      lines.map(async (line) => {
        const write = shot.writer();
        while (sent < upTo) {
          const begunAt = performance.now();
          if (begunAt >= endsAt) return;
          const answer = await line.ask(write(sent++));
          latenciesMs.push(performance.now() - begunAt);
          if (answer.status === expected.status && answer.holds(expected.holds)) continue;
          failed++;
          sample ||= answer.text();
        }
      }),
    );
    return { answers: latenciesMs.length, failed, seconds: (performance.now() - startedAt) / 1000, latenciesMs, sample };
  } finally {
    for (const line of lines) line.close();
  }
}

/** Half of the answers took less than this. */
export const p50Of = ({ latenciesMs }: Load): number => quantile(latenciesMs, 0.5);

type Answer = { status: number; holds: (text: string | undefined) => boolean; text: () => string };

/** A kept-alive connection. */
export type Line = { ask: (request: Buffer) => Promise<Answer>; close: () => void };

/** A connection that carries one request at a time. */
export async function openLine({ host, port }: Pick<Shot, "host" | "port">): Promise<Line> {
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  let early: Buffer | undefined;
  const onChunk = (length: number, memory: Uint8Array) => {
    const chunk = Buffer.from(memory.buffer, memory.byteOffset, length);
    const held = early ? Buffer.concat([early, chunk]) : chunk;
    const answer = answerIn(held);
    if (!answer) {
      early = Buffer.from(held); // the memory is used again for the next chunk
      return true;
    }
    early = undefined;
    const told = waiting;
    waiting = undefined;
    told?.resolve(answer);
    return true;
  };
  const socket: Socket = connect({ host, port, noDelay: true, onread: { buffer: Buffer.alloc(64 * 1024), callback: onChunk } });
  const broken = (error: Error) => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.on("close", () => broken(new Error("The worker closed the connection")));
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  socket.on("error", broken);
  return {
    ask: (request) =>
      new Promise<Answer>((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

/**
 * The answer that the bytes hold, once all of it is there: HTTP/1.1 with a length or in chunks, which is all that workerd sends.
 * What it returns reads the bytes when it is asked, so ask at once.
 */
export function answerIn(bytes: Buffer): Answer | undefined {
  const headEnds = bytes.indexOf("\r\n\r\n");
  if (headEnds < 0) return undefined;
  const head = bytes.toString("latin1", 0, headEnds).toLowerCase();
  const status = Number(head.slice(9, 12));
  const body = bytes.subarray(headEnds + 4);
  const given = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  if (given !== undefined) {
    if (body.length < Number(given)) return undefined;
  } else if (head.includes("\r\ntransfer-encoding: chunked") && !chunksEnd(body)) return undefined;
  // judged before the promise's turn comes: by then the memory may hold the next answer of another request
  const kept = Buffer.from(body);
  return { status, holds: (text) => text === undefined || kept.includes(text), text: () => `${status} ${kept.toString("utf8")}` };
}

function chunksEnd(body: Buffer): boolean {
  for (let at = 0; ;) {
    const lineEnds = body.indexOf("\r\n", at);
    if (lineEnds < 0) return false;
    const length = Number.parseInt(body.toString("latin1", at, lineEnds), 16);
    if (length === 0) return body.indexOf("\r\n\r\n", lineEnds) === lineEnds;
    at = lineEnds + 2 + length + 2;
    if (at >= body.length) return false;
  }
}
