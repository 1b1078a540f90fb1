import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { describe, expect, test } from "vitest";
import { licensingActivities } from "../../worker-host/licensing/activities.ts";
import { played, stageFor } from "./stage.ts";

const stage = stageFor(licensingActivities);

const STEP = "/internal/operations/step";
const FAIL = "/internal/operations/fail";

const run = (id: string) => played(stage, "operation.created", { type: "operation", id });

describe("an operation", () => {
  test("is carried from step to step to its end, and an operator reads how far it has come", async () => {
    const id = stage.edge.operation(9030);
    const { result, state } = await run(id);
    expect(result).toEqual({ outcome: "succeeded", done: 9030 });
    expect(state).toEqual({ state: "succeeded", details: "Suspended 9,030 of 9,030 licenses" });
    expect(stage.edge.callsOf(STEP)).toHaveLength(181);
    expect(stage.edge.callsOf(STEP)[0]?.body).toEqual({ tenant_id: "ten_00a", operation_id: id });
  });

  test("is found by tenant, subject, kind and how it ended", async () => {
    const id = stage.edge.operation(1);
    const { workflowId, attributes } = await run(id);
    expect(workflowId).toBe(`operation/${id}`);
    const told = Object.fromEntries(attributes.map(({ key, value }) => [key.name, value]));
    expect(told).toEqual({ TenantId: "ten_00a", SubjectId: id, Kind: "run_operation", State: "succeeded" });
  });

  test("goes on where it stands though the edge fails, hangs up, loses its answer and asks for patience", async () => {
    const id = stage.edge.operation(170);
    stage.edge.failNext(STEP, { status: 503 });
    stage.edge.failNext(STEP, "hang up");
    stage.edge.failNext(STEP, "hang up", { after: true });
    stage.edge.failNext(STEP, { status: 409, body: { code: "changed_meanwhile" } });
    stage.edge.failNext(STEP, { status: 429, body: { code: "rate_limited" }, headers: { "retry-after": "1" } });
    expect((await run(id)).result).toEqual({ outcome: "succeeded", done: 170 });
    expect(stage.edge.operations.get(id)?.worked).toHaveLength(170);
  });

  test("that its caller canceled ends as canceled, and is worked on no more", async () => {
    const id = stage.edge.operation(500);
    const operation = stage.edge.operations.get(id)!;
    const push = operation.worked.push.bind(operation.worked);
    operation.worked.push = (n) => {
      if (n === 99) operation.status = "canceled";
      return push(n);
    };
    const { result, state } = await run(id);
    expect(result).toEqual({ outcome: "canceled", done: 100 });
    expect(state).toMatchObject({ state: "canceled" });
    expect(stage.edge.callsOf(STEP)).toHaveLength(2);
  });

  test("that the edge refuses for good fails visibly, here and for its tenant", async () => {
    const id = stage.edge.operation(500);
    stage.edge.failNext(STEP, { status: 404, body: { code: "revision_not_found", detail: "The revision is gone." } });
    const { result, state } = await run(id);
    expect(result instanceof WorkflowFailedError && result.cause).toBeInstanceOf(ApplicationFailure);
    expect(state).toMatchObject({ state: "failed", details: expect.stringContaining("revision_not_found") });
    expect(stage.edge.operations.get(id)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("The revision is gone."),
    });
    expect(stage.edge.callsOf(FAIL)).toHaveLength(1);
  });

  test("that can do nothing for a while is left alone so long, and goes on then", async () => {
    const id = stage.edge.operation(120);
    stage.edge.operations.get(id)!.rests = 2;
    const { result, workflowId } = await run(id);
    expect(result).toEqual({ outcome: "succeeded", done: 120 });
    expect(stage.edge.callsOf(STEP)).toHaveLength(5);
    const { events } = await stage.engine.client.workflow.getHandle(workflowId).fetchHistory();
    const rests = (events ?? []).flatMap((event) => event.timerStartedEventAttributes?.startToFireTimeout ?? []);
    expect(rests.map(({ seconds }) => Number(seconds))).toEqual([1, 1]);
  });

  test("that does not exist fails visibly", async () => {
    const { result, state } = await run("op_00nowhere");
    expect(result).toBeInstanceOf(WorkflowFailedError);
    expect(state).toMatchObject({ state: "failed" });
  });
});
