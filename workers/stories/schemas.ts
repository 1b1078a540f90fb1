import { listQuery } from "#kernel/endpoint";
import { Duration } from "#kernel/terms";
import { z, Instant, InstantInput, ownedInput, ownedOutput } from "#kernel/wire";
import { TEST_CLOCK_STATUSES } from "#rules/stories/clocks";

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
