import { idOf, type Noun } from "#rules/ids";
import { randomBytes } from "./crypto.ts";

/** A new id: prefix, shard, time, 80 random bits. */
export function newId(noun: Noun, shard: string, at: Date): string {
  return idOf(noun, shard, at, randomBytes(10));
}
