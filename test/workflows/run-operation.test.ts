import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure, TypedSearchAttributes } from "@temporalio/common";
import type { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { licensingActivities } from "../../worker-host/licensing/activities.ts";
import { startFor } from "../../worker-host/relay/starts.ts";
import { searchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import type { OperationEnd } from "../../workflows/licensing/run-operation.ts";
import { edgeStandIn, type EdgeStandIn } from "../host/edge-stand-in.ts";
import { startWorker, storiesOf, timeSkippingServer } from "./engine.ts";

let engine: TestWorkflowEnvironment;
let edge: EdgeStandIn;
let worker: Awaited<ReturnType<typeof startWorker>>;

beforeAll(async () => {
  const [server, { code }, standIn] = await Promise.all([timeSkippingServer(), storiesOf(), edgeStandIn()]);
  [engine, edge] = [server, standIn];
  const activities = licensingActivities({ edge: edgeRoutes(openEdge(edge)), failpoint: () => undefined });
  worker = await startWorker(engine, { code, activities });
});
afterAll(async () => {
  await worker.stop();
  await engine.teardown();
  await edge.close();
});
beforeEach(() => void edge.calls.splice(0));

const STEP = "/internal/operations/step";
const FAIL = "/internal/operations/fail";

/** Starts the story as the relay does, and waits for its end. */
async function run(operationId: string) {
  const story = startFor({
    tenant_id: "ten_00a",
    seq: 1,
    id: "evt_001",
    type: "operation.created",
    subject: { type: "operation", id: operationId },
    at: "2026-11-20T09:00:00.000Z",
    clock: { livemode: true },
  });
  if (!story) throw new Error("the event calls for no story");
  expect(story.workflowId).toBe(`operation/${operationId}`);
  const handle = await engine.client.workflow.start(story.workflow, {
    taskQueue: worker.taskQueue,
    workflowId: story.workflowId,
    args: story.args,
    workflowTaskTimeout: "5 seconds",
    typedSearchAttributes: new TypedSearchAttributes(searchAttributes(story)),
  });
  const result: OperationEnd | WorkflowFailedError = await handle.result().catch((error: unknown) => error);
  return { result, state: await handle.query("state"), attributes: (await handle.describe()).typedSearchAttributes.getAll() };
}

describe("an operation", () => {
  test("is carried from step to step to its end, and an operator reads how far it has come", async () => {
    const id = edge.operation(9030);
    const { result, state } = await run(id);
    expect(result).toEqual({ outcome: "succeeded", done: 9030 });
    expect(state).toEqual({ state: "succeeded", details: "Suspended 9,030 of 9,030 licenses" });
    expect(edge.callsOf(STEP)).toHaveLength(181);
    expect(edge.callsOf(STEP)[0]?.body).toEqual({ tenant_id: "ten_00a", operation_id: id });
  });

  test("is found by tenant, subject, kind and how it ended", async () => {
    const id = edge.operation(1);
    const { attributes } = await run(id);
    const told = Object.fromEntries(attributes.map(({ key, value }) => [key.name, value]));
    expect(told).toEqual({ TenantId: "ten_00a", SubjectId: id, Kind: "run_operation", State: "succeeded" });
  });

  test("goes on where it stands though the edge fails, hangs up, loses its answer and asks for patience", async () => {
    const id = edge.operation(170);
    edge.failNext(STEP, { status: 503 });
    edge.failNext(STEP, "hang up");
    edge.failNext(STEP, "hang up", { after: true });
    edge.failNext(STEP, { status: 409, body: { code: "changed_meanwhile" } });
    edge.failNext(STEP, { status: 429, body: { code: "rate_limited" }, headers: { "retry-after": "1" } });
    expect((await run(id)).result).toEqual({ outcome: "succeeded", done: 170 });
    expect(edge.operations.get(id)?.worked).toHaveLength(170);
  });

  test("that its caller canceled ends as canceled, and is worked on no more", async () => {
    const id = edge.operation(500);
    const operation = edge.operations.get(id)!;
    const push = operation.worked.push.bind(operation.worked);
    operation.worked.push = (n) => {
      if (n === 99) operation.status = "canceled";
      return push(n);
    };
    const { result, state } = await run(id);
    expect(result).toEqual({ outcome: "canceled", done: 100 });
    expect(state).toMatchObject({ state: "canceled" });
    expect(edge.callsOf(STEP)).toHaveLength(2);
  });

  test("that the edge refuses for good fails visibly, here and for its tenant", async () => {
    const id = edge.operation(500);
    edge.failNext(STEP, { status: 404, body: { code: "revision_not_found", detail: "The revision is gone." } });
    const { result, state } = await run(id);
    expect(result instanceof WorkflowFailedError && result.cause).toBeInstanceOf(ApplicationFailure);
    expect(state).toMatchObject({ state: "failed", details: expect.stringContaining("revision_not_found") });
    expect(edge.operations.get(id)).toMatchObject({ status: "failed", error: expect.stringContaining("The revision is gone.") });
    expect(edge.callsOf(FAIL)).toHaveLength(1);
  });

  test("that does not exist fails visibly", async () => {
    const { result, state } = await run("op_00nowhere");
    expect(result).toBeInstanceOf(WorkflowFailedError);
    expect(state).toMatchObject({ state: "failed" });
  });
});
