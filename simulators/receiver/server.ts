import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { BadControl, BodyTooLarge, ControlBody, answerJson, closeServer, listen, readBody, urlOf } from "../http.ts";
import { type Journal, openJournal } from "../journal.ts";
import type { Simulator, SimulatorOptions } from "../run.ts";
import { type Fault, answerUnder, faultOf, statusUnder } from "./faults.ts";

const MAX_BODY_BYTES = 2 * 1024 * 1024;
const MAX_LOG_BYTES = 64 * 1024 * 1024;
const MAX_LOG_ENTRIES = 10_000;

/** One webhook as it came. `answered` is the status it was given, null when it was left without one. */
export type Received = {
  at: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  answered: number | null;
  /** Only where a secret was given for the path. */
  verified?: boolean;
};

type Tables = { log: Received; secrets: string };

type Receiver = {
  journal: Journal<Tables>;
  faults: Map<string, Fault>; // by path; EVERY_PATH where a path has none of its own
  logBytes: number;
  received: number;
  timers: Set<NodeJS.Timeout>;
};

const EVERY_PATH = "*";

/**
 * Starts a webhook receiver: it takes a POST at any path, keeps it (`GET /_log?path=`, `DELETE /_log`) and answers 200 or
 * as `POST /_control` said. With a state file the log and the secrets survive a restart; faults are switches and do not.
 */
export async function startReceiver({ port, host = "127.0.0.1", statePath }: SimulatorOptions): Promise<Simulator> {
  const journal = openJournal<Tables>({ log: MAX_LOG_ENTRIES + 1, secrets: 1000 }, statePath);
  const receiver: Receiver = { journal, faults: new Map(), logBytes: 0, received: 0, timers: new Set() };
  for (const [id, entry] of journal.entries("log")) {
    receiver.logBytes += entry.body.length;
    receiver.received = Math.max(receiver.received, Number(id));
  }

  const server = createServer((req, res) => {
    void handle(receiver, req, res).catch((error: unknown) => {
      if (error instanceof BodyTooLarge) answerJson(res, 413, { error: { message: error.message } }, { connection: "close" });
      else if (error instanceof BadControl) answerJson(res, 400, { error: { message: error.message } });
      else if (!req.errored && !res.destroyed) {
        console.error("webhook receiver:", error);
        answerJson(res, 500, { error: { message: "The receiver failed." } });
      }
    });
  });

  try {
    const url = await listen(server, port, host);
    const close = async () => {
      for (const timer of receiver.timers) clearTimeout(timer);
      await closeServer(server);
      journal.close();
    };
    return { url, close };
  } catch (error) {
    journal.close();
    throw error;
  }
}

async function handle(receiver: Receiver, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = urlOf(req);
  if (!url) return answerJson(res, 400, { error: { message: "The request target is not a path." } });
  const body = (await readBody(req, MAX_BODY_BYTES)).toString("utf8");

  switch (`${req.method} ${url.pathname}`) {
    case "GET /_log":
      return answerJson(res, 200, logged(receiver, url.searchParams.get("path")));
    case "DELETE /_log":
      forget(receiver, url.searchParams.get("path"));
      return answerJson(res, 200, { deleted: true });
    case "GET /_control":
      return answerJson(res, 200, active(receiver));
    case "POST /_control":
      control(receiver, ControlBody.parse(body));
      return answerJson(res, 200, active(receiver));
    default:
      if (req.method === "POST") return take(receiver, url.pathname, req, body, res);
      return answerJson(res, 405, { error: { message: "Webhooks are taken by POST." } }, { allow: "POST" });
  }
}

function take(receiver: Receiver, path: string, req: IncomingMessage, body: string, res: ServerResponse): void {
  const fault = meet(receiver, path);
  const secret = receiver.journal.get("secrets", path) ?? receiver.journal.get("secrets", EVERY_PATH);
  record(receiver, {
    at: new Date().toISOString(),
    path,
    headers: req.headers,
    body,
    answered: statusUnder(fault),
    ...(secret === undefined ? {} : { verified: isSigned(secret, body, req.headers) }),
  });
  answerUnder(fault, res, (ms, step) => {
    const timer = setTimeout(() => {
      receiver.timers.delete(timer);
      step();
    }, ms);
    receiver.timers.add(timer);
  });
}

/** The fault this request meets, counted down. */
function meet(receiver: Receiver, path: string): Fault | undefined {
  const key = receiver.faults.has(path) ? path : EVERY_PATH;
  const fault = receiver.faults.get(key);
  if (fault?.times != null) {
    fault.times -= 1;
    if (fault.times === 0) receiver.faults.delete(key);
  }
  return fault;
}

function record(receiver: Receiver, entry: Received): void {
  const { journal } = receiver;
  receiver.received += 1;
  receiver.logBytes += entry.body.length;
  journal.put("log", String(receiver.received), entry);
  for (const [id, oldest] of journal.entries("log")) {
    if (receiver.logBytes <= MAX_LOG_BYTES && journal.size("log") <= MAX_LOG_ENTRIES) break;
    receiver.logBytes -= oldest.body.length;
    journal.remove("log", id);
  }
}

function logged(receiver: Receiver, path: string | null): Received[] {
  return [...receiver.journal.entries("log")].map(([, entry]) => entry).filter((entry) => path === null || entry.path === path);
}

function forget(receiver: Receiver, path: string | null): void {
  for (const [id, entry] of receiver.journal.entries("log")) {
    if (path !== null && entry.path !== path) continue;
    receiver.logBytes -= entry.body.length;
    receiver.journal.remove("log", id);
  }
}

function control(receiver: Receiver, body: ControlBody): void {
  const path = body.string("path") ?? EVERY_PATH;
  const mode = body.mustString("mode");
  if (mode === "verify") {
    const secret = body.mustString("secret");
    body.done();
    if (!isSecret(secret)) throw new BadControl("secret must be whsec_ and base64.");
    receiver.journal.put("secrets", path, secret);
    return;
  }

  const fault = faultOf(mode, body);
  body.done();
  if (fault) receiver.faults.set(path, fault);
  else if (path === EVERY_PATH) receiver.faults.clear();
  else receiver.faults.delete(path);
}

function active(receiver: Receiver) {
  return {
    faults: Object.fromEntries(receiver.faults),
    verified_paths: [...receiver.journal.entries("secrets")].map(([path]) => path),
  };
}

function isSecret(secret: string): boolean {
  try {
    void new Webhook(secret);
    return true;
  } catch {
    return false;
  }
}

/** Whether the body was signed with the secret, now, by the rules of Standard Webhooks. */
function isSigned(secret: string, body: string, headers: IncomingHttpHeaders): boolean {
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  try {
    new Webhook(secret).verify(body, flat, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}
