import type { TestClockRow } from "#db/stories/test-clocks";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { TestClock } from "./schemas.ts";

/** `now` is the sandbox's time. */
export const presentTestClock = (row: TestClockRow, now: Date): z.infer<typeof TestClock> => ({
  object: "test_clock",
  id: row.id,
  status: row.status,
  now: now.toISOString(),
  target: row.target?.toISOString() ?? null,
  waits_for: row.waitsSince === null ? null : { story: row.waitsFor, since: row.waitsSince.toISOString() },
  error: row.error,
  ...presentOwned(row),
});
