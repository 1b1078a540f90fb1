import { createRoute } from "@hono/zod-openapi";
import { closeUntold, storyOfAnyone, type Closed, type StoryRow } from "#db/stories/stories";
import { PLATFORM } from "#db/tenant-id";
import { openTenant } from "#kernel/asking";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { z, InstantInput, Ref } from "#kernel/wire";
import { STORY_COMMANDS } from "#rules/stories/states";
import { shardDatabase, Shard } from "./asked-of.ts";
import { presentStory } from "./presenters.ts";
import { cut } from "./seen.ts";

const Commanded = z.strictObject({
  shard: Shard,
  tenant_id: Ref,
  story_id: Ref,
  command: z.enum(STORY_COMMANDS),
  /** of the command that was carried out, so that news which come late end no later one; left out: the one that waits */
  commanded_at: InstantInput.optional(),
  outcome: z.enum(["done", "refused"]),
  detail: z.string().nullable(),
});

const DETAIL = 500;

/** The host says what became of a command. Said twice, it counts once. */
export const closeStoryCommand = internalEndpoint({
  route: createRoute({
    operationId: "internal.stories.commanded",
    method: "post",
    path: "/internal/stories/commanded",
    request: { body: jsonBody(Commanded) },
    responses: { 200: json(z.object({}), "It is noted") },
  }),

  handler: async (c) => {
    const { shard, tenant_id, story_id, command, commanded_at, outcome, detail } = c.req.valid("json");
    const d1 = shardDatabase(c.env, shard);
    const row = await storyOfAnyone(d1, tenant_id, story_id);
    if (!row || row.command !== command || row.commandOutcome !== null) return c.json({}, 200);
    if (commanded_at && row.commandedAt?.getTime() !== commanded_at.getTime()) return c.json({}, 200);
    const closed: Closed = { outcome, detail: detail === null ? null : cut(detail, DETAIL) };
    const opened =
      tenant_id === PLATFORM ? undefined : await openTenant(c, tenant_id, { type: "workflow", id: row.workflowId, ip: null });
    if (!opened) {
      await closeUntold(d1, row, closed);
      return c.json({}, 200);
    }
    const after: StoryRow = { ...row, commandOutcome: outcome, commandDetail: closed.detail };
    const isGivenUp = command === "give_up" && outcome === "done";
    const facts = isGivenUp ? [fact("story.given_up", presentStory(after, c.env))] : [];
    await opened.repo.stories.close(row, closed, { facts, answer: [200, {}] });
    return c.json({}, 200);
  },
});
