import { createHash } from "node:crypto";
import type { Books, SavedAnswer } from "./books.ts";
import { businessFault, PaypalProblem } from "./errors.ts";

/** What a request id is found by: those of two accounts, of two modes or of two endpoints never meet. */
export const answerId = (bookId: string, route: string, requestId: string) => `${bookId} ${route} ${requestId}`;

/** A digest of a request. */
export function fingerprintOf(path: string, body: string): string {
  return createHash("sha256")
    .update(JSON.stringify([path, body]))
    .digest("base64url");
}

/**
 * What a request id has come to, while PayPal remembers it, or `undefined`. Throws 409 while the first request with it is still
 * running, and 422 where it was first used for something else.
 */
export function savedAnswer(
  books: Books,
  running: ReadonlySet<string>,
  { id, fingerprint, now }: { id: string; fingerprint: string; now: number },
): SavedAnswer | undefined {
  if (running.has(id)) {
    throw new PaypalProblem(409, "RESOURCE_CONFLICT", "The server has detected a conflict while processing this request.", [
      { issue: "PREVIOUS_REQUEST_IN_PROGRESS", description: "A request with this PayPal-Request-Id is still running." },
    ]);
  }
  const saved = books.get("answers", id);
  if (!saved) return undefined;
  if (now >= saved.expiresAt) {
    books.remove("answers", id);
    return undefined;
  }
  if (saved.fingerprint === fingerprint) return saved;
  throw businessFault("PAYPAL_REQUEST_ID_PREVIOUSLY_USED", "The PayPal-Request-Id was used for another request before.");
}
