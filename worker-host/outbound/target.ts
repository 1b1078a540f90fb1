import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { SendFailure } from "../edge/routes.ts";
import { reachOf } from "./address.ts";

export type Address = { address: string; family: 4 | 6 };

/** Answers every address of a name. */
export type Resolve = (hostname: string) => Promise<Address[]>;

/** What to connect to: the URL, and the one address that was judged. */
export type Target = { url: URL; pinned: Address };

/** Why a request does not leave, or how it failed. */
export class SendError extends Error {
  readonly kind: SendFailure;

  constructor(kind: SendFailure, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = "SendError";
    this.kind = kind;
  }
}

/** The machine's own resolver (hosts file included), in the order it prefers. */
export const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true, order: "verbatim" })).map(({ address, family }) => ({
    address,
    family: family === 6 ? 6 : 4,
  }));

/**
 * Decides whether a URL that a user gave may be asked, and on which address. https on the default port to a public address; with
 * `allowLoopback` also http(s) on any port to this machine itself. Every address of a name must qualify: one bad one refuses it.
 * Throws SendError "blocked" or "dns".
 */
export async function judgeTarget(
  text: string,
  { allowLoopback, resolve }: { allowLoopback: boolean; resolve: Resolve },
): Promise<Target> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new SendError("blocked", "the URL is malformed");
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new SendError("blocked", "only https is allowed");
  if (url.username !== "" || url.password !== "")
    throw new SendError("blocked", "a URL with a user name or password is not allowed");

  const addresses = await addressesOf(url, resolve);
  const pinned = addresses[0];
  if (!pinned) throw new SendError("dns", "the name has no address");

  const reaches = new Set(addresses.map(({ address }) => reachOf(address)));
  if (allowLoopback && reaches.size === 1 && reaches.has("loopback")) return { url, pinned };
  if (url.protocol !== "https:") throw new SendError("blocked", "only https is allowed");
  if (url.port !== "") throw new SendError("blocked", "only the default port is allowed");
  // without the address itself: the log of attempts must not become a way to read somebody's internal DNS
  if (reaches.size !== 1 || !reaches.has("public")) throw new SendError("blocked", "the address is not public");
  return { url, pinned };
}

/** `URL` has already written every spelling of an IPv4 literal (hex, octal, one number) as four decimals. */
async function addressesOf(url: URL, resolve: Resolve): Promise<Address[]> {
  const literal = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(literal);
  if (family !== 0) return [{ address: literal, family: family === 6 ? 6 : 4 }];
  try {
    return await resolve(url.hostname);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new SendError("dns", `the name cannot be resolved (${code})`, { cause: error });
  }
}
