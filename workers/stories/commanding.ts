import type { Context } from "hono";
import type { StoryRow } from "#db/stories/stories";
import { PLATFORM } from "#db/tenant-id";
import { changing } from "#kernel/changing";
import type { EitherEnv } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { noteOperator } from "#kernel/noting";
import type { ProblemError } from "#kernel/problem";
import type { z } from "#kernel/wire";
import type { EventType } from "#rules/events";
import { whyNotCommand, type WhyNotCommand } from "#rules/stories/commands";
import type { StoryCommand } from "#rules/stories/states";
import { presentFor, storiesBehind } from "./door.ts";
import { commandedOf, presentStory } from "./presenters.ts";
import { storyCannotGiveUp, storyCannotSkip, storyCommandPending, storyEnded, storyNotFound } from "./problems.ts";
import type { Story, StoryOrder } from "./schemas.ts";

const TOLD: Record<StoryCommand, EventType> = {
  retry: "story.retry_requested",
  skip_wait: "story.skip_wait_requested",
  give_up: "story.give_up_requested",
};

/**
 * Asks something of a story, and has its tenant's log tell who did. The worker host carries it out and says what became of it. What is asked of a
 * pump, which is no tenant's, stands in the edge's log, as what operators do to the platform elsewhere.
 */
export async function commandStory(
  c: Context<EitherEnv>,
  id: string,
  { command, reason = null }: { command: StoryCommand; reason?: z.infer<typeof StoryOrder>["reason"] | null },
): Promise<z.infer<typeof Story>> {
  const stories = storiesBehind(c.var.door);
  const order = { command, commandReason: reason };
  const { row, shown } = await changing(async () => {
    const before = await stories.byId(id);
    if (!before) throw storyNotFound({});
    const whyNot = whyNotCommand(commandedOf(before), command);
    if (whyNot) throw PROBLEMS[whyNot](before);
    const row: StoryRow = { ...before, ...order, commandedAt: c.var.realNow, commandOutcome: null, commandDetail: null };
    const shown = presentFor(c)(row);
    const facts = [changeFact(TOLD[command], presentStory(before, c.env), presentStory(row, c.env))];
    return (await stories.command(before, order, { facts, answer: [202, shown] })) && { row, shown };
  });
  if (row.tenantId === PLATFORM) noteOperator(c, `stories.${command}`, { workflow_id: row.workflowId, reason });
  return shown;
}

const PROBLEMS: Record<WhyNotCommand, (row: StoryRow) => ProblemError> = {
  ended: ({ state }) => storyEnded({ state }),
  pending: ({ command }) => storyCommandPending({ command: command ?? "something" }),
  cannot_skip: ({ kind }) => storyCannotSkip({ kind }),
  cannot_give_up: ({ kind }) => storyCannotGiveUp({ kind }),
};
