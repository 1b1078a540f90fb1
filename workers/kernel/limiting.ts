import type { TenantRow } from "#db/tenants/callers";
import type { LimitNumbers } from "#rules/limits/numbers";
import { estimatedBits, LEAST_KEY_BITS } from "#rules/licensing/key-strength";
import { limitHeader, policyHeader, secondsUntil, type Standing } from "#rules/limits/headers";
import { windowAt } from "#rules/limits/windows";
import { addressClass } from "#rules/addresses";
import type { Caller } from "./auth.ts";
import { Lately } from "./lately.ts";
import type { LeaseContext, Subject } from "./leases.ts";
import { headersOf, type Permit, type Refusal } from "./permits.ts";
import {
  addressSubject,
  isSpent,
  keySubject,
  licenseSubject,
  limitNumbers,
  notFoundSubject,
  settingsSubject,
  takePermit,
  tenantSubject,
} from "./limits.ts";
import type { ProblemError } from "./problem.ts";
import { rateLimited } from "./problems.ts";
import { count } from "./tallies.ts";

/**
 * What an operation counts against. `programs`: what publishable keys may call, by address and license, and no secret key's is counted;
 * `settings`: open while the month is used up; `requests`: all else.
 */
export type Lane = "programs" | "settings" | "requests";

type Operation = { route: { security?: readonly Record<string, string[]>[] }; isAlwaysOpen: boolean };

/** The lane of an operation. */
export function laneOf({ route, isAlwaysOpen }: Operation): Lane {
  if (route.security?.some((way) => "publishable_key" in way)) return "programs";
  return isAlwaysOpen ? "settings" : "requests";
}

/** A refused caller is turned away for this long before its key is looked up; after that the limits are asked again. */
const REMEMBERED_MS = 1_000;
const refusedLately = new Lately<{ refusedBy: Refusal; standings: readonly Standing[] }>();

/** By what a caller is remembered: a secret key by itself, a publishable one, which every copy of a program holds, by the address too. */
function nameOf({ keyName, lane, kind, ip }: Remembering): string {
  return kind === "publishable" ? `${keyName}|${addressClass(ip ?? "")}` : `${keyName}|${lane}`;
}

/** `keyName`: what this isolate calls an API key, which itself it does not keep. */
type Remembering = { keyName: string; lane: Lane; kind: Caller["kind"]; ip: string | null };

/** Why a caller is refused whose key was not looked up yet: it was refused just now, and a flood of the same is not to cost a read each. */
export function whyTurnedAway(remembering: Remembering, realNow: Date): ProblemError | undefined {
  const now = realNow.getTime();
  const held = refusedLately.get(nameOf(remembering), now);
  if (!held || held.refusedBy.endsAt <= now) return undefined;
  const refusedBy = { ...held.refusedBy, retryAfterS: secondsUntil(held.refusedBy.endsAt, now) };
  count("rate_limited", refusedBy.policy);
  return refused({ refusedBy, headers: headersOf(held.standings, now, refusedBy) }, remembering.kind);
}

type Asking = LeaseContext & { ip: string | null; tenant: TenantRow; caller: Pick<Caller, "kind" | "keyId">; keyName: string };

/** The limits of one request: what it took, what refused it, and the headers that tell. What refuses throws `rate_limited`. */
export class RequestLimits {
  readonly #asking: Asking;
  readonly #numbers: LimitNumbers;
  readonly #permits: Pick<Permit, "refusedBy" | "policies" | "left">[] = [];
  #license: string | null = null;

  constructor(asking: Asking) {
    this.#asking = asking;
    this.#numbers = limitNumbers(asking.tenant);
  }

