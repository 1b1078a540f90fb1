import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { purge } from "#db/purge";
import { startFor } from "../../../worker-host/relay/starts.ts";
import { asSandbox, does, make, player } from "../document/fresh.ts";
import { asHost } from "../events/host.ts";
import { plansOf } from "../plans.ts";
import { send, world, type World } from "../world.ts";
import { seen, storyId, tell, toldOf, workflowId } from "./told.ts";

const get = (w: World, id: string, key = w.keys.secret) => w.get(`/v1/stories/${id}`, undefined, { key });
const ask = (w: World, id: string, command: string, body?: object, key = w.keys.secret) =>
  w.post(`/v1/stories/${id}/${command}`, body, { key });
// oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects
async function list<Item = Record<string, any>>(path: string, key: string): Promise<Item[]> {
  const answer = await send("GET", path, undefined, { key });
  expect(answer.status, answer.text).toBe(200);
  return answer.body["data"] as Item[];
}
const stories = (key: string, query: string) => list(`/v1/stories?${query}`, key);
const commands = async (ids: string[]) =>
  ((await asHost("/internal/stories/commands", { shard: "00" })).body["commands"] as { story_id: string }[]).filter((command) =>
    ids.includes(command.story_id),
  );
const commanded = (story: { id: string; tenant_id: string }, command: string, outcome: string, more: object = {}) =>
  asHost("/internal/stories/commanded", {
    shard: "00",
    tenant_id: story.tenant_id,
    story_id: story.id,
    command,
    outcome,
    detail: null,
    ...more,
  });
const log = (w: World, subject: string, key = w.keys.secret) => list(`/v1/events?subject_id=${subject}`, key);

test("a story shows what waits, why, since when, and what would help", async () => {
  const w = await world();
  const story = await toldOf(w.tenant.id);
  const shown = (await get(w, story.id)).body;
  expect(shown).toMatchObject({
    object: "story",
    id: story.id,
    kind: "recover_endpoint",
    workflow_id: story.workflow_id,
    run_id: story.run_id,
    subject: { type: "webhook_endpoint", id: story.subject_id },
    state: "waiting",
    details: "3 tries failed; the next is within 5 minutes",
    waits_for: "the next try",
    waits_until: "2026-11-28T10:05:00.000Z",
    since: "2026-11-28T10:00:00.000Z",
    started_at: "2026-11-28T09:00:00.000Z",
    ended_at: null,
    commands: ["retry", "skip_wait", "give_up"],
    last_command: null,
    temporal_ui_url: `http://temporal.test/namespaces/default/workflows/${encodeURIComponent(story.workflow_id)}/${story.run_id}/history`,
  });
  expect(shown["help"]).toContain("skip_wait");
  expect(shown).not.toHaveProperty("tenant_id");
});

test("a secret key sees its tenant's stories, its sandbox's key the sandbox's, an operator everybody's and the pumps", async () => {
  const [w, other] = [await world(), await world()];
  const [mine, sandboxs, theirs] = [
    await toldOf(w.tenant.id),
    await toldOf(w.tenant.sandbox_id),
    await toldOf(other.tenant.id, { subject_id: "ord_1" }),
  ];
  const pump = await toldOf("platform", { workflow_id: workflowId(), kind: "deliver_webhooks", subject_id: "00" });
  const ids = async (key: string, query = "limit=100") => (await stories(key, query)).map(({ id }) => id);
  expect(await ids(w.keys.secret)).toEqual([mine.id]);
  expect(await ids(w.keys.testSecret)).toEqual([sandboxs.id]);
  expect(await ids(w.operator)).toEqual(expect.arrayContaining([mine.id, sandboxs.id, theirs.id, pump.id]));

  for (const id of [sandboxs.id, theirs.id, pump.id]) {
    expect(await get(w, id)).toMatchObject({ status: 404, body: { code: "story_not_found" } });
    for (const command of ["retry", "skip_wait", "give_up"])
      expect(await ask(w, id, command)).toMatchObject({ status: 404, body: { code: "story_not_found" } });
  }
  for (const query of [
    `tenant_id=${other.tenant.id}`,
    "tenant_id=platform",
    `workflow_id=${theirs.workflow_id}`,
    "subject_id=ord_1",
  ])
    expect(await ids(w.keys.secret, query), query).toEqual([]);
  expect(await ids(w.operator, `tenant_id=${w.tenant.id}`)).toEqual([mine.id]);
  expect(await ids(w.operator, `workflow_id=${theirs.workflow_id}`)).toEqual([theirs.id]);
  expect((await get(w, pump.id, w.operator)).body).toMatchObject({ tenant_id: "platform", subject: { type: "shard", id: "00" } });
});

