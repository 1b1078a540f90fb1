import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { type Book, type Books, bookById, bookOf, nowOf } from "./books.ts";
import { OauthProblem, PaypalProblem } from "./errors.ts";

/** PayPal's tokens live for nine hours. */
const TOKEN_SECONDS = 32_400;

/** The secret of a client id: any name makes an account, so that `live_shop` and `sandbox_shop` are its two modes. */
export const secretOf = (clientId: string) => `secret_of_${clientId}`;

/** `POST /v1/oauth2/token`: an access token for the account that the client id names. Throws 401 `invalid_client`. */
export function issueToken(books: Books, headers: IncomingHttpHeaders, form: URLSearchParams): object {
  const [, encoded = ""] = /^Basic (\S+)$/i.exec(headers.authorization ?? "") ?? [];
  const [clientId = "", secret] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  const [, mode, account] = /^(live|sandbox)_([A-Za-z0-9_-]{1,80})$/.exec(clientId) ?? [];
  if (account === undefined || secret !== secretOf(clientId)) {
    throw new OauthProblem("invalid_client", "Client Authentication failed");
  }
  if (form.get("grant_type") !== "client_credentials") {
    throw new PaypalProblem(400, "unsupported_grant_type", "unsupported grant_type");
  }
  const book = bookOf(account, mode === "live");
  const token = `A21AA${randomBytes(60).toString("base64url")}`;
  const now = nowOf(books, book.id);
  books.put("tokens", token, { book: book.id, expiresAt: now + TOKEN_SECONDS * 1000 });
  return {
    scope: "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/vault/payment-tokens/read",
    access_token: token,
    token_type: "Bearer",
    app_id: `APP-${account.toUpperCase().slice(0, 17)}`,
    expires_in: TOKEN_SECONDS,
    nonce: `${new Date(now).toISOString()}${randomBytes(16).toString("base64url")}`,
  };
}

/** Whose access token a request carries. Throws 401. */
export function authenticate(books: Books, headers: IncomingHttpHeaders): Book {
  const [, token] = /^Bearer (\S+)$/i.exec(headers.authorization ?? "") ?? [];
  if (token === undefined) {
    const message = "Authentication failed due to invalid authentication credentials or a missing Authorization header.";
    throw new PaypalProblem(401, "AUTHENTICATION_FAILURE", message);
  }
  const known = books.get("tokens", token);
  if (!known) throw new OauthProblem("invalid_token", "Token signature verification failed");
  if (nowOf(books, known.book) >= known.expiresAt) {
    throw new OauthProblem("invalid_token", "The token passed in was not found in the system");
  }
  return bookById(known.book);
}
