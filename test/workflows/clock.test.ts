import type { WorkflowHandle } from "@temporalio/client";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { clockActivities } from "../../worker-host/clock/activities.ts";
import { timeRuns, wake } from "../../workflows/clock.ts";
import { until } from "../host/edge-stand-in.ts";
import { stageFor } from "./stage.ts";
import type { waitForInstants } from "./code/waiting.ts";

const DAY_MS = 86_400_000;
const stage = stageFor(clockActivities, "code/waiting.ts");
let stories = 0;
beforeAll(() => void (stage.edge.state.realNow = now));
afterEach(() => void (stage.edge.state.sandboxNow = null));

const LIVE = { tenantId: "ten_00live", livemode: true };
const SANDBOX = { tenantId: "ten_00test", livemode: false };

const wait = (...args: Parameters<typeof waitForInstants>) =>
  stage.engine.client.workflow.start<typeof waitForInstants>("waitForInstants", {
    taskQueue: stage.taskQueue,
    workflowId: `wait/${++stories}`,
    args,
  });

const now = () => stage.engine.currentTimeMs();
const inDays = async (days: number) => new Date((await now()) + days * DAY_MS).toISOString();

/** How long a story ran, by the server's clock. */
async function lastedMs(handle: WorkflowHandle): Promise<number> {
  const { startTime, closeTime } = await handle.describe();
  return (closeTime ?? new Date(Number.NaN)).getTime() - startTime.getTime();
}

describe("a live tenant's story", () => {
  test("waits until the instant, by a timer and nothing else", async () => {
    const at = await inDays(400);
    expect(await (await wait(LIVE, [at])).result()).toEqual(["reached"]);
    expect(await now()).toBeGreaterThanOrEqual(Date.parse(at));
    expect(await now()).toBeLessThan(Date.parse(at) + DAY_MS);
    expect(stage.edge.calls).toEqual([]);
  });

  test("does not wait for what has passed", async () => {
    const before = await now();
    expect(await (await wait(LIVE, ["2020-01-01T00:00:00.000Z"])).result()).toEqual(["reached"]);
    expect(await now()).toBeLessThan(before + DAY_MS);
  });

  test("ends its wait as soon as something else has happened", async () => {
    const handle = await wait(LIVE, [await inDays(30), await inDays(60)]);
    await handle.signal("interrupt");
    expect(await handle.result()).toEqual(["interrupted", "interrupted"]);
    expect(await lastedMs(handle)).toBeLessThan(DAY_MS);
  });
});