test("a list is filtered by state, kind, subject and workflow, and goes on page by page", async () => {
  const w = await world();
  const at = (minute: number) => ({ started_at: `2026-11-28T09:0${minute}:00Z` });
  const first = await toldOf(w.tenant.id, { ...at(1), state: "stuck", subject_id: "ord_a", kind: "fulfill_order" });
  const second = await toldOf(w.tenant.id, { ...at(2), state: "stuck", subject_id: "ord_b", kind: "fulfill_order" });
  const third = await toldOf(w.tenant.id, { ...at(3), state: "failed", ended_at: "2026-11-28T10:00:00Z", subject_id: "op_a" });
  const found = async (query: string) => (await stories(w.keys.secret, query)).map(({ id }) => id);
  expect(await found("state=stuck")).toEqual([second.id, first.id]);
  expect(await found("state=failed")).toEqual([third.id]);
  expect(await found("kind=fulfill_order")).toEqual([second.id, first.id]);
  expect(await found("subject_id=ord_a")).toEqual([first.id]);
  expect(await found(`workflow_id=${third.workflow_id}`)).toEqual([third.id]);
  for (const key of [w.keys.secret, w.operator]) {
    const query = `limit=2&tenant_id=${w.tenant.id}`;
    const page = (await send("GET", `/v1/stories?${query}`, undefined, { key })).body;
    expect([page["data"].map(({ id }: { id: string }) => id), page["has_more"]]).toEqual([[third.id, second.id], true]);
    expect(await stories(key, `${query}&cursor=${page["next_cursor"]}`)).toMatchObject([{ id: first.id }]);
  }
});

test("news that come late change nothing: of a run before, or from before the end", async () => {
  const w = await world();
  const old = seen(w.tenant.id, { state: "failed", ended_at: "2026-11-28T10:00:00Z", error: "gone" });
  const young = { ...old, run_id: "young", state: "working", error: null, ended_at: null, started_at: "2026-11-28T11:00:00Z" };
  expect(await tell(old)).toBe(1);
  const id = await storyId(old);
  expect(await tell(young)).toBe(1);
  expect(await tell(old)).toBe(0);
  expect((await get(w, id)).body).toMatchObject({ id, run_id: "young", state: "working", error: null, ended_at: null });

  const over = { ...young, state: "ended", outcome: "fulfilled", ended_at: "2026-11-28T11:05:00Z" };
  expect(await tell(over)).toBe(1);
  expect(await tell(young)).toBe(0);
  expect((await get(w, id)).body).toMatchObject({
    state: "ended",
    outcome: "fulfilled",
    commands: [],
    help: "Nothing: it is over.",
  });
});

test("a story is in its state since it came to it, however often that is told", async () => {
  const w = await world();
  const story = await toldOf(w.tenant.id, { state: "retrying", attempt: 2 });
  await tell({ ...story, id: undefined, attempt: 7, since: "2026-11-28T12:00:00Z" });
  expect((await get(w, story.id)).body).toMatchObject({ state: "retrying", attempt: 7, since: "2026-11-28T10:00:00.000Z" });
  await tell({ ...story, id: undefined, state: "stuck", since: "2026-11-28T12:00:00Z" });
  expect((await get(w, story.id)).body).toMatchObject({ state: "stuck", since: "2026-11-28T12:00:00.000Z" });
});

