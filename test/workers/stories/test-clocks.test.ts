import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { asHost, carryOnEverything } from "../events/host.ts";
import { plansOf } from "../plans.ts";
import { forget, send, world, type World } from "../world.ts";

const DAY_MS = 86_400_000;
const inSandbox = (w: World) => ({ key: w.keys.testSecret });
const days = (from: string, n: number) => new Date(Date.parse(from) + n * DAY_MS).toISOString();

async function clocked(w: World, body: object = {}) {
  const made = await w.post("/v1/test_clocks", body, inSandbox(w));
  expect(made.status, made.text).toBe(201);
  return made.body as { id: string; now: string; status: string };
}
const advance = (w: World, id: string, body: object) => w.post(`/v1/test_clocks/${id}/advance`, body, inSandbox(w));
const shown = async (w: World, id: string) => (await w.get(`/v1/test_clocks/${id}`, undefined, inSandbox(w))).body;
const register = async (w: World, workflow_id: string, at: string) =>
  (await asHost("/internal/wakeups/register", { tenant_id: w.tenant.sandbox_id, workflow_id, at })).body;
const done = (w: World, workflow_id: string) => asHost("/internal/wakeups/done", { tenant_id: w.tenant.sandbox_id, workflow_id });

/** One step of the host, which has looked at every event so far. */
async function step(w: World, clock_id: string, { behind = 1_000_000, busy = null as string | null } = {}) {
  const body = { tenant_id: w.tenant.sandbox_id, clock_id, workflow_id: "clock/test", behind, busy };
  const answer = await asHost("/internal/test_clocks/step", body);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

test("a live tenant has no test clock, and is told which key to use", async () => {
  const w = await world();
  const refused = await w.post("/v1/test_clocks", {});
  expect([refused.status, refused.body["code"]]).toEqual([409, "sandbox_only"]);
  expect(refused.body["fix"]).toContain("lk_sk_test_");
  expect(refused.body["detail"]).toContain(w.tenant.sandbox_id);
});

test("a sandbox's time stands still from the moment on that it has a clock, and it has one only", async () => {
  const w = await world();
  const clock = await clocked(w);
  expect(clock.status).toBe("ready");
  const product = await w.post("/v1/products", { name: "Held", code: "held" }, inSandbox(w));
  expect(product.body["created_at"]).toBe(clock.now);
  expect((await shown(w, clock.id))["now"]).toBe(clock.now);
  const second = await w.post("/v1/test_clocks", {}, inSandbox(w));
  expect([second.status, second.body["code"]]).toEqual([409, "test_clock_exists"]);
  expect((await w.get("/v1/test_clocks", undefined, inSandbox(w))).body["data"]).toHaveLength(1);
  expect((await w.get("/v1/test_clocks")).body["data"]).toEqual([]);
});

test("of two that make the clock at once one does", async () => {
  const w = await world();
  const both = await Promise.all([1, 2].map(() => w.post("/v1/test_clocks", {}, inSandbox(w))));
  expect(both.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409]);
});

test("an advance without stories arrives at its instant, and programs live by it at once", async () => {
  const w = await world();
  const key = { key: w.keys.testSecret };
  const { id: product_id } = (await w.post("/v1/products", { name: "P", code: "p" }, key)).body;
  const template = await w.post(
    "/v1/templates",
    { name: "T", product_id, type: "subscription", model: "per_device", duration: "P30D", grace_period: "P0D" },
    key,
  );
  const customer = await w.post("/v1/customers", { name: "C", email: "c@customer.example", kind: "person" }, key);
  const license = await w.post("/v1/licenses", { template_id: template.body["id"], customer_id: customer.body["id"] }, key);
  const validate = () => send("POST", "/v1/licenses/validate", { license_key: license.body["license_key"] }, key);
  const clock = await clocked(w);
  expect((await validate()).body["valid"]).toBe(true);
  expect((await advance(w, clock.id, { by: "P29D" })).status).toBe(202);
  expect(await step(w, clock.id)).toMatchObject({ status: "ready", now: days(clock.now, 29), wake: null });
  expect((await validate()).body).toMatchObject({ valid: true, evaluated_at: days(clock.now, 29) });
  await advance(w, clock.id, { by: "P2D" });
  await step(w, clock.id);
  expect((await validate()).body).toMatchObject({ valid: false, code: "EXPIRED", evaluated_at: days(clock.now, 31) });
  const told = await w.get("/v1/events?type=test_clock.advanced", undefined, key);
  expect(told.body["data"].map((event: { created_at: string }) => event.created_at)).toEqual([
    days(clock.now, 31),
    days(clock.now, 29),
  ]);
});

