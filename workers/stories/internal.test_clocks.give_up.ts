import { createRoute } from "@hono/zod-openapi";
import type { TestClockRow } from "#db/stories/test-clocks";
import { changing } from "#kernel/changing";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { openForStory } from "#kernel/story";
import { z, Ref } from "#kernel/wire";
import { TEST_CLOCK_STATUSES } from "#rules/stories/clocks";
import { presentTestClock } from "./presenters.ts";

const GivenUp = z.strictObject({ tenant_id: Ref, clock_id: Ref, workflow_id: Ref });
const Status = z.object({ status: z.enum([...TEST_CLOCK_STATUSES, "deleted"]) });

/** Somebody has given up moving a clock: it stands where it had come to, and may be advanced again. One that has arrived stays as it is. */
export const giveUpTestClock = internalEndpoint({
  route: createRoute({
    operationId: "internal.test_clocks.give_up",
    method: "post",
    path: "/internal/test_clocks/give_up",
    request: { body: jsonBody(GivenUp) },
    responses: { 200: json(Status, "How the clock stands") },
  }),

  handler: async (c) => {
    const { tenant_id, clock_id, workflow_id } = c.req.valid("json");
    const { repo, now } = await openForStory(c, tenant_id, workflow_id);
    const status = await changing(async (): Promise<z.infer<typeof Status>["status"] | undefined> => {
      const row = await repo.testClocks.byId(clock_id);
      if (!row) return "deleted";
      if (row.status !== "advancing") return row.status;
      const error = "Given up on request; advance again to resume.";
      const failed: TestClockRow = { ...row, status: "failed", error, updatedAt: now };
      const facts = [changeFact("test_clock.failed", presentTestClock(row, now), presentTestClock(failed, now))];
      return (await repo.testClocks.update(failed, { facts, answer: [200, null] })) && "failed";
    });
    return c.json({ status }, 200);
  },
});
