import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { onItsWay, targetFrom } from "./advancing.ts";
import { presentTestClock } from "./presenters.ts";
import { sandboxOnly, testClockBackward, testClockExists, testClockTooFar } from "./problems.ts";
import { NewTestClock, TestClock } from "./schemas.ts";

export const createTestClock = endpoint({
  route: createRoute({
    operationId: "test_clocks.create",
    method: "post",
    path: "/v1/test_clocks",
    security: scope("test_clocks:write"),
    summary: "Hold a sandbox's time",
    description:
      "From here on the sandbox's time stands still until the clock is advanced or deleted. Called with a test key; a sandbox has one clock.",
    request: { body: jsonBody(NewTestClock) },
    responses: {
      201: json(TestClock, "The clock; advancing where a later instant was asked for"),
      ...problems(sandboxOnly, testClockExists, testClockBackward, testClockTooFar, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, now, realNow } = c.var;
    const body = c.req.valid("json");
    if (repo.tenant.livemode) throw sandboxOnly({ sandbox: repo.tenant.twinId });
    if (repo.tenant.clockFrozenAt !== null) throw testClockExists({});
    const ready = {
      tenantId: repo.tenantId,
      id: newId("test_clock", repo.shard, realNow),
      status: "ready" as const,
      target: null,
      waitsFor: null,
      waitsSince: null,
      error: null,
      ...newOwned(body, now),
    };
    const target = body.now === undefined ? now : targetFrom(now, { to: body.now });
    const row = target > now ? onItsWay(ready, target, now) : ready;
    const made = presentTestClock(row, now);
    const facts = [fact("test_clock.created", made), ...(target > now ? [fact("test_clock.advance_requested", made)] : [])];
    await repo.testClocks
      .insert(row, now, { facts, answer: [201, made] })
      .catch(asTaken({ tenant_id: () => testClockExists({}) }));
    return c.json(made, 201);
  },
});
