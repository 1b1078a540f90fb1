import { createRoute } from "@hono/zod-openapi";
import type { CountedLicense } from "#db/entitlements/rights";
import { endpoint, json, jsonBody, problems, scope, type TenantEnv } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { fromMeter, meterOf, type Entry, type Tracked } from "#kernel/meter";
import { temporarilyUnavailable } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { countedAs, type NotCounted } from "#rules/entitlements/tracking";
import { calendarOf } from "../asking.ts";
import { NewUsage, UsageBatch } from "./schemas.ts";

/** How many meters are asked at a time. */
const AT_ONCE = 16;

export const trackUsage = endpoint({
  route: createRoute({
    operationId: "usage.track",
    method: "post",
    path: "/v1/usage",
    security: scope("usage:write"),
    summary: "Tell what was used",
    description:
      "Up to 1,000 events, each counted once by its idempotency_key. It tells what happened: use beyond a limit is counted, and told of at 80 and 100 percent; to hold to a limit, use POST /v1/entitlements/consume. An event that cannot be counted is rejected with its reason and holds no other back. Where a meter does not answer, the answer is 503: send the same events again, and what was counted is a duplicate then.",
    request: { body: jsonBody(NewUsage) },
    responses: { 200: json(UsageBatch, "What was counted, and what was not"), ...problems(temporarilyUnavailable) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { events } = c.req.valid("json");
    const licenses = await repo.rights.ofLicenses(events.map((event) => event.license_id));
    const byId = new Map(licenses.map((license) => [license.id, license]));
    const judged = events.map((event, index) => ({ index, ...judge(event, byId.get(event.license_id), now) }));
    const told = await tellAll(
      c,
      judged.flatMap((each) => ("license" in each ? [each] : [])),
    );
    const outcomes = judged.map((each): Outcome => ("license" in each ? outcomeOf(told.get(each.index)) : each));
    const answer = {
      object: "usage_batch" as const,
      accepted: outcomes.filter((outcome) => outcome === "counted").length,
      duplicates: outcomes.filter((outcome) => outcome === "duplicate").length,
      rejected: outcomes.flatMap((outcome, index) =>
        typeof outcome === "string" ? [] : [{ index, code: outcome.code, detail: outcome.detail }],
      ),
    };
    return c.json(answer, 200);
  },
});

type Rejection = { code: NotCounted; detail: string };
type Outcome = "counted" | "duplicate" | Rejection;

/** An event that some meter is to count. */
type Countable = { index: number; license: CountedLicense; entry: Entry };

function judge(
  event: z.infer<typeof NewUsage>["events"][number],
  license: CountedLicense | undefined,
  now: Date,
): Omit<Countable, "index"> | Rejection {
  if (!license) return { code: "license_not_found", detail: "This tenant has no license of this id." };
  const at = event.at ?? null;
  const counting = countedAs({ feature: event.feature, at }, license.entitlements, now);
  if ("code" in counting) return counting;
  return { license, entry: { ...counting.counted, units: event.units, mode: event.mode, at, key: event.idempotency_key } };
}

const REUSED: Rejection = {
  code: "idempotency_key_reused",
  detail: "Another event of this license came under the same key before.",
};

function outcomeOf(tracked: Tracked["outcome"] | undefined): Outcome {
  // every event that was to be counted has an answer: a meter that gave none ended the request
  if (tracked === undefined || tracked === "other") return REUSED;
  return tracked;
}

type Asking = { env: Env; var: Pick<TenantEnv["Variables"], "repo" | "now"> };

/**
 * Tells each license's meter of its events in one call, several meters at a time, and what became of each event by its place. Every meter is
 * told, also behind one that does not answer; then it throws `temporarily_unavailable`.
 */
async function tellAll(c: Asking, countable: readonly Countable[]): Promise<Map<number, Tracked["outcome"]>> {
  const waiting = [...Map.groupBy(countable, ({ license }) => license).entries()];
  const outcomes = new Map<number, Tracked["outcome"]>();
  const failures: unknown[] = [];
  const teller = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [license, events] = next;
      await tell(c, license, events)
        .then((tracked) => tracked.forEach(({ outcome }, place) => outcomes.set(events[place]?.index ?? -1, outcome)))
        .catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, teller));
  if (failures.length > 0) throw failures[0];
  return outcomes;
}

function tell({ env, var: { repo, now } }: Asking, license: CountedLicense, events: readonly Countable[]): Promise<Tracked[]> {
  const calendar = calendarOf({ repo, now }, license.startsAt);
  const entries = events.map(({ entry }) => entry);
  return fromMeter(meterOf(env, repo.tenantId, license.id).track(entries, calendar));
}
