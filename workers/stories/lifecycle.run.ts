import { createRoute } from "@hono/zod-openapi";
import type { LifecycleRunRow } from "#db/stories/lifecycle";
import { json, operator, operatorEndpoint, optionalJsonBody, problems } from "#kernel/endpoint";
import { newId } from "#kernel/ids";
import { noteOperator } from "#kernel/noting";
import { changedMeanwhile } from "#kernel/problems";
import { shardDatabase } from "./asked-of.ts";
import { presentLifecycleRun } from "./presenters.ts";
import { lifecycleRunning } from "./problems.ts";
import { LifecycleRun, NewLifecycleRun } from "./schemas.ts";

export const runLifecycle = operatorEndpoint({
  route: createRoute({
    operationId: "lifecycle.run",
    method: "post",
    path: "/v1/lifecycle/run",
    security: operator(),
    summary: "Sweep for work that no story carries",
    description:
      "Looks at everything that is under way, and starts the stories that are missing or were ended before their work was done: after Temporal was restored, or somebody terminated one. What has its story is left alone. The same is done by itself every hour.",
    request: { body: optionalJsonBody(NewLifecycleRun) },
    responses: {
      202: json(LifecycleRun, "The sweep; the worker host takes it within seconds"),
      ...problems(lifecycleRunning, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { platform, realNow } = c.var;
    const { shard = platform.shard } = c.req.valid("json");
    shardDatabase(c.env, shard);
    const row: LifecycleRunRow = {
      id: newId("lifecycle_run", platform.shard, realNow),
      shard,
      state: "waiting",
      looked: 0,
      started: 0,
      found: [],
      error: null,
      leaseUntil: null,
      createdAt: realNow,
      endedAt: null,
    };
    const answer = presentLifecycleRun(row);
    if (!(await platform.lifecycle.insert(row, { facts: [], answer: [202, answer] }))) {
      const open = await platform.lifecycle.open(shard);
      throw open ? lifecycleRunning({ id: open.id }) : changedMeanwhile({});
    }
    noteOperator(c, "lifecycle.run", { lifecycle_run_id: row.id, shard });
    return c.json(answer, 202);
  },
});
