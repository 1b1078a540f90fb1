import type { IncomingHttpHeaders } from "node:http";
import { type Book, bookOf } from "./books.ts";
import { type FormTree } from "./form.ts";
import { refused } from "./errors.ts";

const KEY = /^(sk|pk)_(live|test)_([A-Za-z0-9_]{1,200})$/;

/** Who calls: which account in which mode, and whether with a key that may be known to everyone. */
export type ApiKey = { book: Book; publishable: boolean };

/**
 * Finds the key in the Authorization header (Bearer or Basic) or, as Stripe.js sends it, in the field `key`, which is taken
 * out of the form. Any name makes an account: `sk_live_shop` and `pk_live_shop` are of account `shop`. Throws 401.
 */
export function authenticate(headers: IncomingHttpHeaders, form: FormTree): ApiKey {
  const field = form.get("key");
  form.delete("key");
  const text = fromHeader(headers.authorization) ?? (typeof field === "string" ? field : undefined);
  if (text === undefined || text === "") {
    const message =
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').";
    throw refused(message, {}, 401);
  }

  const [, kind, mode, account] = KEY.exec(text) ?? [];
  if (kind === undefined || account === undefined) throw refused(`Invalid API Key provided: ${masked(text)}`, {}, 401);
  return { book: bookOf(account, mode === "live"), publishable: kind === "pk" };
}

/** The account whose key the Authorization header carries, whether or not the call is any good. */
export function accountIn(headers: IncomingHttpHeaders): string | undefined {
  return KEY.exec(fromHeader(headers.authorization) ?? "")?.[3];
}

function fromHeader(header: string | undefined): string | undefined {
  const [, scheme = "", value = ""] = /^(\w+)\s+(\S+)$/.exec(header ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return undefined;
  return Buffer.from(value, "base64").toString("utf8").split(":")[0];
}

const masked = (key: string) => `${key.slice(0, 8)}${"*".repeat(Math.min(20, Math.max(4, key.length - 12)))}${key.slice(-4)}`;
