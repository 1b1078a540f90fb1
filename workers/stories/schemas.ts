import { listQuery } from "#kernel/endpoint";
import { Duration } from "#kernel/terms";
import { z, Instant, InstantInput, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { ALERT_CODES } from "#rules/stories/alerts";
import { FOUND_STORIES, LIFECYCLE_STATES } from "#rules/stories/lifecycle";
import { TEST_CLOCK_STATUSES } from "#rules/stories/clocks";
import { STORY_COMMANDS, STORY_STATES } from "#rules/stories/states";

export const TestClock = z
  .object({
    object: z.literal("test_clock"),
    id: z.string(),
    status: z.enum(TEST_CLOCK_STATUSES).openapi({
      description:
        "ready: the sandbox's time stands still. advancing: it goes from one due story to the next. failed: a story did not go on; advance again to resume.",
    }),
    now: Instant.openapi({ description: "The sandbox's time." }),
    target: Instant.nullable().openapi({ description: "Where it is being advanced to; null where it has arrived." }),
    waits_for: z
      .object({
        story: z
          .string()
          .nullable()
          .openapi({ description: "The workflow that has to go on first; null: events that are on their way to their stories." }),
        since: Instant.openapi({ description: "In real time." }),
      })
      .nullable(),
    error: z.string().nullable().openapi({ description: "Why it failed, in a sentence." }),
    workflow_id: z.string().nullable().openapi({
      description:
        "Of the story that advances it, until it has arrived: GET /v1/stories?workflow_id=. Null in the answer that sets the clock on its way, as the story begins behind it.",
    }),
    ...ownedOutput,
  })
  .openapi("TestClock");

export const NewTestClock = z
  .strictObject({
    now: InstantInput.optional().openapi({
      description:
        "Where the sandbox's time is to stand; left out: where it is. To come to a later instant the clock is advanced at once.",
      example: "2026-12-01T00:00:00.000Z",
    }),
    ...ownedInput,
  })
  .openapi("NewTestClock", { example: {} });

export const AdvanceTestClock = z
  .union([
    z.strictObject({ by: Duration.openapi({ description: "An ISO 8601 duration, by the calendar in UTC.", example: "P1M" }) }),
    z.strictObject({ to: InstantInput }),
  ])
  .openapi("AdvanceTestClock", { example: { by: "P1M" } });

export const TestClockQuery = listQuery({});

const Sentence = z.string();

export const Story = z
  .object({
    object: z.literal("story"),
    id: z.string(),
    tenant_id: z.string().optional().openapi({ description: "Shown to operators alone: whose it is; `platform` for pumps." }),
    kind: z.string().openapi({ example: "fulfill_order" }),
    workflow_id: z.string().openapi({ example: "order/ord_00…" }),
    run_id: z.string(),
    subject: z.object({ type: z.string(), id: z.string() }).openapi({ description: "What the story is about." }),
    state: z.enum(STORY_STATES).openapi({
      description:
        "waiting: for an instant, a signal or somebody. working. retrying: something failed and is tried again. stuck: the same for so long that somebody should look. failed and ended: it is over.",
    }),
    outcome: z.string().nullable().openapi({ description: "Of a story that is over: its own last word." }),
    summary: Sentence.openapi({ description: "What it is there for." }),
    details: Sentence.openapi({ description: "What it does at this moment." }),
    waits_for: z.string().nullable(),
    waits_until: Instant.nullable(),
    attempt: z.int().openapi({ description: "Of what is tried again; 0 where nothing is." }),
    error_code: z.string().nullable(),
    error: z.string().nullable(),
    since: Instant.openapi({ description: "Since when it has been in this state. All instants of stories are real time." }),
    started_at: Instant,
    ended_at: Instant.nullable(),
    help: Sentence.openapi({ description: "What would help." }),
    commands: z.array(z.enum(STORY_COMMANDS)).openapi({ description: "What may be asked of it now." }),
    last_command: z
      .object({
        command: z.enum(STORY_COMMANDS),
        reason: z.string().nullable(),
        at: Instant,
        outcome: z.enum(["done", "refused"]).nullable().openapi({ description: "null: the worker host has not told yet." }),
        detail: z.string().nullable(),
      })
      .nullable(),
    temporal_ui_url: z.string().nullable().openapi({ description: "Its page in the Temporal UI, where the edge knows of one." }),
    seen_at: Instant.openapi({ description: "When the worker host told of it last." }),
  })
  .openapi("Story");

export const StoryQuery = listQuery({
  state: z.enum(STORY_STATES).optional(),
  kind: Ref.optional(),
  subject_id: Ref.optional().openapi({ description: "The order, operation, endpoint or clock that it is about." }),
  workflow_id: Ref.optional(),
  tenant_id: Ref.optional().openapi({ description: "For operators; `platform` lists the pumps." }),
});

export const StoryOrder = z
  .strictObject({
    reason: text(500).optional().openapi({ description: "Kept with the command, and in the event that tells of it." }),
  })
  .openapi("StoryOrder", { example: { reason: "The provider is back" } });

export const LifecycleRun = z
  .object({
    object: z.literal("lifecycle_run"),
    id: z.string(),
    shard: z.string(),
    state: z.enum(LIFECYCLE_STATES).openapi({
      description:
        "waiting: for the worker host, which takes it within seconds. running, done; failed: it did not come to its end.",
    }),
    looked: z.int().openapi({ description: "How much work it found that demands a story, and whose story it looked for." }),
    started: z.int().openapi({ description: "How many of those stories were missing or over, and were started." }),
    found: z
      .array(
        z.object({
          workflow_id: z.string(),
          kind: z.string(),
          was: z.enum(FOUND_STORIES).openapi({ description: "What had become of it: missing, or how it was over." }),
        }),
      )
      .openapi({ description: "The first hundred of them." }),
    error: z.string().nullable().openapi({ description: "Why it failed." }),
    created_at: Instant,
    ended_at: Instant.nullable(),
  })
  .openapi("LifecycleRun");

export const NewLifecycleRun = z
  .strictObject({
    shard: z.string().length(2).optional().openapi({ description: "Whose work is swept; left out: the first shard's." }),
  })
  .openapi("NewLifecycleRun", { example: { shard: "00" } });

export const Alert = z
  .object({
    object: z.literal("alert"),
    code: z.enum(ALERT_CODES),
    since: Instant,
    subject: z.object({ type: z.string(), id: z.string() }).openapi({ description: "What it is about." }),
    detail: z.string().openapi({ description: "What is wrong, in a sentence." }),
    fix: z.string().openapi({ description: "What helps." }),
  })
  .openapi("Alert");
