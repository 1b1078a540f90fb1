import { allHandlersFinished, condition, continueAsNew, proxyActivities, workflowInfo } from "@temporalio/workflow";
import { PROBE_DELAYS_S } from "#rules/webhooks/recovery";
import { GIVEN_UP, story, type Telling } from "../story.ts";
import type { EndpointRef, RecoveryProgress, WebhookActivities } from "./activities.ts";

/** What a recovery goes on from: how many tries failed so far, and how long it rests before the next. */
export type Recovery = EndpointRef & { probes?: number; restMs?: number };

/** How a recovery ends: the endpoint takes deliveries again, or is sent nothing any more. */
export type RecoveryEnd = Exclude<RecoveryProgress["state"], "recovering">;

const act = proxyActivities<WebhookActivities>({
  startToCloseTimeout: "1 minute",
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "1 minute" },
});

/**
 * Tries an endpoint that fails with one delivery at a time, ever more rarely, until it takes one, is disabled (410, or nothing for five days) or goes
 * away. Its queue waits meanwhile, and the pump is left to healthy endpoints. Real time counts, for a sandbox too. Given up, it disables the endpoint.
 * Id: `endpoint/<endpointId>/<seq>`.
 */
export async function recoverEndpoint(recovery: Recovery): Promise<RecoveryEnd> {
  const { probes: before = 0, restMs: rest = PROBE_DELAYS_S[0] * 1000, ...endpoint } = recovery;
  const going = { probes: before, restMs: rest };
  const run = async (telling: Telling): Promise<RecoveryEnd | undefined> => {
    while (!workflowInfo().continueAsNewSuggested) {
      const minutes = Math.ceil(going.restMs / 60_000);
      telling.now(`${going.probes} tries failed; the next is within ${minutes === 1 ? "a minute" : `${minutes} minutes`}`);
      await telling.rest(going.restMs, "the next try");
      const told = await act.probeEndpoint({ ...endpoint, probes: going.probes });
      if (told.state !== "recovering") {
        telling.became(told.state, told.state === "recovered" ? "It takes deliveries again" : "It is sent nothing any more");
        return told.state;
      }
      going.probes++;
      going.restMs = told.restMs;
    }
    return undefined;
  };
  const onGiveUp = async (telling: Telling): Promise<RecoveryEnd> => {
    await act.giveUpEndpoint(endpoint);
    telling.became("given_up", `${GIVEN_UP}: the endpoint is disabled, and its queue is kept`);
    return "ended";
  };
  const end = await story("The endpoint keeps failing", run, { onGiveUp });
  if (end) return end;
  await condition(allHandlersFinished);
  return continueAsNew<typeof recoverEndpoint>({ ...endpoint, ...going });
}