test("a clock goes forward only, not too far, and not twice at once", async () => {
  const w = await world();
  const clock = await clocked(w);
  const codes = async (body: object) => (await advance(w, clock.id, body)).body["code"];
  expect(await codes({ to: days(clock.now, -1) })).toBe("test_clock_backward");
  expect(await codes({ by: "P3Y" })).toBe("test_clock_too_far");
  expect((await advance(w, clock.id, { by: "P1D" })).body).toMatchObject({ status: "advancing", target: days(clock.now, 1) });
  expect(await codes({ by: "P1D" })).toBe("test_clock_advancing");
  expect((await advance(w, "clk_00nothing", { by: "P1D" })).status).toBe(404);
});

test("stories are woken one after the other, each at its instant, in a fixed order, and only when the last has gone on", async () => {
  const w = await world();
  const clock = await clocked(w);
  const at = (n: number) => days(clock.now, n);
  expect(await register(w, "wait/b", at(2))).toEqual({ due: false, in_ms: null });
  await register(w, "wait/a", at(2));
  await register(w, "wait/c", at(1));
  await register(w, "wait/far", at(9));
  await advance(w, clock.id, { by: "P5D" });
  const woken = async (workflow_id: string, n: number) => {
    expect(await step(w, clock.id)).toMatchObject({ status: "advancing", wake: { workflow_id, at: at(n) }, now: at(n) });
    // asked again, it names the same story, and time does not move
    expect(await step(w, clock.id)).toMatchObject({ wake: { workflow_id, at: at(n) }, now: at(n) });
    expect((await shown(w, clock.id))["waits_for"]).toMatchObject({ story: workflow_id });
  };
  await woken("wait/c", 1);
  await register(w, "wait/c", at(3));
  await woken("wait/a", 2);
  await done(w, "wait/a");
  await woken("wait/b", 2);
  expect(await register(w, "wait/b", at(2))).toMatchObject({ due: true }); // it goes on at once, and the clock still waits
  expect(await step(w, clock.id)).toMatchObject({ wake: { workflow_id: "wait/b" }, now: at(2) });
  await done(w, "wait/b");
  await woken("wait/c", 3);
  await done(w, "wait/c");
  expect(await step(w, clock.id)).toMatchObject({ status: "ready", wake: null, now: at(5) });
  expect(await shown(w, clock.id)).toMatchObject({ status: "ready", target: null, waits_for: null, now: at(5) });
});

test("a registration that is repeated after a crash lets no story go before its turn", async () => {
  const w = await world();
  const clock = await clocked(w);
  await register(w, "wait/a", days(clock.now, 1));
  await register(w, "wait/b", days(clock.now, 1));
  await advance(w, clock.id, { by: "P1D" });
  expect((await step(w, clock.id))["wake"]).toMatchObject({ workflow_id: "wait/a" });
  expect(await register(w, "wait/b", days(clock.now, 1))).toEqual({ due: false, in_ms: null });
  expect(await register(w, "wait/a", days(clock.now, 1))).toEqual({ due: true, in_ms: null });
  await done(w, "wait/a");
  expect((await step(w, clock.id))["wake"]).toMatchObject({ workflow_id: "wait/b" });
  expect(await register(w, "wait/b", days(clock.now, 1))).toEqual({ due: true, in_ms: null });
});

test("a clock waits until the events of an instant have begun their stories, and those are at rest", async () => {
  const w = await world();
  await carryOnEverything();
  const clock = await clocked(w);
  const before = (await w.get("/v1/events?limit=1", undefined, inSandbox(w))).body["data"][0].seq as number;
  await advance(w, clock.id, { by: "P1D" });
  expect(await step(w, clock.id, { behind: before })).toMatchObject({ status: "advancing", events: [], behind: before });
  expect((await shown(w, clock.id))["waits_for"]).toMatchObject({ story: null });
  await carryOnEverything();
  const looked = await step(w, clock.id, { behind: before });
  expect(looked).toMatchObject({
    status: "advancing",
    behind: before + 1,
    events: [{ type: "test_clock.advance_requested", at: clock.now }],
  });
  expect(await step(w, clock.id, { behind: before + 1, busy: "order/1" })).toMatchObject({ status: "advancing", now: clock.now });
  expect((await shown(w, clock.id))["waits_for"]).toMatchObject({ story: "order/1" });
  expect(await step(w, clock.id, { behind: before + 1 })).toMatchObject({ status: "ready" });
});

