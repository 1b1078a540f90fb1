import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { empty, endpoint, idParam, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentTestClock } from "./presenters.ts";
import { testClockNotFound } from "./problems.ts";

export const deleteTestClock = endpoint({
  route: createRoute({
    operationId: "test_clocks.delete",
    method: "delete",
    path: "/v1/test_clocks/{id}",
    security: scope("test_clocks:write"),
    summary: "Let a sandbox's time run on",
    description:
      "The sandbox's time runs on from where it stands; it never goes back. An advance that is under way ends where it is.",
    request: { params: idParam("clk") },
    responses: { 204: empty("The time runs on"), ...problems(testClockNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    await changing(async () => {
      const row = await repo.testClocks.byId(id);
      if (!row) throw testClockNotFound({});
      return repo.testClocks.delete(row, {
        facts: [fact("test_clock.deleted", presentTestClock(row, now))],
        answer: [204, null],
      });
    });
    return c.body(null, 204);
  },
});
