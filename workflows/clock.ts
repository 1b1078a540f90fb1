import { CancellationScope, condition, defineSignal, proxyLocalActivities, setHandler, workflowInfo } from "@temporalio/workflow";

/** Whose time a story lives by: a live tenant's is real time, a sandbox's may be moved by its test clock. */
export type StoryClock = { tenantId: string; livemode: boolean };

/** What a story on a sandbox's clock needs done. */
export type ClockActivities = {
  /** Notes that the story waits for an instant, in place of what it waited for before. `due`: the clock has come to it already. */
  registerWakeup: (wakeup: { tenantId: string; workflowId: string; at: string }) => Promise<{ due: boolean }>;
  /** The story waits for no instant any more, so the clock need not wait for it. */
  wakeupDone: (wakeup: { tenantId: string; workflowId: string }) => Promise<void>;
};

/** Tells a story that its sandbox's clock has come to `at` (ISO 8601). Saying it twice, or late, does no harm. */
export const wake = defineSignal<[{ at: string }]>("wake");

const act = proxyLocalActivities<ClockActivities>({
  startToCloseTimeout: "10 seconds",
  localRetryThreshold: "5 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/** The longest timer set at once (a year); a later instant is reached in several. */
const LONGEST_WAIT_MS = 365 * 24 * 3_600_000;

/**
 * Waits until business time has reached `at`, or until `orElse()` becomes true, and says which of the two it was.
 * A sandbox's story is also woken by the signal `wake`. Its own timer stays as the latest moment: a test clock only moves forward,
 * so business time has surely reached the instant when real time has.
 */
export async function untilInstant(
  clock: StoryClock,
  at: Date,
  orElse: () => boolean = () => false,
): Promise<"reached" | "interrupted"> {
  const instant = at.toISOString(); // refuses an invalid date at once, instead of taking it for one that has passed
  if (orElse()) return "interrupted";
  const told = { woken: false };
  if (!clock.livemode) {
    setHandler(wake, (signal) => void (told.woken ||= new Date(signal.at) >= at));
    const { due } = await act.registerWakeup({ tenantId: clock.tenantId, workflowId: workflowInfo().workflowId, at: instant });
    told.woken ||= due;
  }

  // the only clock a story reads: that of its own history, which starts the timer
  for (let leftMs = msUntil(at); leftMs > 0 && !told.woken && !orElse(); leftMs = msUntil(at)) {
    await condition(() => told.woken || orElse(), Math.min(leftMs, LONGEST_WAIT_MS), { summary: `until ${instant}` });
  }

  const interrupted = !told.woken && msUntil(at) > 0;
  if (interrupted) await leaveClock(clock);
  return interrupted ? "interrupted" : "reached";
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

function msUntil(at: Date): number {
  return at.getTime() - new Date().getTime();
}
