import { allHandlersFinished, condition, continueAsNew, proxyActivities, sleep, workflowInfo } from "@temporalio/workflow";
import { PROBE_DELAYS_S } from "#rules/webhooks/recovery";
import { story } from "../story.ts";
import type { EndpointRef, RecoveryProgress, WebhookActivities } from "./activities.ts";

/** What a recovery goes on from: how many tries failed so far, and how long it rests before the next. */
export type Recovery = EndpointRef & { probes?: number; restMs?: number };

const act = proxyActivities<WebhookActivities>({
  startToCloseTimeout: "1 minute",
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "1 minute" },
});

/**
 * Tries an endpoint that fails with one delivery at a time, ever more rarely, until it takes one, is disabled (410, or nothing for five days) or goes
 * away. Its queue waits meanwhile, and the pump is left to healthy endpoints. Real time counts, for a sandbox too. Id: `endpoint/<endpointId>/<seq>`.
 */
export async function recoverEndpoint(recovery: Recovery): Promise<RecoveryProgress["state"]> {
  const { probes: before = 0, restMs: rest = PROBE_DELAYS_S[0] * 1000, ...endpoint } = recovery;
  const going = { probes: before, restMs: rest };
  const state = await story("The endpoint keeps failing", async (telling) => {
    while (!workflowInfo().continueAsNewSuggested) {
      const minutes = Math.ceil(going.restMs / 60_000);
      telling.now(`${going.probes} tries failed; the next is within ${minutes === 1 ? "a minute" : `${minutes} minutes`}`);
      await sleep(going.restMs, { summary: "until the next try" });
      const told = await act.probeEndpoint({ ...endpoint, probes: going.probes });
      if (told.state !== "recovering") {
        telling.became(told.state, told.state === "recovered" ? "It takes deliveries again" : "It is sent nothing any more");
        return told.state;
      }
      going.probes++;
      going.restMs = told.restMs;
    }
    return "recovering" as const;
  });
  if (state !== "recovering") return state;
  await condition(allHandlersFinished);
  return continueAsNew<typeof recoverEndpoint>({ ...endpoint, ...going });
}
