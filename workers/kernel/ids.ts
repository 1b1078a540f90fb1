import { idOf, type Noun } from "#rules/ids";
import { randomBytes } from "./crypto.ts";
import { base64url } from "./keyring.ts";

/** A new id: prefix, shard, time, 80 random bits. */
export function newId(noun: Noun, shard: string, at: Date): string {
  return idOf(noun, shard, at, randomBytes(10));
}

/** The name of one request, which its answer carries and the log knows. */
export function newRequestId(): string {
  return `req_${base64url(randomBytes(15))}`;
}
