import { createHash } from "node:crypto";
import { type Books, type SavedAnswer, nowMs } from "./books.ts";
import { StripeProblem, refused } from "./errors.ts";

const REMEMBERED_MS = 24 * 60 * 60 * 1000;
const MAX_KEY_LENGTH = 255;

/** What an idempotency key is found by: keys of two accounts, or of two modes, never meet. */
export const answerId = (bookId: string, idempotencyKey: string) => `${bookId} ${idempotencyKey}`;

/** A digest of a request's parameters, whatever their order. */
export function fingerprintOf(method: string, path: string, fields: URLSearchParams): string {
  const pairs = [...fields].map(([name, value]) => JSON.stringify([name, value])).sort();
  return createHash("sha256")
    .update(JSON.stringify([method, path, pairs]))
    .digest("base64url");
}

/**
 * The answer that a key has received within the last 24 hours, or `undefined`. Throws `idempotency_error` where the key was
 * first used for another request, and 409 while the first request with it is still running.
 */
export function savedAnswer(
  books: Books,
  running: ReadonlySet<string>,
  bookId: string,
  request: { key: string; path: string; fingerprint: string },
): SavedAnswer | undefined {
  const { key } = request;
  if (key.length > MAX_KEY_LENGTH) throw refused(`Idempotency keys are at most ${MAX_KEY_LENGTH} characters long.`);
  const id = answerId(bookId, key);
  if (running.has(id)) {
    const message = `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`;
    throw new StripeProblem(
      409,
      { type: "invalid_request_error", code: "idempotency_key_in_use", message },
      { saved: false, headers: { "stripe-should-retry": "true" } },
    );
  }

  const saved = books.get("answers", id);
  if (!saved) return undefined;
  if (nowMs(books, bookId) - saved.savedAt > REMEMBERED_MS) {
    books.remove("answers", id);
    return undefined;
  }
  if (saved.fingerprint === request.fingerprint) return saved;
  const message =
    saved.path === request.path
      ? `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`
      : `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${request.path}' vs '${saved.path}'). Try using a key other than '${key}' if you meant to execute a different request.`;
  throw new StripeProblem(400, { type: "idempotency_error", message }, { saved: false });
}
