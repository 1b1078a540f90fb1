import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { storyOf } from "./advancing.ts";
import { presentTestClock } from "./presenters.ts";
import { TestClock, TestClockQuery } from "./schemas.ts";

export const listTestClocks = endpoint({
  route: createRoute({
    operationId: "test_clocks.list",
    method: "get",
    path: "/v1/test_clocks",
    security: scope("test_clocks:read"),
    summary: "List test clocks",
    description: "The sandbox's clock, or none.",
    request: { query: TestClockQuery },
    responses: { 200: json(listOf(TestClock), "The sandbox's clock, or none"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const query = c.req.valid("query");
    const found = await repo.testClocks.list(await pageAsked(repo.tenantId, query));
    // there is one at most
    const [clock] = found.rows;
    const workflowId = clock ? await storyOf(repo, clock) : null;
    return c.json(await presentPage(repo.tenantId, query, found, (row) => presentTestClock(row, now, workflowId)), 200);
  },
});
