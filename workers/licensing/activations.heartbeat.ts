import { createRoute } from "@hono/zod-openapi";
import type { Metrics } from "#db/licensing/asked";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scopeOrPublishable, type TenantEnv } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile, invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { decide, holdsSeat } from "#rules/licensing/decide";
import { askedByToken, type AskedByToken } from "./asked-by-token.ts";
import { answering, presentDecision } from "./decisions.ts";
import { presentActivation } from "./presenters.ts";
import {
  activationNotFound,
  activationReleased,
  coreLimitReached,
  deviceAlreadyActivated,
  deviceBlacklisted,
  licenseNotActive,
  seatLimitReached,
  userLimitReached,
} from "./problems.ts";
import { restrictedByToken } from "./restricted.ts";
import { Heartbeat, HeartbeatAnswer } from "./schemas.ts";
import { leaseFrom, refuseInactive, refuseShutOut, whyNotSeat } from "./seats.ts";

type Told = z.infer<typeof Heartbeat>["metrics"];

/** How many names an activation may tell of over time, of counters and of gauges each. */
const MOST_NAMES = 50;

export const heartbeatActivation = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "activations.heartbeat",
    method: "post",
    path: "/v1/activations/heartbeat",
    security: scopeOrPublishable("activations:write"),
    summary: "Send a heartbeat",
    description:
      "Renews the lease of the device's seat. After the lease ended the device competes for a seat again, and is refused when none is free. Metrics are counted once for each seq.",
    request: { body: jsonBody(Heartbeat) },
    responses: {
      200: json(HeartbeatAnswer, "The lease as it is kept, when to come again, and the decision"),
      ...problems(
        activationNotFound,
        activationReleased,
        licenseNotActive,
        deviceBlacklisted,
        seatLimitReached,
        coreLimitReached,
        userLimitReached,
        deviceAlreadyActivated,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { now } = c.var;
    const { activation_token: token, metrics } = c.req.valid("json");
    const asked = await changing(async () => {
      const before = await askedByToken(c, token);
      if (!before) throw activationNotFound({});
      return beat(c.var, before, metrics);
    });
    const decided = decide(asked.snapshot, { by: "token" }, now, restrictedByToken(asked, c.var));
    const answer = {
      ...presentBeat(asked, now),
      decision: await presentDecision(answering(c.var), decided, { asked, at: now, sent: {} }),
    };
    return c.json(answer, 200);
  },
});

/** A beat as the wire shows it, but for the decision. */
export const presentBeat = ({ activation, snapshot }: AskedByToken, now: Date) => ({
  object: "heartbeat" as const,
  activation_id: activation.id,
  lease_expires_at: snapshot.activation?.leaseExpiresAt?.toISOString() ?? null,
  next_heartbeat_at: nextBeat(now, snapshot.terms.heartbeat.intervalS).toISOString(),
});

type Vars = Pick<TenantEnv["Variables"], "repo" | "now">;

/** Keeps a beat where it is worth keeping. Answers what is known afterwards; undefined when the activation changed meanwhile. */
export async function beat(vars: Vars, asked: AskedByToken, told: Told): Promise<AskedByToken | undefined> {
  const { now } = vars;
  const { activation, terms } = asked.snapshot;
  if (!activation) throw activationNotFound({});
  const { releasedAt, endsAt } = activation;
  if (releasedAt !== null) throw activationReleased({ at: releasedAt.toISOString() });
  if (endsAt !== null && endsAt <= now) throw activationReleased({ at: endsAt.toISOString() });
  const metrics = counted(asked.activation.metrics, told);
  const after = { lastHeartbeatAt: now, leaseExpiresAt: activation.type === "online" ? leaseFrom(asked, now) : null };
  const beaten = { ...asked, snapshot: { ...asked.snapshot, activation: { ...activation, ...after } } };

  if (!holdsSeat(activation, terms, now)) return competeAgain(vars, asked, metrics);
  const young =
    activation.lastHeartbeatAt !== null && now.getTime() - activation.lastHeartbeatAt.getTime() < terms.heartbeat.intervalS * 500;
  const leaseFits = (activation.leaseExpiresAt === null) === (after.leaseExpiresAt === null);
  if (young && leaseFits && metrics === asked.activation.metrics) return asked;
  const { id, version } = asked.activation;
  const kept = { id, version, heartbeatAt: now, lastSeenAt: now, leaseExpiresAt: after.leaseExpiresAt, metrics };
  if (await vars.repo.activations.recordBeat(kept)) return beaten;
  // it changed since it was read, or its lease had ended to somebody who was faster: then it competes like any other
  return competeAgain(vars, asked, metrics);
}

/**
 * Takes a seat again after the lease ended: by the same conditional statement as any device. Throws why there is none. Always undefined: what
 * became of the seats is then read again, and the beat is among it.
 */
async function competeAgain({ repo, now }: Vars, asked: AskedByToken, metrics: Metrics): Promise<undefined> {
  refuseShutOut(asked);
  refuseInactive(asked, now);
  const before = await repo.activations.byId(asked.activation.id);
  if (!before || before.version !== asked.activation.version) return undefined;
  const row = { ...before, metrics, lastSeenAt: now, heartbeatAt: now, leaseExpiresAt: leaseFrom(asked, now), updatedAt: now };
  const facts = [changeFact("activation.resumed", presentActivation(before), presentActivation(row))];
  const devices = [row.deviceHash];
  const { terms } = asked.snapshot;
  if (await repo.seats.reclaimSeat(row, { devices, type: terms.type }, { facts, answer: [200, null] })) return undefined;
  const standing = await repo.activations.standing(row, devices);
  return standing && whyNotSeat(row, terms, standing, now, false)?.throws();
}

/** What was counted, with what a beat tells: counters add up, gauges replace. A beat that was counted already changes nothing. */
function counted(before: Metrics, told: Told): Metrics {
  if (!told || told.seq <= before.seq) return before;
  const counters = { ...before.counters };
  for (const [name, value] of Object.entries(told.counters ?? {})) {
    // only what was counted: every object also answers to "constructor"
    const sum = Object.hasOwn(counters, name) ? (counters[name] ?? 0) : 0;
    counters[name] = Math.min(sum + value, Number.MAX_SAFE_INTEGER);
  }
  const gauges = { ...before.gauges, ...told.gauges };
  for (const [kind, names] of Object.entries({ counters, gauges })) {
    if (Object.keys(names).length <= MOST_NAMES) continue;
    const detail = `An activation tells of at most ${MOST_NAMES} ${kind}, over time.`;
    throw invalidRequest({ what: detail }, { errors: [{ pointer: `/metrics/${kind}`, code: "too_many_names", detail }] });
  }
  return { counters, gauges, seq: told.seq };
}

/** Somewhat before the interval is over, and not for all devices at the same moment. */
function nextBeat(now: Date, intervalS: number): Date {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return new Date(now.getTime() + Math.floor(intervalS * 1000 * (0.8 + (0.2 * random) / 2 ** 32)));
}
