import { CancellationScope, condition, defineSignal, proxyLocalActivities, setHandler, workflowInfo } from "@temporalio/workflow";

/** Whose time a story lives by: a live tenant's is real time, a sandbox's may be moved by its test clock. */
export type StoryClock = { tenantId: string; livemode: boolean };

/** What a story on a sandbox's clock needs done. */
export type ClockActivities = {
  /**
   * Notes that the story waits for an instant, in place of what it waited for before. `due`: the clock has come to it already. `inMs`: in how
   * much real time it comes; null: the sandbox's time stands still.
   */
  registerWakeup: (wakeup: {
    tenantId: string;
    workflowId: string;
    at: string;
  }) => Promise<{ due: boolean; inMs?: number | null }>;
  /** The story waits for no instant any more, so the clock need not wait for it. */
  wakeupDone: (wakeup: { tenantId: string; workflowId: string }) => Promise<void>;
};

/** Tells a story that its sandbox's clock has come to `at` (ISO 8601). Saying it twice, or late, does no harm. */
export const wake = defineSignal<[{ at: string }]>("wake");

/** Tells a story that its sandbox's time runs on by itself, so that it looks anew how long it has to wait. */
export const timeRuns = defineSignal("timeRuns");

const act = proxyLocalActivities<ClockActivities>({
  startToCloseTimeout: "10 seconds",
  localRetryThreshold: "5 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/** The longest timer set at once (a year); a later instant is reached in several. */
const LONGEST_WAIT_MS = 365 * 24 * 3_600_000;

/**
 * Waits until business time has reached `at`, or until `orElse()` becomes true, and says which of the two it was.
 * A live tenant's time is real time. A sandbox's may stand still, or be ahead: its story asks how long it has to wait, and a test clock wakes it.
 */
export async function untilInstant(
  clock: StoryClock,
  at: Date,
  orElse: () => boolean = () => false,
): Promise<"reached" | "interrupted"> {
  const instant = at.toISOString(); // refuses an invalid date at once, instead of taking it for one that has passed
  if (orElse()) return "interrupted";
  if (!clock.livemode) return untilWoken(clock, at, orElse);

  // the only clock a story reads: that of its own history, which starts the timer
  for (let leftMs = msUntil(at); leftMs > 0 && !orElse(); leftMs = msUntil(at)) {
    await condition(orElse, Math.min(leftMs, LONGEST_WAIT_MS), { summary: `until ${instant}` });
  }
  return msUntil(at) > 0 ? "interrupted" : "reached";
}

async function untilWoken(clock: StoryClock, at: Date, orElse: () => boolean): Promise<"reached" | "interrupted"> {
  const instant = at.toISOString();
  const told = { woken: false, timeRuns: false };
  setHandler(wake, (signal) => void (told.woken ||= new Date(signal.at) >= at));
  setHandler(timeRuns, () => void (told.timeRuns = true));
  const isOver = () => told.woken || orElse();
  const isNews = () => isOver() || told.timeRuns;

  while (!isOver()) {
    told.timeRuns = false;
    const wakeup = { tenantId: clock.tenantId, workflowId: workflowInfo().workflowId, at: instant };
    const { due, inMs = msUntil(at) } = await act.registerWakeup(wakeup);
    told.woken ||= due;
    if (isNews()) continue;
    // while time stands still there is no timer that could be right: who lets it run on, or moves it, says so
    if (inMs === null) await condition(isNews);
    else await condition(isNews, Math.max(1, Math.min(inMs, LONGEST_WAIT_MS)), { summary: `until ${instant}` });
  }

  if (told.woken) return "reached";
  await leaveClock(clock);
  return "interrupted";
}

/**
 * Runs a story that waits for instants, and takes it off the sandbox's clock when it ends, however it ends:
 * a clock that is advanced waits for every story it has woken.
 */
export async function onClock<T>(clock: StoryClock, story: () => Promise<T>): Promise<T> {
  try {
    return await story();
  } finally {
    await CancellationScope.nonCancellable(() => leaveClock(clock));
  }
}

async function leaveClock(clock: StoryClock): Promise<void> {
  if (clock.livemode) return;
  await act.wakeupDone({ tenantId: clock.tenantId, workflowId: workflowInfo().workflowId });
}

/** The instant in real time that comes after so many milliseconds. */
export function instantIn(ms: number): Date {
  return new Date(new Date().getTime() + ms);
}

function msUntil(at: Date): number {
  return at.getTime() - new Date().getTime();
}
