import { allHandlersFinished, condition, continueAsNew, proxyLocalActivities, workflowInfo } from "@temporalio/workflow";
import { soonestArchive } from "#rules/licensing/archive-month";
import { onClock, untilInstant } from "../clock.ts";
import { story } from "../story.ts";
import type { LicensingActivities, ReleasedMonth } from "./activities.ts";

/** A month of a tenant that lives by real time, or of a sandbox. */
export type ArchivedMonth = ReleasedMonth & { livemode: boolean };

/** How it ended, and how many seats this run archived. */
export type ArchiveEnd = { outcome: "archived" | "kept"; count: number };

const act = proxyLocalActivities<LicensingActivities>({
  startToCloseTimeout: "30 seconds",
  localRetryThreshold: "5 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/**
 * Archives the seats that were released until a month was over, once the tenant's setting has them old enough. Id: `archive/<tenantId>/<month>`. It
 * asks for the setting each time it wakes: what was made longer meanwhile it waits for anew, and what is never archived it leaves to a later
 * month's story, which takes all that is older along.
 */
export async function archiveActivations({ livemode, ...released }: ArchivedMonth): Promise<ArchiveEnd> {
  const clock = { tenantId: released.tenantId, livemode };
  let count = 0;
  const outcome = await onClock(clock, () =>
    story(`Waiting until the seats released in ${released.month} are old enough`, async (telling) => {
      await untilInstant(clock, soonestArchive(released.month));
      while (!workflowInfo().continueAsNewSuggested) {
        const step = await act.archiveStep(released);
        count += step.count;
        if (step.outcome === "kept") {
          telling.became("kept", "Released seats are not archived, as the tenant's settings say");
          return "kept" as const;
        }
        if (step.outcome === "done") {
          telling.became("archived", `Archived ${count} seats`);
          return "archived" as const;
        }
        telling.now(
          step.from === null
            ? `Archived ${count} seats so far`
            : `Seats released in ${released.month} are archived from ${step.from} on`,
        );
        if (step.from !== null) await untilInstant(clock, new Date(step.from));
      }
      return undefined;
    }),
  );
  if (outcome) return { outcome, count };
  await condition(allHandlersFinished);
  return continueAsNew<typeof archiveActivations>({ ...released, livemode });
}
