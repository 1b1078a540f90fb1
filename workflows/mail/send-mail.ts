import { allHandlersFinished, condition, continueAsNew, proxyActivities, workflowInfo } from "@temporalio/workflow";
import { tellStory } from "../story.ts";
import type { MailActivities } from "./activities.ts";

const act = proxyActivities<MailActivities>({
  startToCloseTimeout: "3 minutes",
  heartbeatTimeout: "10 seconds", // a dead host is noticed after this long
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "10 seconds" },
});

/**
 * The mail pump of one shard: sends its due notices for ever. The rows are the truth; this only keeps somebody at work, and its history grows by
 * the minute, not by the mail. Id: `mail/<shard>`.
 */
export async function sendMail({ shard }: { shard: string }): Promise<never> {
  const story = tellStory(`Sending the mail of shard ${shard}`);
  while (!workflowInfo().continueAsNewSuggested) {
    const { sent, accepted, waiting_for } = await act.drainNotices({ shard });
    const round = `Sending the mail of shard ${shard}; last round: ${sent} sent, ${accepted} accepted`;
    story.now(waiting_for === null ? round : `${round}; mail waits: ${waiting_for}`);
    story.troubled(waiting_for === null ? null : { code: "mail_server_away", message: waiting_for });
  }
  await condition(allHandlersFinished);
  return continueAsNew<typeof sendMail>({ shard });
}
