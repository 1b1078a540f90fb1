import { createRoute } from "@hono/zod-openapi";
import { listOpen } from "#db/stories/mirror";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { z, Ref } from "#kernel/wire";
import { shardDatabase, Shard } from "./asked-of.ts";

const Asked = z.strictObject({ shard: Shard, after: Ref.nullable(), limit: z.int().min(1).max(1000) });
const Open = z.object({
  stories: z.array(z.object({ tenant_id: z.string(), workflow_id: z.string(), run_id: z.string() })),
  /** what to ask behind; null: these were the last */
  next: z.string().nullable(),
});

/** What the edge takes for open, page by page: the host knows which of them ended while it looked away. */
export const listOpenStories = internalEndpoint({
  route: createRoute({
    operationId: "internal.stories.open",
    method: "post",
    path: "/internal/stories/open",
    request: { body: jsonBody(Asked) },
    responses: { 200: json(Open, "Stories that are not known to be over") },
  }),

  handler: async (c) => {
    const { shard, after, limit } = c.req.valid("json");
    const found = await listOpen(shardDatabase(c.env, shard), shard, after, limit);
    const next = found.length < limit ? null : (found.at(-1)?.id ?? null);
    const stories = found.map(({ tenantId, workflowId, runId }) => ({
      tenant_id: tenantId,
      workflow_id: workflowId,
      run_id: runId,
    }));
    return c.json({ stories, next }, 200);
  },
});
