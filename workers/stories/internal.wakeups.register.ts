import { createRoute } from "@hono/zod-openapi";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { openForStory } from "#kernel/story";
import { z, InstantInput, Ref } from "#kernel/wire";

/** A story of a sandbox says until when it waits, in the sandbox's own time. */
export const registerWakeup = internalEndpoint({
  route: createRoute({
    operationId: "internal.wakeups.register",
    method: "post",
    path: "/internal/wakeups/register",
    request: { body: jsonBody(z.strictObject({ tenant_id: Ref, workflow_id: Ref, at: InstantInput })) },
    responses: { 200: json(z.object({ due: z.boolean() }), "The wake-up is registered; due: its instant has come already") },
  }),

  handler: async (c) => {
    const { tenant_id, workflow_id, at } = c.req.valid("json");
    const { repo, now } = await openForStory(c, tenant_id, workflow_id);
    await repo.wakeups.register(workflow_id, at);
    return c.json({ due: at <= now }, 200);
  },
});
