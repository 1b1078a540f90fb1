import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { BadControl, BodyTooLarge, answer, answerJson, closeServer, listen, readBody, urlOf } from "../http.ts";
import type { Simulator, SimulatorOptions } from "../run.ts";
import { answerId, fingerprintOf, savedAnswer } from "./answers.ts";
import { BANK_PATH, showBank } from "./bank-page.ts";
import { nowMs, openBooks, randomText } from "./books.ts";
import { API_VERSION, type Call } from "./call.ts";
import { type Controlled, activeSwitches, control } from "./control.ts";
import { Courier } from "./courier.ts";
import { StripeProblem, refused } from "./errors.ts";
import { Params, decodeForm } from "./form.ts";
import { type ApiKey, accountIn, authenticate } from "./keys.ts";
import { type Route, routeFor } from "./routes.ts";
import { meet, normalSwitches } from "./switches.ts";

const MAX_BODY_BYTES = 1024 * 1024;

type Stripe = Controlled & { running: Set<string>; stopping: AbortController };

/** One request after it has been read. */
type Asked = {
  method: string;
  path: string;
  fields: URLSearchParams;
  requestId: string;
  version: string;
  idempotencyKey: string | null;
};

type Answered = { status: number; body: string; headers: Record<string, string> };

/**
 * Starts a simulation of Stripe's API for the official client. Keys make accounts: `sk_live_shop` is account `shop`. Faults
 * are switched by `POST /_control`, and `GET /_control/log` tells what was delivered. With a state file everything but the
 * switches and that log survives a restart, also what was still to be delivered.
 */
export async function startStripe({ port, host = "127.0.0.1", statePath }: SimulatorOptions): Promise<Simulator> {
  const books = openBooks(statePath);
  const switches = { now: normalSwitches() };
  const courier = new Courier(books, () => switches.now);
  const stripe: Stripe = { books, courier, switches, running: new Set(), stopping: new AbortController() };
  const server = createServer((req, res) => {
    void handle(stripe, req, res).catch((error: unknown) => {
      if (stripe.stopping.signal.aborted || req.errored || res.destroyed) return; // nobody is there to be told
      if (error instanceof BodyTooLarge) answerJson(res, 413, { error: { message: error.message } }, { connection: "close" });
      else if (error instanceof BadControl) answerJson(res, 400, { error: { message: error.message } });
      else {
        console.error("stripe simulator:", error);
        answerJson(res, 500, { error: { type: "api_error", message: "The simulator failed." } });
      }
    });
  });

  const close = async () => {
    stripe.stopping.abort();
    courier.close();
    await closeServer(server);
    books.close();
  };
  try {
    return { url: await listen(server, port, host), close };
  } catch (error) {
    courier.close();
    books.close();
    throw error;
  }
}

async function handle(stripe: Stripe, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = urlOf(req);
  if (!url)
    return answerJson(res, 400, { error: { type: "invalid_request_error", message: "The request target is not a path." } });
  const body = (await readBody(req, MAX_BODY_BYTES)).toString("utf8");
  if (url.pathname.startsWith("/_control")) return handleControl(stripe, req.method ?? "", url.pathname, body, res);
  if (url.pathname.startsWith(BANK_PATH)) {
    const { status, html, location } = showBank(stripe, req.method ?? "", url.pathname, body);
    const headers = { "content-type": "text/html; charset=utf-8", ...(location === undefined ? {} : { location }) };
    return answer(res, status, html, headers);
  }

  const requestId = `req_${randomText(14)}`;
  const answered = await respond(stripe, req, url, body, requestId);
  const effective = answered.status < 400 || answered.status === 402; // a declined payment has been tried, too
  const silence = effective ? meet(stripe.switches.now.timeouts, url.pathname, accountIn(req.headers)) : undefined;
  if (!silence) return answer(res, answered.status, answered.body, answered.headers);
  await wait(silence.ms, undefined, { signal: stripe.stopping.signal }); // the effect stands, but the caller never hears of it
  res.destroy();
}

async function handleControl(stripe: Stripe, method: string, path: string, body: string, res: ServerResponse): Promise<void> {
  switch (`${method} ${path}`) {
    case "GET /_control":
      return answerJson(res, 200, { active: activeSwitches(stripe.switches.now) });
    case "POST /_control":
      return answerJson(res, 200, await control(stripe, body));
    case "GET /_control/log":
      return answerJson(res, 200, stripe.courier.log());
    default:
      return answerJson(res, 404, { error: { message: "Try POST /_control, GET /_control or GET /_control/log." } });
  }
}