test("long texts are cut, strangers left out, and the others are told all the same", async () => {
  const w = await world();
  const long = seen(w.tenant.id, { error: `😀${"e".repeat(300_000)}\u0007`, details: "d".repeat(9_000), state: "stuck" });
  const many = Array.from({ length: 120 }, () => seen(w.tenant.id));
  expect(await tell(long, seen("ten_0001h2xcejqtf2nbrexx3vqjhp41"), ...many)).toBe(121);
  const shown = (await get(w, await storyId(long))).body;
  expect(shown["error"]).toHaveLength(2_000);
  expect(shown["error"]).toMatch(/^😀e+…$/u);
  expect(shown["details"]).toHaveLength(500);
});

test("what the edge takes for open is told page by page", async () => {
  const w = await world();
  const open = [await toldOf(w.tenant.id), await toldOf(w.tenant.id)];
  const over = await toldOf(w.tenant.id, { state: "ended", ended_at: "2026-11-28T10:00:00Z" });
  const known: { workflow_id: string; run_id: string; tenant_id: string }[] = [];
  for (let after: string | null = ""; after !== null;) {
    const page = await asHost("/internal/stories/open", { shard: "00", after: after || null, limit: 50 });
    expect(page.status, page.text).toBe(200);
    known.push(...page.body["stories"]);
    after = page.body["next"];
  }
  const told = (one: { workflow_id: string }) => known.filter(({ workflow_id }) => workflow_id === one.workflow_id);
  for (const one of open)
    expect(told(one)).toEqual([{ tenant_id: w.tenant.id, workflow_id: one.workflow_id, run_id: one.run_id }]);
  expect(told(over)).toEqual([]);
});

test("what is asked of a story is in the log with who asked, waits for the host, and shows what became of it", async () => {
  const w = await world();
  const story = await toldOf(w.tenant.id);
  const asked = await ask(w, story.id, "skip_wait", { reason: "It is back" });
  expect(asked.status, asked.text).toBe(202);
  expect(asked.body).toMatchObject({ commands: [], last_command: { command: "skip_wait", reason: "It is back", outcome: null } });
  expect((await get(w, story.id)).body).toEqual(asked.body);

  const [event] = await log(w, story.id);
  expect(event).toMatchObject({
    type: "story.skip_wait_requested",
    actor: { type: "api_key" },
    subject: { type: "story", id: story.id },
  });
  expect(event?.["data"]["object"]["last_command"]).toMatchObject({ command: "skip_wait", reason: "It is back" });
  const again = await ask(w, story.id, "retry");
  expect([again.status, again.body["code"]]).toEqual([409, "story_command_pending"]);

  const { workflow_id, run_id, kind } = story;
  const waiting = { tenant_id: w.tenant.id, story_id: story.id, workflow_id, run_id, kind, command: "skip_wait" };
  expect(await commands([story.id])).toMatchObject([waiting]);
  await commanded(story, "retry", "done");
  expect(await commands([story.id])).toHaveLength(1);
  await commanded(story, "skip_wait", "refused", { detail: "It waits for nothing" });
  expect(await commands([story.id])).toEqual([]);
  const last = (await get(w, story.id)).body["last_command"];
  expect(last).toMatchObject({ outcome: "refused", detail: "It waits for nothing" });

  // said again, it does not end what was asked since
  expect((await ask(w, story.id, "skip_wait")).status).toBe(202);
  await commanded(story, "skip_wait", "done", { commanded_at: last.at });
  expect((await get(w, story.id)).body["last_command"]).toMatchObject({ outcome: null, reason: null });
});

test("a story that was given up is told once, by the story itself", async () => {
  const w = await world();
  const story = await toldOf(w.tenant.id);
  expect((await ask(w, story.id, "give_up")).status).toBe(202);
  await Promise.all([commanded(story, "give_up", "done"), commanded(story, "give_up", "done")]);
  const told = (await log(w, story.id)).map(({ type, actor }) => [type, actor.type, actor.id]);
  expect(told).toEqual([
    ["story.given_up", "workflow", story.workflow_id],
    ["story.give_up_requested", "api_key", expect.any(String)],
  ]);
});

