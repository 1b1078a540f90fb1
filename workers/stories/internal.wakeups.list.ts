import { createRoute } from "@hono/zod-openapi";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { openForStory } from "#kernel/story";
import { z, Ref } from "#kernel/wire";

const AT_ONCE = 200;

/** Which stories of a sandbox wait: whoever let its time run on tells them to look at it anew. */
export const listWakeups = internalEndpoint({
  route: createRoute({
    operationId: "internal.wakeups.list",
    method: "post",
    path: "/internal/wakeups/list",
    request: { body: jsonBody(z.strictObject({ tenant_id: Ref, after: z.string().max(255) })) },
    responses: {
      200: json(z.object({ workflow_ids: z.array(z.string()) }), "The next stories that wait; none: there are no more"),
    },
  }),

  handler: async (c) => {
    const { tenant_id, after } = c.req.valid("json");
    const { repo } = await openForStory(c, tenant_id, null);
    const found = await repo.wakeups.list(after, AT_ONCE);
    return c.json({ workflow_ids: found.map(({ workflowId }) => workflowId) }, 200);
  },
});