describe("a sandbox's story", () => {
  test("registers each instant, and goes on when the clock has come to it", async () => {
    const [first, second] = [await inDays(30), await inDays(60)];
    const handle = await wait(SANDBOX, [first, second], 60_000);
    await until("the first instant is registered", () => stage.edge.wakeups.get(handle.workflowId) === first);

    await handle.signal(wake, { at: await inDays(29) }); // the clock moved, but not far enough
    await handle.signal(wake, { at: first });
    await until("the second instant is registered", () => stage.edge.wakeups.get(handle.workflowId) === second);
    await handle.signal(wake, { at: first }); // told twice
    await handle.signal(wake, { at: "nonsense" });
    await handle.signal(wake, { at: await inDays(61) }); // the clock leapt past it

    expect(await handle.result()).toEqual(["reached", "reached"]);
    expect(stage.edge.wakeups.has(handle.workflowId)).toBe(false);
    expect(await lastedMs(handle)).toBeLessThan(DAY_MS);
    expect(stage.edge.callsOf("/internal/wakeups/register").map(({ body }) => body.tenant_id)).toEqual([
      "ten_00test",
      "ten_00test",
    ]);
  });

  test("waits on when the clock has moved, but not far enough", async () => {
    const handle = await wait(SANDBOX, [await inDays(30)]);
    await until("the instant is registered", () => stage.edge.wakeups.has(handle.workflowId));
    await handle.signal(wake, { at: await inDays(29) });
    await handle.signal(wake, { at: "nonsense" });
    expect(await handle.result()).toEqual(["reached"]);
    expect(await lastedMs(handle)).toBeGreaterThan(29 * DAY_MS);
  });

  test("leaves the clock when its wait is interrupted, and when it ends", async () => {
    const handle = await wait(SANDBOX, [await inDays(30)], 3_600_000);
    await until("the instant is registered", () => stage.edge.wakeups.has(handle.workflowId));
    await handle.signal("interrupt");
    await until("the row is gone, while the story goes on", () => !stage.edge.wakeups.has(handle.workflowId));
    expect((await handle.describe()).status.name).toBe("RUNNING");
    expect(await handle.result()).toEqual(["interrupted"]);
  });

  test("leaves the clock when it is canceled", async () => {
    const handle = await wait(SANDBOX, [await inDays(30)]);
    await until("the instant is registered", () => stage.edge.wakeups.has(handle.workflowId));
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect(stage.edge.wakeups.has(handle.workflowId)).toBe(false);
  });

  test("reaches the instant by real time too, when nobody moves its clock", async () => {
    const at = await inDays(30);
    expect(await (await wait(SANDBOX, [at])).result()).toEqual(["reached"]);
    expect(await now()).toBeGreaterThanOrEqual(Date.parse(at));
  });

  test("does not wait for what its clock has passed, though real time has not", async () => {
    const at = await inDays(30);
    stage.edge.state.sandboxNow = Date.parse(at);
    const handle = await wait(SANDBOX, [at]);
    expect(await handle.result()).toEqual(["reached"]);
    expect(await lastedMs(handle)).toBeLessThan(DAY_MS);
  });

  test("waits on while its clock stands still, whatever real time it is, until it is woken", async () => {
    const at = await inDays(30);
    stage.edge.state.sandboxNow = await now();
    const handle = await wait(SANDBOX, [at]);
    await until("it is registered", () => stage.edge.wakeups.get(handle.workflowId) === at);
    await stage.engine.sleep(60 * DAY_MS);
    expect((await handle.describe()).status.name).toBe("RUNNING");
    await handle.signal(wake, { at });
    expect(await handle.result()).toEqual(["reached"]);
  });

  test("looks anew how long it has to wait when it is told that its time runs on", async () => {
    const at = await inDays(30);
    stage.edge.state.sandboxNow = await now();
    const handle = await wait(SANDBOX, [at]);
    await until("it is registered", () => stage.edge.wakeups.get(handle.workflowId) === at);
    stage.edge.state.sandboxNow = null;
    await handle.signal(timeRuns);
    expect(await handle.result()).toEqual(["reached"]);
    expect(await now()).toBeGreaterThanOrEqual(Date.parse(at));
  });

  test("registers again when the edge does not answer", async () => {
    stage.edge.failNext("/internal/wakeups/register", { status: 503 });
    stage.edge.failNext("/internal/wakeups/register", "hang up", { after: true });
    const at = await inDays(30);
    const handle = await wait(SANDBOX, [at]);
    await until("it has registered for the third time", () => stage.edge.callsOf("/internal/wakeups/register").length === 3);
    await handle.signal(wake, { at });
    expect(await handle.result()).toEqual(["reached"]);
  });
});

// last, since the test server's clock stands still after a story that was terminated in the middle of a task
test("a story refuses an instant that is none, instead of taking it for one that has passed", async () => {
  const handle = await wait(LIVE, ["next tuesday"]);
  await until("the invalid date shows", async () => {
    const { raw } = await handle.describe();
    const { events } = await handle.fetchHistory();
    return (
      raw.workflowExecutionInfo?.closeTime == null &&
      (events ?? []).some((event) => event.workflowTaskFailedEventAttributes != null)
    );
  });
  await handle.terminate();
});