test("of two that ask at once one does, and a repeated request asks once", async () => {
  const w = await world();
  const story = await toldOf(w.tenant.id);
  const both = await Promise.all([ask(w, story.id, "retry"), ask(w, story.id, "give_up")]);
  expect(both.map(({ status }) => status).sort((a, b) => a - b)).toEqual([202, 409]);
  expect(await log(w, story.id)).toHaveLength(1);

  for (const key of [w.keys.secret, w.operator]) {
    const one = await toldOf(w.tenant.id);
    const repeated = () => send("POST", `/v1/stories/${one.id}/retry`, {}, { key, idempotencyKey: "one intent" });
    const [first, second] = [await repeated(), await repeated()];
    expect([second.status, second.text, second.headers.get("idempotency-replayed")]).toEqual([202, first.text, "true"]);
    expect(await log(w, one.id)).toHaveLength(1);
  }
});

test("what an operator asks stands in the tenant's log, in the tenant's time, with the operator", async () => {
  const w = await world();
  const key = { key: w.keys.testSecret };
  const clock = (await w.post("/v1/test_clocks", { now: "2027-03-01T00:00:00Z" }, key)).body;
  const story = await toldOf(w.tenant.sandbox_id);
  const asked = await ask(w, story.id, "give_up", { reason: "Stopped by us" }, w.operator);
  expect(asked.body, asked.text).toMatchObject({ tenant_id: w.tenant.sandbox_id, last_command: { reason: "Stopped by us" } });
  const [event] = await log(w, story.id, w.keys.testSecret);
  const now = (await w.get(`/v1/test_clocks/${clock["id"]}`, undefined, key)).body["now"];
  expect(event).toMatchObject({ type: "story.give_up_requested", actor: { type: "operator" }, created_at: now });
  expect(event?.["data"]["object"]).not.toHaveProperty("tenant_id");
  expect(await log(w, story.id)).toEqual([]);
});

test("a pump takes retry alone, and no tenant's log tells of it", async () => {
  const w = await world();
  const pump = await toldOf("platform", { workflow_id: workflowId(), kind: "send_mail", subject_id: "00", state: "stuck" });
  const refusal = async (command: string) => (await ask(w, pump.id, command, {}, w.operator)).body["code"];
  expect([await refusal("skip_wait"), await refusal("give_up")]).toEqual(["story_cannot_skip", "story_cannot_give_up"]);
  const events = () => env.DB_00.prepare("select count(*) as n from events where subject_id = ?").bind(pump.id).first();
  expect((await ask(w, pump.id, "retry", {}, w.operator)).status).toBe(202);
  expect(await events()).toEqual({ n: 0 });
  await commanded(pump, "retry", "done");
  expect((await get(w, pump.id, w.operator)).body["last_command"]).toMatchObject({ command: "retry", outcome: "done" });
});

test("a failed story may be tried again, one that ended or belongs to an order takes what it may", async () => {
  const w = await world();
  const over = { ended_at: "2026-11-28T10:00:00Z" };
  const failed = await toldOf(w.tenant.id, { ...over, kind: "run_operation", state: "failed", error_code: "internal_error" });
  const ended = await toldOf(w.tenant.id, { ...over, state: "ended" });
  const order = await toldOf(w.tenant.id, { kind: "fulfill_order", state: "stuck", waits_for: null });
  const codes = async (id: string) => {
    const shown = (await get(w, id)).body["commands"] as string[];
    const answers = new Map<string, string>();
    for (const command of ["give_up", "skip_wait", "retry"]) {
      const { status, body } = await ask(w, id, command);
      answers.set(command, status === 202 ? "asked" : body["code"]);
    }
    expect(shown, "what it says it takes, it takes").toEqual(
      [...answers].filter(([, code]) => code === "asked").map(([name]) => name),
    );
    return Object.fromEntries(answers);
  };
  expect(await codes(failed.id)).toEqual({ retry: "asked", skip_wait: "story_ended", give_up: "story_ended" });
  expect(await codes(ended.id)).toEqual({ retry: "story_ended", skip_wait: "story_ended", give_up: "story_ended" });
  expect(await codes(order.id)).toEqual({ retry: "asked", skip_wait: "story_cannot_skip", give_up: "story_cannot_give_up" });
});

