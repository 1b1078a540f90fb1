import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { onItsWay, targetFrom } from "./advancing.ts";
import { presentTestClock } from "./presenters.ts";
import { testClockAdvancing, testClockBackward, testClockNotFound, testClockTooFar } from "./problems.ts";
import { AdvanceTestClock, TestClock } from "./schemas.ts";

export const advanceTestClock = endpoint({
  route: createRoute({
    operationId: "test_clocks.advance",
    method: "post",
    path: "/v1/test_clocks/{id}/advance",
    security: scope("test_clocks:write"),
    summary: "Advance a test clock",
    description:
      "Moves the sandbox's time forward, two years at most. Every story that waits in between runs at exactly its instant, one after the other, each until it waits again or has ended. A failed clock goes on from where it stands.",
    request: { params: idParam("clk"), body: jsonBody(AdvanceTestClock) },
    responses: {
      202: json(TestClock, "The clock, on its way"),
      ...problems(testClockNotFound, testClockAdvancing, testClockBackward, testClockTooFar, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const target = targetFrom(now, c.req.valid("json"));
    const clock = await changing(async () => {
      const before = await repo.testClocks.byId(id);
      if (!before) throw testClockNotFound({});
      if (before.status === "advancing") throw testClockAdvancing({ target: before.target?.toISOString() ?? "" });
      const row = onItsWay(before, target, now);
      const after = presentTestClock(row, now);
      const facts = [changeFact("test_clock.advance_requested", presentTestClock(before, now), after)];
      return (await repo.testClocks.update(row, { facts, answer: [202, after] })) && after;
    });
    return c.json(clock, 202);
  },
});
