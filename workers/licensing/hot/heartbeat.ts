import type { HotAsking, HotLicense, HotRoute } from "#kernel/hot/door";
import { ageOf } from "#kernel/hot/judging";
import type { LicenseEntry } from "#kernel/hot/memory";
import { Unreachable } from "#kernel/hot/truth";
import { decide, holdsSeat } from "#rules/licensing/decide";
import { beat, heartbeatActivation, presentBeat } from "../activations.heartbeat.ts";
import type { AskedByToken } from "../asked-by-token.ts";
import { presentDecision } from "../decisions.ts";
import { restrictedByToken } from "../restricted.ts";
import { answeringBy } from "./deciding.ts";
import { plainToken } from "./plain.ts";
import { sourceByToken } from "./validate-activation.ts";

type Body = { activation_token: string };

/**
 * `activations.heartbeat` of a device that holds its seat and tells of nothing else: what it is kept for is known, so that only the beat itself
 * is written. Whatever is not that plain is the router's: metrics, a lease that ended, a row that somebody else changed.
 */
export const hotHeartbeat: HotRoute<Body> = {
  operation: "activations.heartbeat",
  security: heartbeatActivation.route.security ?? [],
  plain: plainToken,
  finds: ({ activation_token: token }) => ["token", token],
  source: sourceByToken,
  answer,
};

async function answer(asking: HotAsking, _: Body, { known, callerIsStale }: HotLicense): Promise<string | undefined> {
  const { now } = asking;
  if (known?.stale === true || callerIsStale) throw new Unreachable("A beat that cannot be kept is not taken");
  const asked = known && byToken(known.entry);
  if (!asked) return undefined;
  const { activation, terms } = asked.snapshot;
  if (!activation || activation.releasedAt !== null || !holdsSeat(activation, terms, now)) return undefined;

  const beaten = await beat({ now, repo: asking.repo() }, asked, undefined);
  if (!beaten) return undefined;
  if (beaten !== asked) {
    const { version } = beaten.activation;
    // the beat that is kept now is what the next one is measured by
    known.entry.asked = { ...beaten, activation: { ...beaten.activation, version: version + 1, lastSeenAt: now } };
    known.entry.answered = null;
  }
  const decided = decide(beaten.snapshot, { by: "token" }, now, restrictedByToken(beaten, asking));
  if (!decided.valid) return undefined;
  const ageMs = ageOf(asking, known.entry);
  const decision = await presentDecision(answeringBy(asking, { ageMs, stale: false }), decided, {
    asked: beaten,
    at: now,
    sent: {},
  });
  return JSON.stringify({ ...presentBeat(beaten, now), decision });
}

function byToken({ asked }: LicenseEntry): AskedByToken | undefined {
  const { activation } = asked;
  return activation === null ? undefined : { ...asked, activation };
}
