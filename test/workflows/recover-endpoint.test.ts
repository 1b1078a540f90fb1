import { TypedSearchAttributes } from "@temporalio/common";
import type { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { searchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import { startFor } from "../../worker-host/relay/starts.ts";
import type { RecoveryProgress, WebhookActivities } from "../../workflows/webhooks/activities.ts";
import { startWorker, storiesOf, timeSkippingServer } from "./engine.ts";

let engine: TestWorkflowEnvironment;
let worker: Awaited<ReturnType<typeof startWorker>>;
/** What each try of an endpoint comes to. */
const progress = new Map<string, (probes: number) => RecoveryProgress>();
const tries: { endpointId: string; probes: number; at: number }[] = [];

beforeAll(async () => {
  const [server, { code }] = await Promise.all([timeSkippingServer(), storiesOf()]);
  engine = server;
  const activities: Pick<WebhookActivities, "probeEndpoint"> = {
    async probeEndpoint({ endpointId, probes }) {
      tries.push({ endpointId, probes, at: await engine.currentTimeMs() });
      return progress.get(endpointId)?.(probes) ?? { state: "ended" };
    },
  };
  worker = await startWorker(engine, { code, activities });
});
afterAll(async () => {
  await worker.stop();
  await engine.teardown();
});

async function recover(endpointId: string, seq: number) {
  const story = startFor({
    tenant_id: "ten_00a",
    seq,
    id: "evt_001",
    type: "webhook_endpoint.failing",
    subject: { type: "webhook_endpoint", id: endpointId },
    at: "2026-11-20T09:00:00.000Z",
    clock: { livemode: true },
  });
  if (!story) throw new Error("the event calls for no story");
  expect(story.workflowId).toBe(`endpoint/${endpointId}/${seq}`);
  const handle = await engine.client.workflow.start(story.workflow, {
    taskQueue: worker.taskQueue,
    workflowId: story.workflowId,
    args: story.args,
    workflowTaskTimeout: "5 seconds",
    typedSearchAttributes: new TypedSearchAttributes(searchAttributes(story)),
  });
  const result: string = await handle.result();
  return { result, state: await handle.query("state") };
}
const triesOf = (endpointId: string) => tries.filter((each) => each.endpointId === endpointId);

test("an endpoint that fails is tried after a rest, again after the rest that the edge names, until it recovers", async () => {
  progress.set("whe_1", (probes) => (probes < 3 ? { state: "recovering", restMs: 3_600_000 } : { state: "recovered" }));
  const { result, state } = await recover("whe_1", 7);
  expect(result).toBe("recovered");
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
