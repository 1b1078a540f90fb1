import http from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import type { Address, Target } from "./target.ts";

/** How long a connection is kept that nothing is sent on: most servers close theirs after five seconds, and a close that crosses a request costs a second one. */
const KEPT_MS = 4_000;
/** How many are kept to one name at one address. */
const KEPT_EACH = 4;

const KEPT = { keepAlive: true, maxFreeSockets: KEPT_EACH, timeout: KEPT_MS };

/** The name of a connection says where it went, so that what was judged for another address is never taken. */
const nameWith = (name: string, options: object | undefined): string => {
  const pinned: unknown = options && "pinned" in options ? options.pinned : undefined;
  return `${name}|${String(pinned)}`;
};

class PinnedHttp extends http.Agent {
  override getName(options?: Parameters<http.Agent["getName"]>[0]): string {
    return nameWith(super.getName(options), options);
  }
}

class PinnedHttps extends https.Agent {
  override getName(options?: Parameters<https.Agent["getName"]>[0]): string {
    return nameWith(super.getName(options), options);
  }
}

/** Connections to the targets of tenants, each to an address that was judged. */
export class Connections {
  readonly #http = new PinnedHttp(KEPT);
  readonly #https = new PinnedHttps(KEPT);
  readonly #ca: string | undefined;

  /** `ca`: more root certificates to trust, in PEM. */
  constructor(ca?: string) {
    this.#ca = ca;
  }

  /** How a request gets a connection to a target: one that is kept, or a new one. */
  to({ url, pinned }: Target): https.RequestOptions {
    return { ...this.#trust(pinned), agent: url.protocol === "https:" ? this.#https : this.#http };
  }

  /** The same, never on one that is kept. */
  fresh({ pinned }: Target): https.RequestOptions {
    return { ...this.#trust(pinned), agent: false };
  }

  #trust(pinned: Address): https.RequestOptions & { pinned: string } {
    // whatever the name says by now is not asked again
    const lookup: LookupFunction = (_name, { all }, callback) =>
      all === true ? callback(null, [pinned]) : callback(null, pinned.address, pinned.family);
    return { lookup, pinned: pinned.address, ...(this.#ca === undefined ? {} : { ca: this.#ca }) };
  }
}
