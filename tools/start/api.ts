import { Advice } from "../say.ts";

/** Calls the public API as any customer of it would, with one key. */
export type Api = {
  get: <Answer>(path: string) => Promise<Answer>;
  post: <Answer>(path: string, body?: unknown, idempotencyKey?: string) => Promise<Answer>;
  put: <Answer>(path: string, body: unknown) => Promise<Answer>;
  patch: <Answer>(path: string, body: unknown) => Promise<Answer>;
};

type Problem = { code?: string; detail?: string; fix?: string; request_id?: string };

const answerWithinMs = 30_000;

/** The API at an origin, with a key. A refusal is thrown as advice with the problem's own words. */
export function apiAt(origin: string, key: string): Api {
  const call = async <Answer>(method: string, path: string, body?: unknown, idempotencyKey?: string): Promise<Answer> => {
    const answer = await fetch(origin + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerWithinMs),
    });
    const text = await answer.text();
    if (!answer.ok) throw refused(method, path, answer.status, text);
    const parsed: Answer = JSON.parse(text);
    return parsed;
  };
  return {
    get: (path) => call("GET", path),
    post: (path, body, idempotencyKey) => call("POST", path, body, idempotencyKey),
    put: (path, body) => call("PUT", path, body),
    patch: (path, body) => call("PATCH", path, body),
  };
}

function refused(method: string, path: string, status: number, text: string): Advice {
  let problem: Problem = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // no problem document: the text itself is shown
  }
  const why = [
    problem.code,
    problem.detail ?? text.slice(0, 500),
    problem.fix,
    problem.request_id && `(request ${problem.request_id})`,
  ];
  return new Advice(`${method} ${path} answered ${status}: ${why.filter(Boolean).join(" ")}`);
}
