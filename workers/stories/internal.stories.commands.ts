import { createRoute } from "@hono/zod-openapi";
import { listCommands } from "#db/stories/mirror";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { z, Instant } from "#kernel/wire";
import { STORY_COMMANDS } from "#rules/stories/states";
import { shardDatabase, Shard } from "./asked-of.ts";

const AT_ONCE = 100;

const Command = z.object({
  tenant_id: z.string(),
  story_id: z.string(),
  workflow_id: z.string(),
  run_id: z.string(),
  kind: z.string(),
  command: z.enum(STORY_COMMANDS),
  commanded_at: Instant,
});

/** What was asked of stories and waits to be carried out, the oldest first. It is shown until the host says what became of it. */
export const listStoryCommands = internalEndpoint({
  route: createRoute({
    operationId: "internal.stories.commands",
    method: "post",
    path: "/internal/stories/commands",
    request: { body: jsonBody(z.strictObject({ shard: Shard })) },
    responses: { 200: json(z.object({ commands: z.array(Command) }), "Commands that wait") },
  }),

  handler: async (c) => {
    const { shard } = c.req.valid("json");
    const found = await listCommands(shardDatabase(c.env, shard), shard, AT_ONCE);
    const commands = found.map((asked) => ({
      tenant_id: asked.tenantId,
      story_id: asked.id,
      workflow_id: asked.workflowId,
      run_id: asked.runId,
      kind: asked.kind,
      command: asked.command,
      commanded_at: asked.commandedAt.toISOString(),
    }));
    return c.json({ commands }, 200);
  },
});
