import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import {
  BadControl,
  BodyTooLarge,
  answer,
  answerJson,
  closeServer,
  isRecord,
  jsonObject,
  listen,
  readBody,
  urlOf,
} from "../http.ts";
import type { Simulator, SimulatorOptions } from "../run.ts";
import { answerId, fingerprintOf, savedAnswer } from "./answers.ts";
import { Body } from "./body.ts";
import { type SavedAnswer, nowOf, openBooks } from "./books.ts";
import type { Call } from "./call.ts";
import { presentCapture, presentRefund } from "./capture-views.ts";
import { type Certificates, certificatesOf } from "./certificates.ts";
import { planOf } from "./billing.ts";
import { type Controlled, activeSwitches, control } from "./control.ts";
import { Courier } from "./courier.ts";
import { OauthProblem, PaypalProblem, businessFault, malformed, newDebugId } from "./errors.ts";
import { authenticate, issueToken } from "./keys.ts";
import { presentOrder } from "./order-views.ts";
import { isPayerPage, payerPage } from "./payer-page.ts";
import { type Route, routeFor, routes } from "./routes.ts";
import { presentSubscription } from "./subscription-views.ts";
import { meet, normalSwitches } from "./switches.ts";
import { verifySignature } from "./webhooks.ts";

const MAX_BODY_BYTES = 1024 * 1024;

type Paypal = Controlled & {
  certificates: Certificates;
  routes: readonly Route[];
  running: Set<string>;
  stopping: AbortController;
};
type Answered = { status: number; body: string; headers: Record<string, string> };

/**
 * Starts a simulation of PayPal's REST API. Client ids make accounts: `live_shop` and `sandbox_shop` are the two modes of `shop`,
 * each with the secret `secret_of_<client id>`. Faults are switched by `POST /_control`, and `GET /_control/log` tells what was
 * delivered. With a state file everything but the switches and that log survives a restart, also what was still to be delivered.
 */
export async function startPaypal({ port, host = "127.0.0.1", statePath }: SimulatorOptions): Promise<Simulator> {
  const books = openBooks(statePath);
  const switches = { now: normalSwitches() };
  const certificates = await certificatesOf(books, statePath !== undefined);
  const at = { origin: "" };
  const server = createServer((req, res) => {
    void handle(paypal, req, res).catch((error: unknown) => {
      if (paypal.stopping.signal.aborted || req.errored || res.destroyed) return; // nobody is there to be told
      if (error instanceof BodyTooLarge) answerJson(res, 413, { message: error.message }, { connection: "close" });
      else if (error instanceof BadControl) answerJson(res, 400, { message: error.message });
      else {
        console.error("paypal simulator:", error);
        answerJson(res, 500, { name: "INTERNAL_SERVER_ERROR", message: "The simulator failed.", debug_id: newDebugId() });
      }
    });
  });

  // the courier begins with what an earlier run left, and signs with an address: so it listens first
  try {
    at.origin = await listen(server, port, host);
  } catch (error) {
    books.close();
    throw error;
  }
  const courier = new Courier({ books, switches: () => switches.now, certificates: () => certificates, origin: () => at.origin });
  const verify: Route = {
    method: "POST",
    path: "/v1/notifications/verify-webhook-signature",
    run: verifySignature(certificates),
  };
  const paypal: Paypal = {
    books,
    courier,
    origin: at.origin,
    switches,
    certificates,
    routes: [...routes, verify],
    running: new Set(),
    stopping: new AbortController(),
  };
  const close = async () => {
    paypal.stopping.abort();
    courier.close();
    await closeServer(server);
    books.close();
  };
  return { url: at.origin, close };
}

async function handle(paypal: Paypal, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = urlOf(req);
  if (!url) return answerJson(res, 400, { name: "INVALID_REQUEST", message: "The request target is not a path." });
  const body = (await readBody(req, MAX_BODY_BYTES)).toString("utf8");
  const { pathname: path } = url;
  if (path.startsWith("/_control")) return handleControl(paypal, req.method ?? "", path, body, res);
  if (path.startsWith("/v1/notifications/certs/") || path.startsWith("/_certs/")) return handleCertificate(paypal, path, res);
  if (isPayerPage(path)) return handlePage(paypal, req, url, body, res);

  const answered = await respond(paypal, req, url, body);
  const silence = answered.status < 400 ? meet(paypal.switches.now.timeouts, path) : undefined;
  if (!silence) return answer(res, answered.status, answered.body, answered.headers);
  await wait(silence.ms, undefined, { signal: paypal.stopping.signal }); // the effect stands, but the caller never hears of it
  res.destroy();
}