  /**
   * Counts the request itself. What programs call with a secret key is the vendor's own doing for its customers: nothing refuses that. Answers
   * without a promise where there is nothing to wait for, as for almost every request.
   */
  admit(lane: Lane): void | Promise<void> {
    const subjects = this.#callers(lane);
    if (subjects.length === 0) return undefined;
    const permit = takePermit(this.#asking, subjects);
    return permit instanceof Promise ? permit.then((given) => this.#mayCall(lane, given)) : this.#mayCall(lane, permit);
  }

  #mayCall(lane: Lane, permit: Permit): void {
    this.#permits.push(permit);
    if (!permit.refusedBy) return;
    const { caller, ip, keyName, realNow } = this.#asking;
    const { refusedBy, standings } = permit;
    refusedLately.set(
      nameOf({ keyName, lane, kind: caller.kind, ip }),
      { refusedBy, standings },
      realNow.getTime() + REMEMBERED_MS,
    );
    throw refused(permit, caller.kind);
  }

  /** Counts a program's request for the license that it turned out to be about, once however often a handler tries. Waits as `admit` does. */
  license(id: string): void | Promise<void> {
    const { tenant, caller } = this.#asking;
    if (caller.kind !== "publishable" || this.#license === id) return undefined;
    this.#license = id;
    const permit = takePermit(this.#asking, [licenseSubject(tenant.id, id, this.#numbers)]);
    return permit instanceof Promise ? permit.then((given) => this.#mustBeGiven(given)) : this.#mustBeGiven(permit);
  }

  #mustBeGiven(permit: Permit): void {
    this.#permits.push(permit);
    // licenses are counted for programs alone
    if (permit.refusedBy) throw refused(permit, "publishable");
  }

  /** Whether this address asked for so many license keys that are not there that it may ask for no weak one any more. */
  get isGuesser(): boolean {
    const { tenant, caller, ip, realNow } = this.#asking;
    return caller.kind === "publishable" && isSpent(notFoundSubject(tenant.id, ip, this.#numbers), realNow);
  }

  /** Refuses a guesser a key that could be guessed; whether it is there is not looked up. Keys of our making, and as strong ones, go on. */
  guess(licenseKey: unknown): void {
    if (this.isGuesser && isGuessable(licenseKey)) throw this.#guessed();
  }

  #guessed(): ProblemError {
    const now = this.#asking.realNow.getTime();
    const window = { ...windowAt("minute", now), limit: this.#numbers.not_found_per_minute ?? 0 };
    const standing = { ...window, policy: "not_found", window: window.name, left: 0 };
    const refusedBy = { ...standing, retryAfterS: secondsUntil(window.endsAt, now) };
    this.#permits.push({ refusedBy, policies: policyHeader([standing]), left: limitHeader([standing], now) });
    return refused({ refusedBy, headers: this.headers() }, "publishable");
  }

  /** Counts a license key that is not there. */
  async notFound(licenseKey: unknown): Promise<void> {
    const { tenant, caller, ip } = this.#asking;
    if (caller.kind !== "publishable") return;
    const permit = await takePermit(this.#asking, [notFoundSubject(tenant.id, ip, this.#numbers)]);
    if (!permit.allowed) this.guess(licenseKey);
  }

  /** The headers of all that was counted. */
  headers(): Record<string, string> {
    let policies = "";
    let left = "";
    let retryAfterS: number | undefined;
    for (const permit of this.#permits) {
      retryAfterS ??= permit.refusedBy?.retryAfterS;
      const told = permit.policies;
      if (told === "") continue;
      policies += policies === "" ? told : `, ${told}`;
      left += left === "" ? permit.left : `, ${permit.left}`;
    }
    if (policies === "") return {};
    const headers: Record<string, string> = { "ratelimit-policy": policies, ratelimit: left };
    if (retryAfterS !== undefined) headers["retry-after"] = String(retryAfterS);
    return headers;
  }

  #callers(lane: Lane): Subject[] {
    const { tenant, caller, ip } = this.#asking;
    if (caller.kind === "publishable") return [addressSubject(tenant.id, ip, this.#numbers)];
    if (lane === "programs") return [];
    if (lane === "settings") return [settingsSubject(tenant, this.#numbers)];
    const ofKey = keySubject(tenant, caller.keyId, this.#numbers);
    return [tenantSubject(tenant, this.#numbers), ...(ofKey ? [ofKey] : [])];
  }
}

/** The limits of requests that were counted before, by the door that then left them to the router: they are not counted again. */
export const countedBefore = new WeakMap<Request, RequestLimits>();

const isGuessable = (licenseKey: unknown) => typeof licenseKey === "string" && estimatedBits(licenseKey) < LEAST_KEY_BITS;

const WHOSE: Record<string, string> = {
  requests: "This tenant",
  settings: "This tenant",
  key: "This API key",
  address: "This address",
  license: "This license",
  not_found: "This address",
};

/** The problem that a permit is refused with. */
export function refused({ refusedBy, headers }: Pick<Permit, "refusedBy" | "headers">, by: Caller["kind"]): ProblemError {
  if (!refusedBy) throw new Error("A permit that was given is refused");
  const { policy, window, limit, endsAt } = refusedBy;
  const forWhat = policy === "not_found" ? " for license keys that are not there" : "";
  const what = `${WHOSE[policy] ?? "This caller"} has used its ${limit} requests${forWhat} of this ${window}; the next ${window} begins at ${new Date(endsAt).toISOString()}.`;
  return rateLimited({ what, by: by === "publishable" ? by : "secret" }, { headers });
}
