import { limitHeader, limitItem, policyHeader, type Standing } from "#rules/limits/headers";
import { UNLIMITED, type WindowName } from "#rules/limits/windows";
import type { Held } from "./held-windows.ts";

/** The limit that refused a request. */
export type Refusal = { policy: string; window: WindowName; limit: number; endsAt: number; retryAfterS: number };

/** Whether a request may go on, and the headers that say how much is left. They are written when they are asked for. */
export type Permit = {
  readonly allowed: boolean;
  readonly refusedBy: Refusal | null;
  readonly headers: Record<string, string>;
  readonly standings: readonly Standing[];
  /** What `RateLimit-Policy` says of it; empty where nothing is told. */
  readonly policies: string;
  /** What `RateLimit` says of it: how much is left. */
  readonly left: string;
};

/** A permit of one request. It reads the leases when it is asked for headers, which most callers are not. */
export class Taken implements Permit {
  readonly #all: readonly Held[];
  readonly #now: number;
  readonly refusedBy: Refusal | null;

  constructor(all: readonly Held[], now: number, refusedBy: Refusal | null) {
    this.#all = all;
    this.#now = now;
    this.refusedBy = refusedBy;
  }

  get allowed(): boolean {
    return this.refusedBy === null;
  }

  get standings(): Standing[] {
    const standings: Standing[] = [];
    for (const { policy, windows } of this.#all) {
      for (const { name, limit, left, atObject, startsAt, endsAt } of windows) {
        if (limit < UNLIMITED) standings.push({ policy, window: name, limit, left: left + atObject, startsAt, endsAt });
      }
    }
    return standings;
  }

  get policies(): string {
    let text = "";
    for (const { windows } of this.#all) {
      for (const { told } of windows) if (told) text += text === "" ? told.policy : `, ${told.policy}`;
    }
    return text;
  }

  get left(): string {
    let text = "";
    for (const { windows } of this.#all) {
      for (const { told, left, atObject, endsAt } of windows) {
        if (told) text += `${text === "" ? "" : ", "}${limitItem(told.name, left + atObject, endsAt, this.#now)}`;
      }
    }
    return text;
  }

  get headers(): Record<string, string> {
    return headersOf(this.standings, this.#now, this.refusedBy);
  }
}

/** The headers of what one or several permits say; `Retry-After` where one refused. */
export function headersOf(standings: readonly Standing[], now: number, refusedBy: Refusal | null): Record<string, string> {
  if (standings.length === 0) return {};
  const headers: Record<string, string> = {
    "ratelimit-policy": policyHeader(standings),
    ratelimit: limitHeader(standings, now),
  };
  if (refusedBy) headers["retry-after"] = String(refusedBy.retryAfterS);
  return headers;
}