async function handleControl(paypal: Paypal, method: string, path: string, body: string, res: ServerResponse): Promise<void> {
  switch (`${method} ${path}`) {
    case "GET /_control":
      return answerJson(res, 200, {
        active: activeSwitches(paypal.switches.now),
        root_certificate: paypal.certificates.good.root,
      });
    case "POST /_control":
      return answerJson(res, 200, await control(paypal, body));
    case "GET /_control/log":
      return answerJson(res, 200, paypal.courier.log());
    default:
      return answerJson(res, 404, { message: "Try POST /_control, GET /_control or GET /_control/log." });
  }
}

/** Chains as PayPal serves them, and beside them some that nobody should trust. `root` is for whoever wants to trust the simulator. */
function handleCertificate({ certificates, origin }: Paypal, path: string, res: ServerResponse): void {
  const [, name] = /\/CERT-([a-z]+)$/.exec(path) ?? [];
  if (name === "moved") return answer(res, 302, "", { location: `${origin}/v1/notifications/certs/CERT-good` });
  const pem =
    name === "root" ? certificates.good.root : Object.entries(certificates).find(([known]) => known === name)?.[1].chain;
  if (pem === undefined) return answerJson(res, 404, { name: "RESOURCE_NOT_FOUND", message: "There is no such certificate." });
  answer(res, 200, pem, { "content-type": "text/plain; charset=utf-8" });
}

function handlePage(paypal: Paypal, req: IncomingMessage, url: URL, body: string, res: ServerResponse): void {
  const { status, html = "", location } = payerPage(paypal, url, req.method === "POST" ? new URLSearchParams(body) : undefined);
  answer(res, status, html, { "content-type": "text/html; charset=utf-8", ...(location === undefined ? {} : { location }) });
}

async function respond(paypal: Paypal, req: IncomingMessage, url: URL, text: string): Promise<Answered> {
  try {
    if (url.pathname === "/v1/oauth2/token") return await token(paypal, req, text);
    const answered = await answerOnce(paypal, req, url, text);
    return { ...answered, headers: { "paypal-debug-id": newDebugId(), ...answered.headers } };
  } catch (error) {
    if (error instanceof OauthProblem) return told(error.status, error.body);
    if (!(error instanceof PaypalProblem)) throw error;
    return told(error.status, error.body, { "paypal-debug-id": error.debugId });
  }
}

async function token(paypal: Paypal, req: IncomingMessage, text: string): Promise<Answered> {
  await takeTime(paypal);
  failAsOrdered(paypal, "/v1/oauth2/token");
  if (req.method !== "POST") throw malformed("METHOD_NOT_SUPPORTED", "Tokens are asked for by POST.");
  return told(200, issueToken(paypal.books, req.headers, new URLSearchParams(text)), { "paypal-debug-id": newDebugId() });
}

const told = (status: number, body: object | undefined, headers: Record<string, string> = {}): Answered => ({
  status,
  body: body === undefined ? "" : `${JSON.stringify(body)}\n`,
  headers,
});

/** Authenticates, finds the endpoint, and answers from memory where the request id has had its answer. */
async function answerOnce(paypal: Paypal, req: IncomingMessage, url: URL, text: string): Promise<Answered> {
  const { books } = paypal;
  const { pathname: path } = url;
  const book = authenticate(books, req.headers);
  const found = routeFor(paypal.routes, req.method ?? "", path);
  if (!found) throw new PaypalProblem(404, "RESOURCE_NOT_FOUND", "The specified resource does not exist.");
  const call: Call = {
    ...paypal,
    ...readRequest(req, text),
    book,
    ids: found.ids,
    query: url.searchParams,
    now: nowOf(books, book.id),
  };
  const { route } = found;
  failAsOrdered(paypal, path);
  if (call.requestId === null || route.keptHours === undefined) return execute(paypal, route, call);

  const id = answerId(book.id, `${route.method} ${path}`, call.requestId);
  const fingerprint = fingerprintOf(path, text);
  const saved = savedAnswer(books, paypal.running, { id, fingerprint, now: call.now });
  if (saved) return replayed(call, saved);
  paypal.running.add(id);
  try {
    return await execute(paypal, route, call, (answered, of) => {
      const expiresAt = call.now + (route.keptHours ?? 0) * 3_600_000;
      books.put("answers", id, { fingerprint, status: answered.status, body: answered.body, of, expiresAt });
    });
  } finally {
    paypal.running.delete(id);
  }
}

