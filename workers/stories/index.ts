import { listAlerts } from "./alerts.list.ts";
import { giveUpTestClock } from "./internal.test_clocks.give_up.ts";
import { claimLifecycleRun } from "./internal.lifecycle.claim.ts";
import { listDueWork } from "./internal.lifecycle.due.ts";
import { tellLifecycleRun } from "./internal.lifecycle.tell.ts";
import { getLifecycleRun } from "./lifecycle.get.ts";
import { runLifecycle } from "./lifecycle.run.ts";
import { stepTestClock } from "./internal.test_clocks.step.ts";
import { endWakeup } from "./internal.wakeups.done.ts";
import { listWakeups } from "./internal.wakeups.list.ts";
import { registerWakeup } from "./internal.wakeups.register.ts";
import { closeStoryCommand } from "./internal.stories.commanded.ts";
import { listStoryCommands } from "./internal.stories.commands.ts";
import { mirrorStories } from "./internal.stories.mirror.ts";
import { listOpenStories } from "./internal.stories.open.ts";
import { getStory } from "./stories.get.ts";
import { giveUpStory } from "./stories.give_up.ts";
import { listStories } from "./stories.list.ts";
import { retryStory } from "./stories.retry.ts";
import { skipStoryWait } from "./stories.skip_wait.ts";
import { advanceTestClock } from "./test_clocks.advance.ts";
import { createTestClock } from "./test_clocks.create.ts";
import { deleteTestClock } from "./test_clocks.delete.ts";
import { getTestClock } from "./test_clocks.get.ts";
import { listTestClocks } from "./test_clocks.list.ts";

/** What stories ask of the edge besides their subject, how they stand and what may be asked of them, and the clocks by which a sandbox's stories live. */
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
  listStories,
  getStory,
  retryStory,
  skipStoryWait,
  giveUpStory,
  mirrorStories,
  listOpenStories,
  listStoryCommands,
  closeStoryCommand,
  giveUpTestClock,
  listAlerts,
  runLifecycle,
  getLifecycleRun,
  claimLifecycleRun,
  listDueWork,
  tellLifecycleRun,
];