async function respond(stripe: Stripe, req: IncomingMessage, url: URL, body: string, requestId: string): Promise<Answered> {
  const version = String(req.headers["stripe-version"] ?? API_VERSION);
  const given = req.method === "POST" ? String(req.headers["idempotency-key"] ?? "") : ""; // on other methods it has no effect
  const idempotencyKey = given === "" ? null : given;
  const headers = {
    "request-id": requestId,
    "stripe-version": version,
    ...(idempotencyKey === null ? {} : { "idempotency-key": idempotencyKey }),
  };
  try {
    if (!/^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/.test(version)) throw refused(`Invalid Stripe API version: ${version}`);
    const fields = fieldsOf(req, url, body);
    const asked = { method: req.method ?? "", path: url.pathname, fields, requestId, version, idempotencyKey };
    const answered = await answerOnce(stripe, req, asked);
    return { ...answered, headers: { ...headers, ...answered.headers } };
  } catch (error) {
    if (!(error instanceof StripeProblem)) throw error;
    const { status, body: text, headers: extra } = answerOf(error);
    return { status, body: text, headers: { ...headers, ...extra } };
  }
}

/** Query and form together, as Stripe reads them. */
function fieldsOf(req: IncomingMessage, url: URL, body: string): URLSearchParams {
  const fields = new URLSearchParams(url.search);
  if (body === "") return fields;
  if (!(req.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded")) {
    throw refused("Invalid request (check that your POST content type is application/x-www-form-urlencoded).");
  }
  for (const [name, value] of new URLSearchParams(body)) fields.append(name, value);
  return fields;
}

/** Authenticates, finds the endpoint, and answers from memory where the idempotency key has had its answer. */
async function answerOnce(stripe: Stripe, req: IncomingMessage, asked: Asked): Promise<Answered> {
  const form = decodeForm(asked.fields);
  const key = authenticate(req.headers, form);
  const { method, path, idempotencyKey } = asked;
  const found = routeFor(method, path);
  if (!found) throw refused(`Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs.`, {}, 404);
  if (key.publishable && !found.route.publishable) {
    const message = "This API call cannot be made with a publishable API key. Please use a secret API key.";
    throw refused(message, { code: "secret_key_required" }, 403);
  }

  const { books, courier } = stripe;
  const { ids, route } = found;
  const { requestId } = asked;
  const origin = `http://${req.headers.host ?? "127.0.0.1"}`;
  const call = { books, courier, key, ids, origin, params: new Params(form), requestId, idempotencyKey, afterwards: [] };
  if (idempotencyKey === null) return execute(stripe, route, path, call);

  const fingerprint = fingerprintOf(method, path, asked.fields);
  const saved = savedAnswer(books, stripe.running, key.book.id, { key: idempotencyKey, path, fingerprint });
  if (saved) {
    const headers = { "idempotent-replayed": "true", "original-request": saved.requestId };
    return { status: saved.status, body: saved.body, headers };
  }
  return executeUnderKey(stripe, route, { ...asked, idempotencyKey, fingerprint }, key, call);
}

async function executeUnderKey(
  stripe: Stripe,
  route: Route,
  asked: Asked & { idempotencyKey: string; fingerprint: string },
  key: ApiKey,
  call: Call,
): Promise<Answered> {
  const id = answerId(key.book.id, asked.idempotencyKey);
  const save = ({ status, body }: Answered) => {
    const { path, fingerprint, requestId } = asked;
    stripe.books.put("answers", id, { path, fingerprint, status, body, requestId, savedAt: nowMs(stripe.books, key.book.id) });
  };
  stripe.running.add(id);
  try {
    const answered = await execute(stripe, route, asked.path, call);
    save(answered);
    return answered;
  } catch (error) {
    if (error instanceof StripeProblem && error.saved) save(answerOf(error));
    throw error;
  } finally {
    stripe.running.delete(id);
  }
}

/** Runs the endpoint, unless a control call has ordered that it fails. What it does, it does in one go. */
async function execute(stripe: Stripe, route: Route, path: string, call: Call): Promise<Answered> {
  const { latencyMs } = stripe.switches.now;
  if (latencyMs > 0) await wait(latencyMs, undefined, { signal: stripe.stopping.signal });
  const failure = meet(stripe.switches.now.failures, path, call.key.book.account);
  if (failure && !failure.afterEffect) throw orderedFailure(failure.status);
  try {
    const result = route.run(call);
    if (!failure) return { status: 200, body: `${JSON.stringify(result, null, 2)}\n`, headers: {} };
  } catch (error) {
    if (!failure || !(error instanceof StripeProblem && error.status === 402)) throw error;
  } finally {
    for (const step of call.afterwards) step();
  }
  throw orderedFailure(failure.status);
}

/** A 500 comes from an endpoint that began, so a key remembers it; any other status comes from before it, and none does. */
function orderedFailure(status: number): StripeProblem {
  const type = status < 500 ? "invalid_request_error" : "api_error";
  const code = status === 429 ? { code: "rate_limit" } : {};
  const message = status === 429 ? "Too many requests hit the API too quickly." : "An unknown error occurred.";
  return new StripeProblem(status, { type, message, ...code }, { saved: status === 500 });
}

function answerOf(problem: StripeProblem): Answered {
  return { status: problem.status, body: `${JSON.stringify({ error: problem.body }, null, 2)}\n`, headers: problem.headers };
}
