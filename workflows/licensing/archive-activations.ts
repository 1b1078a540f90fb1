import { allHandlersFinished, condition, continueAsNew, proxyLocalActivities, workflowInfo } from "@temporalio/workflow";
import { soonestArchive } from "#rules/licensing/archive-month";
import { onClock } from "../clock.ts";
import { story } from "../story.ts";
import type { LicensingActivities, ReleasedMonth } from "./activities.ts";

/** A month of a tenant that lives by real time, or of a sandbox. */
export type ArchivedMonth = ReleasedMonth & { livemode: boolean };

/** archived: none is left that may be. kept: the tenant archives none. */
export type ArchiveEnd = "archived" | "kept";

/** What it waits for, as operators read it. */
const OLD_ENOUGH = "the day on which they are old enough";

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
  const { tenantId, month } = released;
  const clock = { tenantId, livemode };
  const end = await onClock(clock, () =>
    story(`Waiting until the seats released in ${month} are old enough`, async (telling): Promise<ArchiveEnd | undefined> => {
      await telling.untilInstant(clock, soonestArchive(month), OLD_ENOUGH);
      while (!workflowInfo().continueAsNewSuggested) {
        const { outcome, from } = await act.archiveStep(released);
        if (outcome === "kept") {
          telling.became("kept", "Released seats are not archived, as the tenant's settings say");
          return "kept";
        }
        if (outcome === "done") {
          telling.became("archived", `The seats released until the end of ${month} are archived`);
          return "archived";
        }
        telling.now(from === null ? `Archiving what was released until the end of ${month}` : `Archived from ${from} on`);
        if (from !== null) await telling.untilInstant(clock, new Date(from), OLD_ENOUGH);
      }
      return undefined;
    }),
  );
  if (end) return end;
  await condition(allHandlersFinished);
  return continueAsNew<typeof archiveActivations>({ ...released, livemode });
}