test("a story is shown for thirty days after its end, and an open one for as long as it takes", async () => {
  const w = await world();
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  const over = (days: number) => toldOf(w.tenant.id, { state: "ended", started_at: daysAgo(90), ended_at: daysAgo(days) });
  const [old, young] = [await over(31), await over(29)];
  const open = await toldOf(w.tenant.id, { started_at: daysAgo(90) });
  const plans = await plansOf(/from stories/, () => purge(env.DB_00, new Date()));
  expect(plans.map(({ plan }) => plan.some((step) => step.includes("USING COVERING INDEX stories_age")))).toEqual([true]);
  expect((await get(w, old.id)).status).toBe(404);
  expect([(await get(w, young.id)).status, (await get(w, open.id)).status]).toEqual([200, 200]);
});

test("an order, an operation and a clock name the story that the host starts for them, and no other", async () => {
  const p = await player();
  const started = async (type: string, subject: string, key = p.secret) => {
    const found = await list<{ type: string; seq: number; subject: { type: string; id: string } }>(
      `/v1/events?subject_id=${subject}`,
      key,
    );
    const event = found.find((each) => each.type === type);
    if (!event) throw new Error(`Nothing told of ${type}`);
    return startFor({
      ...event,
      tenant_id: key === p.secret ? p.tenantId : p.sandboxId,
      id: "",
      at: "",
      clock: { livemode: true },
    });
  };
  const named = async (path: string, key = p.secret) =>
    (await send("GET", path, undefined, { key })).body["workflow_id"] as string | null;

  const order = await make(p, "order");
  expect(await named(`/v1/orders/${order.id}`)).toBeNull();
  await does(p, "POST", `/v1/orders/${order.id}/approve`);
  expect(await named(`/v1/orders/${order.id}`)).toBe((await started("order.fulfillment_requested", order.id))?.workflowId);

  const operation = await make(p, "operation");
  expect(operation["workflow_id"]).toBe((await started("operation.created", operation.id))?.workflowId);

  const clock = await make(p, "test_clock");
  expect(await named(`/v1/test_clocks/${clock.id}`, p.sandboxSecret)).toBeNull();
  await does(asSandbox(p), "POST", `/v1/test_clocks/${clock.id}/advance`, { by: "P1D" });
  expect(await named(`/v1/test_clocks/${clock.id}`, p.sandboxSecret)).toBe(
    (await started("test_clock.advance_requested", clock.id, p.sandboxSecret))?.workflowId,
  );
  const [listed] = await list<{ workflow_id: string | null }>("/v1/test_clocks?", p.sandboxSecret);
  expect(listed?.workflow_id).toMatch(/^clock\//);
});

test("lists and sweeps of stories go by an index, a tenant's and everybody's", async () => {
  const w = await world();
  const story = await toldOf(w.tenant.id);
  const filters = ["", "state=stuck", `subject_id=${story.subject_id}`, `workflow_id=${story.workflow_id}`];
  const plans = await plansOf(/\bstories\b/, async () => {
    for (const key of [w.keys.secret, w.operator]) for (const filter of filters) await stories(key, filter);
    await stories(w.operator, `tenant_id=${w.tenant.id}`);
    for (const key of [w.keys.secret, w.operator]) await get(w, story.id, key);
    await asHost("/internal/stories/open", { shard: "00", after: null, limit: 10 });
    await ask(w, story.id, "give_up");
    await commands([]);
    await commanded(story, "give_up", "done");
  });
  expect(plans.length).toBeGreaterThan(10);
  for (const { sql, plan } of plans) {
    expect(
      plan.filter((step) => /SCAN "?stories/.test(step) && !/USING (COVERING )?INDEX/.test(step)),
      sql,
    ).toEqual([]);
    const isSorted = plan.some((step) => step.includes("USE TEMP B-TREE FOR ORDER BY"));
    expect(isSorted && !/commanded_at|subject_id" = /.test(sql), `${sql}: ${plan.join("; ")}`).toBe(false);
  }
});
