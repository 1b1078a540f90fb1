import { allHandlersFinished, condition, continueAsNew, proxyActivities, workflowInfo } from "@temporalio/workflow";
import { tellStory } from "../story.ts";
import type { WebhookActivities } from "./activities.ts";

const act = proxyActivities<WebhookActivities>({
  startToCloseTimeout: "3 minutes",
  heartbeatTimeout: "10 seconds", // a dead host is noticed after this long
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "10 seconds" },
});

/**
 * The pump of one shard: drains its due webhook deliveries for ever. The rows are the truth; this only keeps somebody at work,
 * and its history grows by the minute, not by the delivery. Id: `deliveries/<shard>`.
 */
export async function deliverWebhooks({ shard }: { shard: string }): Promise<never> {
  const story = tellStory(`Delivering the webhooks of shard ${shard}`);
  while (!workflowInfo().continueAsNewSuggested) {
    const { sent, accepted } = await act.drainDeliveries({ shard });
    story.now(`Delivering the webhooks of shard ${shard}; last round: ${sent} sent, ${accepted} accepted`);
  }
  await condition(allHandlersFinished);
  return continueAsNew<typeof deliverWebhooks>({ shard });
}
