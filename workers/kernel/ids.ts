import { idOf, type Noun } from "#rules/ids";
import { randomBytes } from "./crypto.ts";
import { base64url } from "./keyring.ts";

/** A new id: prefix, shard, time, 80 random bits. */
export function newId(noun: Noun, shard: string, at: Date): string {
  return idOf(noun, shard, at, randomBytes(10));
}

/** The name of one request, which its answer carries and the log knows; what the edge does by itself is named by what began it. */
export function newRequestId(begunBy: "req" | "cron" | "meter" | "quota" = "req"): string {
  return `${begunBy}_${base64url(randomBytes(15))}`;
}