function readRequest(req: IncomingMessage, text: string): Pick<Call, "text" | "body" | "requestId" | "wantsAll" | "mockCode"> {
  const isJson = (req.headers["content-type"] ?? "").startsWith("application/json");
  const object = text === "" ? {} : jsonObject(text);
  const isPatch = req.method === "PATCH";
  if (text !== "" && (!isJson || (!object && !isPatch))) {
    throw malformed("MALFORMED_REQUEST_JSON", "The request is not a JSON object.", { field: "/" });
  }
  const mock = jsonObject(String(req.headers["paypal-mock-response"] ?? ""));
  const code = mock?.["mock_application_codes"];
  const requestId = String(req.headers["paypal-request-id"] ?? "");
  if (requestId.length > 108) throw malformed("INVALID_STRING_LENGTH", "The id is too long.", { field: "PayPal-Request-Id" });
  return {
    text,
    body: new Body(isRecord(object) ? object : {}),
    requestId: requestId === "" ? null : requestId,
    wantsAll: /\breturn=representation\b/.test(String(req.headers.prefer ?? "")),
    mockCode: typeof code === "string" ? code : null,
  };
}

type Save = (answered: Answered, of: SavedAnswer["of"]) => void;

/** Runs the endpoint. What it does, it does in one go, and remembers it if it worked. */
async function execute(paypal: Paypal, route: Route, call: Call, save?: Save): Promise<Answered> {
  await takeTime(paypal);
  if (call.mockCode !== null && !call.book.livemode) throw businessFault(call.mockCode, "Ordered by PayPal-Mock-Response.");
  const { status, body, of } = route.run({ ...call, now: nowOf(call.books, call.book.id) });
  const answered = told(status, body);
  save?.(answered, of ?? null);
  return answered;
}

/** What a control call has ordered to go wrong, before anything is done or remembered. */
function failAsOrdered({ switches }: Paypal, path: string): void {
  const failure = meet(switches.now.failures, path);
  if (!failure) return;
  const limited = failure.status === 429;
  const name = limited ? "RATE_LIMIT_REACHED" : failure.status < 500 ? "INVALID_REQUEST" : "INTERNAL_SERVER_ERROR";
  throw new PaypalProblem(failure.status, name, limited ? "Too many requests." : "An internal server error has occurred.");
}

async function takeTime({ switches, stopping }: Paypal): Promise<void> {
  const { latencyMs } = switches.now;
  if (latencyMs > 0) await wait(latencyMs, undefined, { signal: stopping.signal });
}

/** The same request again: 200, with the object as it is by now. */
function replayed(call: Call, saved: SavedAnswer): Answered {
  const now = saved.of === null ? undefined : presentNow(call, saved.of);
  return now === undefined ? { status: saved.status, body: saved.body, headers: {} } : told(200, now);
}

function presentNow(call: Call, [table, id]: NonNullable<SavedAnswer["of"]>): object | undefined {
  const { books } = call;
  switch (table) {
    case "orders": {
      const order = books.get("orders", id)?.object;
      return order && presentOrder(call, order);
    }
    case "captures": {
      const capture = books.get("captures", id)?.object;
      return capture && presentCapture(call, capture);
    }
    case "refunds": {
      const refund = books.get("refunds", id)?.object;
      return refund && presentRefund(call, refund);
    }
    case "subscriptions": {
      const subscription = books.get("subscriptions", id)?.object;
      return subscription && presentSubscription(call, subscription, planOf(call, subscription));
    }
  }
}
