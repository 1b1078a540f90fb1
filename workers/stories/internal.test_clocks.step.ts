import { createRoute } from "@hono/zod-openapi";
import type { Surroundings, TestClockRow } from "#db/stories/test-clocks";
import type { OpenedTenant } from "#kernel/asking";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { changeFact, fact } from "#kernel/facts";
import { openForStory } from "#kernel/story";
import { z, Instant, Ref } from "#kernel/wire";
import { isOutOfPatience, nextStep, PATIENCE_MS, TEST_CLOCK_STATUSES } from "#rules/stories/clocks";
import { presentTestClock } from "./presenters.ts";

const Step = z.strictObject({
  tenant_id: Ref,
  clock_id: Ref,
  /** the story that moves the clock */
  workflow_id: Ref,
  /** events up to this one were looked at: the stories that they started are at rest */
  behind: z.int().min(0),
  /** a story that an event started, and that is still at work */
  busy: Ref.nullable(),
});

const Waker = z.object({ workflow_id: z.string(), at: Instant });
const Seen = z.object({ seq: z.int(), type: z.string(), subject: z.object({ type: z.string(), id: z.string() }), at: Instant });

const Stepped = z.object({
  status: z.enum([...TEST_CLOCK_STATUSES, "deleted"]),
  now: Instant,
  /** the story to be told that its instant has come; telling it twice does no harm */
  wake: Waker.nullable(),
  /** events that nobody has looked at, and up to which */
  events: z.array(Seen),
  behind: z.int(),
});
type Answer = z.infer<typeof Stepped>;

/** One step of a clock that is being moved. May be asked as often as one likes: a step is made once. */
export const stepTestClock = internalEndpoint({
  route: createRoute({
    operationId: "internal.test_clocks.step",
    method: "post",
    path: "/internal/test_clocks/step",
    request: { body: jsonBody(Step) },
    responses: { 200: json(Stepped, "How the clock stands, and whom to wake") },
  }),

  handler: async (c) => {
    const asked = c.req.valid("json");
    const opened = await openForStory(c, asked.tenant_id, asked.workflow_id);
    const row = await opened.repo.testClocks.byId(asked.clock_id);
    const answer = { now: opened.now.toISOString(), wake: null, events: [], behind: asked.behind };
    if (!row) return c.json({ ...answer, status: "deleted" as const }, 200);
    if (row.status !== "advancing" || row.target === null) return c.json({ ...answer, status: row.status }, 200);

    const around = await opened.repo.testClocks.surroundings(asked.behind);
    const { woken, events, next } = around;
    const sight = { now: opened.now, target: row.target, woken: woken?.workflowId ?? null, events, busy: asked.busy, next };
    const step = nextStep(sight);
    const stepping = { opened, row, realNow: c.var.realNow, answer: { ...answer, status: "advancing" as const } };
    if (step.kind === "wait") return c.json(await waited(stepping, step.for, around), 200);
    if (step.kind === "look") {
      const seen = events.map(({ seq, type, subject, at }) => ({ seq, type, subject, at: at.toISOString() }));
      return c.json({ ...stepping.answer, events: seen, behind: step.behind }, 200);
    }
    if (step.kind === "wake") return c.json(await wakened(stepping, step), 200);
    return c.json(await arrived(stepping, row.target), 200);
  },
});

type Stepping = { opened: OpenedTenant; row: TestClockRow; realNow: Date; answer: Answer };

/** Notes for what the clock waits, and since when; it says that it failed when that takes too long. */
async function waited(
  { opened, row, realNow, answer }: Stepping,
  story: string | null,
  { woken }: Surroundings,
): Promise<Answer> {
  const { repo, now } = opened;
  const wake = woken && woken.workflowId === story ? { workflow_id: woken.workflowId, at: answer.now } : null;
  if (row.waitsSince === null || row.waitsFor !== story) {
    await repo.testClocks.update({ ...row, waitsFor: story, waitsSince: realNow }, { facts: [], answer: [200, null] });
    return { ...answer, wake };
  }
  if (!isOutOfPatience(row.waitsSince, realNow)) return { ...answer, wake };
  const what =
    story === null ? "The events of this instant have not reached their stories" : `The story ${story} has not gone on`;
  const failed: TestClockRow = {
    ...row,
    status: "failed",
    error: `${what} within ${PATIENCE_MS / 1000} seconds; advance again to resume.`,
    updatedAt: now,
  };
  const facts = [changeFact("test_clock.failed", presentTestClock(row, now), presentTestClock(failed, now))];
  const told = await repo.testClocks.update(failed, { facts, answer: [200, null] });
  return told ? { ...answer, status: "failed" } : answer;
}

async function wakened(
  { opened, row, realNow, answer }: Stepping,
  { workflowId, at }: { workflowId: string; at: Date },
): Promise<Answer> {
  const waits = { ...row, waitsFor: workflowId, waitsSince: realNow };
  if (!(await opened.repo.testClocks.wake(waits, { workflowId, at }))) return answer;
  const now = at.toISOString();
  return { ...answer, now, wake: { workflow_id: workflowId, at: now } };
}

async function arrived({ opened, row, answer }: Stepping, target: Date): Promise<Answer> {
  const ready: TestClockRow = { ...row, status: "ready", target: null, waitsFor: null, waitsSince: null, updatedAt: target };
  const facts = [fact("test_clock.advanced", presentTestClock(ready, target))];
  const told = await opened.repo.testClocks.arrive(ready, target, { facts, answer: [200, null] });
  return told ? { ...answer, status: "ready", now: target.toISOString() } : answer;
}
