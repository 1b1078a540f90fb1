import { stepTestClock } from "./internal.test_clocks.step.ts";
import { endWakeup } from "./internal.wakeups.done.ts";
import { listWakeups } from "./internal.wakeups.list.ts";
import { registerWakeup } from "./internal.wakeups.register.ts";
import { advanceTestClock } from "./test_clocks.advance.ts";
import { createTestClock } from "./test_clocks.create.ts";
import { deleteTestClock } from "./test_clocks.delete.ts";
import { getTestClock } from "./test_clocks.get.ts";
import { listTestClocks } from "./test_clocks.list.ts";

/** What stories ask of the edge besides their subject, and the clocks by which a sandbox's stories live. */
export const stories = [
  registerWakeup,
  endWakeup,
  listWakeups,
  createTestClock,
  listTestClocks,
  getTestClock,
  advanceTestClock,
  deleteTestClock,
  stepTestClock,
];
