import type { StatusListRow } from "#db/offline/status-lists";
import { changing } from "#kernel/changing";
import { randomBytes, sha256Url } from "#kernel/crypto";
import { signJws } from "#kernel/signing";
import { toBase64url } from "#rules/licensing/olp/base64url";
import { readMessage, typOf } from "#rules/licensing/olp/message";
import { statusList } from "#rules/licensing/olp/status";
import { keyFor, openSigner } from "../decision-token.ts";
import { seconds } from "./keyset.ts";
import { statusListFull } from "./problems.ts";
import { usable, trustOf, type Usable, type Vars } from "./trust.ts";

/** How long a list may be used at most; how old one a device acts on is said by its license. */
const LIST_VALID_MS = 7 * 24 * 3600 * 1000;
/** A list is never shorter than this, so that its length tells little of how many devices there are. */
const LEAST_CAPACITY = 4096;
/** A list of more entries would be longer than a verifier reads. */
const MOST_CAPACITY = 1_048_576;

/**
 * The status list of a product. It is signed anew when what it says changed, when half of its life is over, when it is older than
 * `maxAgeS`, or when the key that signed it was revoked. Two that ask at once get the same one.
 */
export function statusListOf(vars: Vars, productId: string, maxAgeS: number | undefined): Promise<StatusListRow> {
  return changing(async () => {
    const read = await vars.repo.statusLists.read(productId);
    const lst = toBase64url(statusList(capacityFor(read.highest), read.entries));
    const digest = await sha256Url(lst);
    const isGood = read.list?.digest === digest && !isAged(read.list, maxAgeS, vars.now);
    if (read.list && isGood && !(await isSignedByRevoked(vars, read.list))) return read.list;
    const row = await signedList(vars, productId, lst, { digest, seq: (read.list?.seq ?? 0) + 1 });
    return (await vars.repo.statusLists.replace(read.list, row)) ? row : undefined;
  });
}

function isAged({ createdAt, expiresAt }: StatusListRow, maxAgeS: number | undefined, now: Date): boolean {
  const halfMs = (expiresAt.getTime() - createdAt.getTime()) / 2;
  return now.getTime() - createdAt.getTime() >= Math.min(halfMs, (maxAgeS ?? Infinity) * 1000);
}

/** Whether no device takes a list any more that knows of the newest keyset. */
async function isSignedByRevoked({ repo }: Vars, { text }: StatusListRow): Promise<boolean> {
  const { kid } = readMessage(text, "status");
  return (await repo.offlineKeys.trust()).keys.some((key) => key.kid === kid && key.revokedAt !== null);
}

async function signedList(
  vars: Vars,
  productId: string,
  lst: string,
  { digest, seq }: { digest: string; seq: number },
): Promise<StatusListRow> {
  const { repo, now } = vars;
  const { kid, key } = await signerFor(vars, usable(await trustOf(vars), now), productId);
  const expiresAt = new Date(now.getTime() + LIST_VALID_MS);
  const claims = { iss: repo.tenantId, aud: productId, seq, iat: seconds(now), exp: seconds(expiresAt), lst };
  const text = await signJws(key, { kid, typ: typOf("status") }, claims);
  return { tenantId: repo.tenantId, productId, seq, text, digest, expiresAt, createdAt: now };
}

/** The key that signs for a product what a keyset vouches for. */
export const signerFor = ({ repo, vault }: Vars, { keys }: Usable, productId: string) =>
  openSigner(repo.tenantId, () => vault, keyFor(keys, productId));

function capacityFor(highest: number): number {
  let capacity = LEAST_CAPACITY;
  while (capacity <= highest) capacity *= 2;
  return capacity;
}

/** How many places are tried at once; where all of them are taken the list is so full that it grows. */
const TRIED = 8;

/** A place in a product's status list that nobody has: at random, so that neighbours tell nothing of each other. Throws `status_list_full`. */
export async function freeIndex({ repo }: Pick<Vars, "repo">, productId: string): Promise<number> {
  const highest = await repo.statusLists.highest(productId);
  for (let capacity = capacityFor(highest); capacity <= MOST_CAPACITY; capacity *= 2) {
    const tried = Array.from({ length: TRIED }, () => randomBelow(capacity));
    const taken = await repo.statusLists.taken(productId, tried);
    const free = tried.find((index) => !taken.has(index));
    if (free !== undefined) return free;
  }
  throw statusListFull({});
}

/** A random number below a power of two. */
function randomBelow(powerOfTwo: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = randomBytes(4);
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % powerOfTwo;
}
