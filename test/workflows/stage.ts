import { TypedSearchAttributes } from "@temporalio/common";
import type { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { startFor } from "../../worker-host/relay/starts.ts";
import { searchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import { edgeStandIn, type EdgeStandIn } from "../host/edge-stand-in.ts";
import { startWorker, storiesOf, timeSkippingServer } from "./engine.ts";

type Activities = (means: { edge: ReturnType<typeof edgeRoutes>; failpoint: () => undefined }) => object;

/** Where the stories of a test file are played: a server whose clock jumps, a stand-in of the edge, and a worker with these activities. */
export type Stage = { engine: TestWorkflowEnvironment; edge: EdgeStandIn; taskQueue: string };

/** Sets the stage before all tests of a file, and strikes it after them; `file` holds other stories than the real ones. */
export function stageFor(activities: Activities, file?: string): Stage {
  const stage = {} as Stage;
  let worker: Awaited<ReturnType<typeof startWorker>>;
  beforeAll(async () => {
    const [engine, { code }, edge] = await Promise.all([timeSkippingServer(), storiesOf(file), edgeStandIn()]);
    const means = { edge: edgeRoutes(openEdge(edge)), failpoint: () => undefined };
    worker = await startWorker(engine, { code, activities: activities(means) });
    Object.assign(stage, { engine, edge, taskQueue: worker.taskQueue });
  });
  afterAll(async () => {
    await worker.stop();
    await stage.engine.teardown();
    await stage.edge.close();
  });
  beforeEach(() => void stage.edge.calls.splice(0));
  return stage;
}

/** Starts the story that an event calls for as the relay does, and waits for its end. */
export async function played({ engine, taskQueue }: Stage, type: string, subject: { type: string; id: string }, seq = 1) {
  const at = "2026-11-20T09:00:00.000Z";
  const story = startFor({ tenant_id: "ten_00a", seq, id: "evt_001", type, subject, at, clock: { livemode: true } });
  if (!story) throw new Error("the event calls for no story");
  const { workflow, workflowId, args } = story;
  const handle = await engine.client.workflow.start(workflow, {
    taskQueue,
    workflowId,
    args,
    workflowTaskTimeout: "5 seconds",
    typedSearchAttributes: new TypedSearchAttributes(searchAttributes(story)),
  });
  const result: unknown = await handle.result().catch((error: unknown) => error);
  const attributes = (await handle.describe()).typedSearchAttributes.getAll();
  return { workflowId, result, state: await handle.query("state"), attributes };
}
