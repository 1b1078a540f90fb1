import { proxyActivities, proxyLocalActivities, sleep } from "@temporalio/workflow";
import type { OrderRef, SalesActivities } from "../../../workflows/sales/activities.ts";
import type { WebhookActivities } from "../../../workflows/webhooks/activities.ts";

/** The stories as a careless change would leave them: an order that is completed first, and a pump that rests. */
export async function fulfillOrder(ref: OrderRef): Promise<void> {
  const act = proxyLocalActivities<SalesActivities>({ startToCloseTimeout: "15 seconds" });
  await act.completeOrder(ref);
  await act.issueLicenses({ ...ref, from: 0, to: 1 });
}

export async function deliverWebhooks(shard: { shard: string }): Promise<void> {
  const act = proxyActivities<WebhookActivities>({ startToCloseTimeout: "3 minutes" });
  for (;;) {
    await sleep(1_000);
    await act.drainDeliveries(shard);
  }
}
