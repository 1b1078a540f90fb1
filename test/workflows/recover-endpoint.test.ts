import { expect, test } from "vitest";
import type { RecoveryProgress, WebhookActivities } from "../../workflows/webhooks/activities.ts";
import { played, stageFor } from "./stage.ts";

/** What each try of an endpoint comes to. */
const progress = new Map<string, (probes: number) => RecoveryProgress>();
const tries: { endpointId: string; probes: number; at: number }[] = [];

const activities: Pick<WebhookActivities, "probeEndpoint"> = {
  async probeEndpoint({ endpointId, probes }) {
    tries.push({ endpointId, probes, at: await stage.engine.currentTimeMs() });
    return progress.get(endpointId)?.(probes) ?? { state: "ended" };
  },
};
const stage = stageFor(() => activities);

const recover = (id: string, seq: number) => played(stage, "webhook_endpoint.failing", { type: "webhook_endpoint", id }, seq);
const triesOf = (endpointId: string) => tries.filter((each) => each.endpointId === endpointId);

test("an endpoint that fails is tried after a rest, again after the rest that the edge names, until it recovers", async () => {
  progress.set("whe_1", (probes) => (probes < 3 ? { state: "recovering", restMs: 3_600_000 } : { state: "recovered" }));
  const { workflowId, result, state } = await recover("whe_1", 7);
  expect([workflowId, result]).toEqual(["endpoint/whe_1/7", "recovered"]);
  expect(state).toEqual({ state: "recovered", details: "It takes deliveries again" });
  const made = triesOf("whe_1");
  expect(made.map(({ probes }) => probes)).toEqual([0, 1, 2, 3]);
  const rests = made.slice(1).map(({ at }, n) => at - (made[n]?.at ?? 0));
  for (const rest of rests) expect(rest).toBeGreaterThanOrEqual(3_600_000);
});

test("the same endpoint can recover more than once, and the story ends where the endpoint is sent nothing any more", async () => {
  progress.set("whe_2", () => ({ state: "ended" }));
  expect((await recover("whe_2", 1)).result).toBe("ended");
  expect((await recover("whe_2", 2)).result).toBe("ended");
  expect(triesOf("whe_2")).toHaveLength(2);
});
