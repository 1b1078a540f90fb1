import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** Thrown when a caller sends more than a simulator takes. */
export class BodyTooLarge extends Error {}

/** Starts listening and returns the origin without a slash. Throws the socket's own error, such as `EADDRINUSE`. Port 0 takes any free one. */
export async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return `http://${host}:${typeof address === "object" && address ? address.port : port}`;
}

/** Stops a server now: no caller is waited for. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** Reads a request's body as it was sent, or throws `BodyTooLarge`; the caller can still be answered then. */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new BodyTooLarge(`The body is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Whether a value is an object with names, not a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses a JSON object, or `undefined` when the text is anything else. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Answers with a body and closes the exchange; a caller that has gone away is no error. */
export function answer(res: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers });
  res.end(body);
}

/** Answers with JSON, laid out for reading. */
export function answerJson(res: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  answer(res, status, `${JSON.stringify(value, null, 2)}\n`, headers);
}

/** The URL of a request, or `undefined` where its target is none. */
export function urlOf(req: IncomingMessage): URL | undefined {
  const target = req.url ?? "/";
  return target.startsWith("/") && URL.canParse(`http://simulator${target}`) ? new URL(`http://simulator${target}`) : undefined;
}

/** What a control call got wrong, told to its caller with status 400. */
export class BadControl extends Error {}

/** Reads the body of a control call field by field; every fault in it throws `BadControl`. */
export class ControlBody {
  readonly #body: Record<string, unknown>;
  readonly #taken = new Set<string>();

  constructor(body: Record<string, unknown>) {
    this.#body = body;
  }

  static parse(text: string): ControlBody {
    const body = jsonObject(text);
    if (!body) throw new BadControl("The body must be a JSON object.");
    return new ControlBody(body);
  }

  string(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string" || value === "") throw new BadControl(`${name} must be a text that is not empty.`);
    return value;
  }

  mustString(name: string): string {
    const value = this.string(name);
    if (value === undefined) throw new BadControl(`${name} is missing.`);
    return value;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw new BadControl(`${name} must be an integer from ${min} to ${max}.`);
    }
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.#take(name);
    if (value !== undefined && typeof value !== "boolean") throw new BadControl(`${name} must be true or false.`);
    return value;
  }

  /** Any value: the caller looks at it. */
  any(name: string): unknown {
    return this.#take(name);
  }

  /** Refuses a field that nothing asked for: a misspelt switch must not look as if it had worked. */
  done(): void {
    const unknown = Object.keys(this.#body).find((name) => !this.#taken.has(name));
    if (unknown !== undefined) throw new BadControl(`${unknown} is not a field of this mode.`);
  }

  #take(name: string): unknown {
    this.#taken.add(name);
    return Object.hasOwn(this.#body, name) ? this.#body[name] : undefined;
  }
}
