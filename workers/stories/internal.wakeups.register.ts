import { createRoute } from "@hono/zod-openapi";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { openForStory } from "#kernel/story";
import { z, InstantInput, Ref } from "#kernel/wire";

const Registered = z.object({
  /** its instant has come already */
  due: z.boolean(),
  /** in how many milliseconds of real time it comes; null: the sandbox's time stands still */
  in_ms: z.number().nullable(),
});

/** A story of a sandbox says until when it waits, in the sandbox's own time. */
export const registerWakeup = internalEndpoint({
  route: createRoute({
    operationId: "internal.wakeups.register",
    method: "post",
    path: "/internal/wakeups/register",
    request: { body: jsonBody(z.strictObject({ tenant_id: Ref, workflow_id: Ref, at: InstantInput })) },
    responses: { 200: json(Registered, "The wake-up is registered") },
  }),

  handler: async (c) => {
    const { tenant_id, workflow_id, at } = c.req.valid("json");
    const { repo, now, tenant } = await openForStory(c, tenant_id, workflow_id);
    const standsStill = tenant.clockFrozenAt !== null;
    const { due } = await repo.wakeups.register(workflow_id, at, standsStill);
    const inMs = standsStill ? null : Math.max(0, at.getTime() - now.getTime());
    return c.json({ due, in_ms: inMs }, 200);
  },
});
