import { idOf, type Noun } from "#rules/ids";
import { base64url } from "./keyring.ts";

/** A new id: prefix, shard, time, 80 random bits. */
export function newId(noun: Noun, shard: string, at: Date): string {
  return idOf(noun, shard, at, drawn(10));
}

/** The name of one request, which its answer carries and the log knows; what the edge does by itself is named by what began it. */
export function newRequestId(begunBy: "req" | "cron" | "meter" | "quota" = "req"): string {
  return `${begunBy}_${base64url(drawn(15))}`;
}

// names tell things apart and keep no secret: what is random in them is drawn for many at once, which costs as much as for one
const store = new Uint8Array(3000);
let used = store.length;

/** Random bytes, to be read before the next ones are drawn. */
function drawn(length: number): Uint8Array {
  if (used + length > store.length) {
    crypto.getRandomValues(store);
    used = 0;
  }
  used += length;
  return store.subarray(used - length, used);
}
