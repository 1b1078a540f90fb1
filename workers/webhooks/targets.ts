import type { Env } from "#kernel/env";
import { invalidRequest } from "#kernel/problems";
import { whyNotTarget } from "#rules/webhooks/targets";

/** Refuses a URL that nothing is ever sent to. In development the receiver may run on this machine. Throws `invalid_request`. */
export function refuseBadTarget(env: Env, pointer: `/${string}`, url: string): void {
  const fault = whyNotTarget(url, { allowLoopback: env.LATCHKEY_ENV === "development" });
  if (fault) throw invalidRequest({ what: `The ${pointer.slice(1)} ${fault.detail}.` }, { errors: [{ pointer, ...fault }] });
}
