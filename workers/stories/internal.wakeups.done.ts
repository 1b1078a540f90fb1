import { createRoute } from "@hono/zod-openapi";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { openForStory } from "#kernel/story";
import { z, Ref } from "#kernel/wire";

/** A story of a sandbox waits no longer. */
export const endWakeup = internalEndpoint({
  route: createRoute({
    operationId: "internal.wakeups.done",
    method: "post",
    path: "/internal/wakeups/done",
    request: { body: jsonBody(z.strictObject({ tenant_id: Ref, workflow_id: Ref })) },
    responses: { 200: json(z.object({}), "The wake-up is gone") },
  }),

  handler: async (c) => {
    const { tenant_id, workflow_id } = c.req.valid("json");
    const { repo } = await openForStory(c, tenant_id, workflow_id);
    await repo.wakeups.done(workflow_id);
    return c.json({}, 200);
  },
});
