import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { describe, expect, test } from "vitest";
import { salesActivities } from "../../worker-host/sales/activities.ts";
import { played, stageFor } from "./stage.ts";

const stage = stageFor(salesActivities);

const ISSUE = "/internal/orders/issue_licenses";
const COMPLETE = "/internal/orders/complete";
const READ = "/internal/orders/fulfillment";

const fulfill = (id: string) => played(stage, "order.fulfillment_requested", { type: "order", id });

describe("an approved order", () => {
  test("gets exactly its licenses, in chunks of fifty, and is fulfilled", async () => {
    const id = stage.edge.order(120);
    const { result, state } = await fulfill(id);
    expect(result).toEqual({ outcome: "fulfilled", issued: 120 });
    expect(stage.edge.orders.get(id)).toMatchObject({ status: "fulfilled" });
    expect(stage.edge.orders.get(id)?.licenses.size).toBe(120);
    expect(stage.edge.callsOf(ISSUE).map(({ body }) => [body.from, body.to])).toEqual([
      [0, 50],
      [50, 100],
      [100, 120],
    ]);
    expect(state).toEqual({ state: "fulfilled", details: "Fulfilled with 120 licenses" });
  });

  test("is found by tenant, subject, kind and how it ended", async () => {
    const id = stage.edge.order(1);
    const { attributes } = await fulfill(id);
    const told = Object.fromEntries(attributes.map(({ key, value }) => [key.name, value]));
    expect(told).toEqual({ TenantId: "ten_00a", SubjectId: id, Kind: "fulfill_order", State: "fulfilled" });
  });

  test.each([
    ["reading", READ],
    ["issuing", ISSUE],
    ["completing", COMPLETE],
  ])("is fulfilled once though %s fails, hangs up, and loses its answer", async (_, path) => {
    const id = stage.edge.order(60);
    stage.edge.failNext(path, { status: 503 });
    stage.edge.failNext(path, "hang up");
    stage.edge.failNext(path, "hang up", { after: true });
    stage.edge.failNext(path, { status: 429, body: { code: "rate_limited" }, headers: { "retry-after": "1" } });
    expect((await fulfill(id)).result).toEqual({ outcome: "fulfilled", issued: 60 });
    expect(stage.edge.orders.get(id)?.licenses.size).toBe(60);
  });

  test("is left as it is when it was fulfilled before", async () => {
    const id = stage.edge.order(2, "fulfilled");
    stage.edge.orders.get(id)?.licenses.add(0).add(1);
    expect((await fulfill(id)).result).toEqual({ outcome: "fulfilled", issued: 2 });
    expect(stage.edge.calls.map(({ path }) => path)).toEqual([READ]);
  });
});

describe("an order that was canceled", () => {
  test("before the story begins gets nothing, and the result says so", async () => {
    const id = stage.edge.order(3, "canceled");
    const { result, state } = await fulfill(id);
    expect(result).toEqual({ outcome: "canceled", issued: 0 });
    expect(state).toEqual({ state: "canceled", details: "The order was canceled; 0 licenses had been issued" });
    expect(stage.edge.callsOf(ISSUE)).toEqual([]);
  });

  test("while its licenses are issued ends with what had been issued", async () => {
    const id = stage.edge.order(120);
    const order = stage.edge.orders.get(id)!;
    const add = order.licenses.add.bind(order.licenses);
    order.licenses.add = (index) => {
      if (index === 49) order.status = "canceled";
      return add(index);
    };
    expect((await fulfill(id)).result).toEqual({ outcome: "canceled", issued: 50 });
    expect(stage.edge.callsOf(COMPLETE)).toEqual([]);
  });

  test("between the last license and completion ends as canceled", async () => {
    const id = stage.edge.order(1);
    const order = stage.edge.orders.get(id)!;
    const add = order.licenses.add.bind(order.licenses);
    order.licenses.add = (index) => {
      order.status = "canceled";
      return add(index);
    };
    expect((await fulfill(id)).result).toEqual({ outcome: "canceled", issued: 1 });
    expect(stage.edge.callsOf(COMPLETE)).toHaveLength(1);
  });
});

describe("what cannot be fulfilled fails visibly, and never as a result", () => {
  const failureOf = (result: unknown) => (result instanceof WorkflowFailedError ? result.cause : undefined);

  test("an order that is not approved", async () => {
    const { result, state } = await fulfill(stage.edge.order(3, "pending"));
    expect(failureOf(result)).toBeInstanceOf(ApplicationFailure);
    expect(failureOf(result)).toMatchObject({ type: "order_not_approved" });
    expect(state).toMatchObject({ state: "failed" });
  });

  test("an order that the edge refuses to go on with", async () => {
    const id = stage.edge.order(3);
    stage.edge.failNext(ISSUE, { status: 409, body: { code: "template_archived", detail: "" } });
    const { result, state } = await fulfill(id);
    expect(failureOf(result)).toMatchObject({ type: "template_archived" });
    expect(state).toMatchObject({ state: "failed", details: expect.stringContaining("template_archived") });
    expect(stage.edge.callsOf(COMPLETE)).toEqual([]);
  });

  test("an order that stays unfulfilled although all was issued", async () => {
    const id = stage.edge.order(3);
    stage.edge.orders.get(id)!.licenses.add(99);
    const { result } = await fulfill(id);
    expect(failureOf(result)).toMatchObject({ type: "order_not_fulfilled" });
  });

  test("an order that does not exist", async () => {
    const { result, state } = await fulfill("ord_00nowhere");
    expect(failureOf(result)).toMatchObject({ type: "order_not_found" });
    expect(state).toMatchObject({ state: "failed" });
  });
});