test("a clock that waits too long says failed and for which story, and an advance resumes it", async () => {
  const w = await world();
  const clock = await clocked(w);
  await register(w, "wait/stuck", days(clock.now, 1));
  await advance(w, clock.id, { by: "P5D" });
  await step(w, clock.id);
  expect((await step(w, clock.id))["status"]).toBe("advancing");
  await env.DB_00.prepare("update test_clocks set waits_since = waits_since - 60000 where tenant_id = ?")
    .bind(w.tenant.sandbox_id)
    .run();
  expect((await step(w, clock.id))["status"]).toBe("failed");
  const failed = await shown(w, clock.id);
  expect(failed).toMatchObject({ status: "failed", waits_for: { story: "wait/stuck" }, now: days(clock.now, 1) });
  expect(failed["error"]).toContain("wait/stuck");
  expect((await advance(w, clock.id, { by: "P1D" })).body).toMatchObject({ status: "advancing", error: null, waits_for: null });
  expect(await step(w, clock.id)).toMatchObject({ status: "advancing", wake: { workflow_id: "wait/stuck" } });
  await done(w, "wait/stuck");
  expect(await step(w, clock.id)).toMatchObject({ status: "ready", now: days(clock.now, 2) });
});

test("a later instant at the making is come to by advancing, so that no story is passed over", async () => {
  const w = await world();
  const at = new Date(Date.now() + 3 * DAY_MS).toISOString();
  await register(w, "wait/between", new Date(Date.now() + DAY_MS).toISOString());
  const clock = await clocked(w, { now: at });
  expect(clock).toMatchObject({ status: "advancing", target: at });
  expect((await step(w, clock.id))["wake"]).toMatchObject({ workflow_id: "wait/between" });
  await done(w, "wait/between");
  expect(await step(w, clock.id)).toMatchObject({ status: "ready", now: at });
});

test("without its clock a sandbox's time runs on from where it stood, and stories are told in how long they are due", async () => {
  const w = await world();
  const clock = await clocked(w);
  await advance(w, clock.id, { by: "P1Y" });
  const { now } = await step(w, clock.id);
  await register(w, "wait/later", days(now, 2));
  expect((await w.delete(`/v1/test_clocks/${clock.id}`, undefined, inSandbox(w))).status).toBe(204);
  const [one, two] = [await register(w, "wait/later", days(now, 2)), Date.parse(now)];
  expect(one["in_ms"]).toBeGreaterThan(2 * DAY_MS - 60_000);
  expect(one["in_ms"]).toBeLessThanOrEqual(2 * DAY_MS);
  const product = await w.post("/v1/products", { name: "Later", code: "later" }, inSandbox(w));
  expect(Date.parse(product.body["created_at"])).toBeGreaterThanOrEqual(two);
  expect(await step(w, clock.id)).toMatchObject({ status: "deleted" });
  const waiting = await asHost("/internal/wakeups/list", { tenant_id: w.tenant.sandbox_id, after: "" });
  expect(waiting.body).toEqual({ workflow_ids: ["wait/later"] });
  expect((await w.post("/v1/test_clocks", {}, inSandbox(w))).status).toBe(201);
});

test("every read of a step has an index", async () => {
  const w = await world();
  const clock = await clocked(w);
  await advance(w, clock.id, { by: "P1D" });
  const plans = await plansOf(/wakeups|test_clocks|from events/, () => step(w, clock.id, { behind: 0 }));
  expect(plans.length).toBeGreaterThan(3);
  for (const { sql, plan } of plans)
    expect(
      plan.filter((line) => line.includes("SCAN")),
      sql,
    ).toEqual([]);
  forget();
});

test("a clock that is given up stands where it has come to, says so once, and may be advanced again", async () => {
  const w = await world();
  const clock = await clocked(w);
  const giveUp = async () => {
    const body = { tenant_id: w.tenant.sandbox_id, clock_id: clock.id, workflow_id: "clock/test" };
    return (await asHost("/internal/test_clocks/give_up", body)).body["status"];
  };
  expect(await giveUp(), "one that stands").toBe("ready");
  await register(w, "wait/kept", days(clock.now, 1));
  await advance(w, clock.id, { by: "P2D" });
  await step(w, clock.id);
  expect([await giveUp(), await giveUp()]).toEqual(["failed", "failed"]);
  expect(await shown(w, clock.id)).toMatchObject({
    status: "failed",
    now: days(clock.now, 1),
    error: "Given up on request; advance again to resume.",
  });
  const events = await w.get(`/v1/events?subject_id=${clock.id}&limit=100`, undefined, inSandbox(w));
  const told = (events.body["data"] as { type: string }[]).map(({ type }) => type);
  expect(told.filter((type) => type === "test_clock.failed")).toHaveLength(1);
  expect((await advance(w, clock.id, { by: "P2D" })).status).toBe(202);
});
