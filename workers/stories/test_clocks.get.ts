import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { storyOf } from "./advancing.ts";
import { presentTestClock } from "./presenters.ts";
import { testClockNotFound } from "./problems.ts";
import { TestClock } from "./schemas.ts";

export const getTestClock = endpoint({
  route: createRoute({
    operationId: "test_clocks.get",
    method: "get",
    path: "/v1/test_clocks/{id}",
    security: scope("test_clocks:read"),
    summary: "Get a test clock",
    description: "Where it stands, where it is going, and for which story it waits.",
    request: { params: idParam("clk") },
    responses: { 200: json(TestClock, "The clock"), ...problems(testClockNotFound) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const row = await repo.testClocks.byId(c.req.valid("param").id);
    if (!row) throw testClockNotFound({});
    return c.json(presentTestClock(row, now, await storyOf(repo, row)), 200);
  },
});
