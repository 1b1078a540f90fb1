import { ApplicationFailure, proxyLocalActivities, setWorkflowOptions } from "@temporalio/workflow";
import { tellStory, type Telling } from "../story.ts";
import type { OrderRef, OrderToFulfill, SalesActivities } from "./activities.ts";

/** How it ended: with its licenses, or without because the order was canceled; `issued` counts what exists then. */
export type FulfillmentResult = { outcome: "fulfilled" | "canceled"; issued: number };

const act = proxyLocalActivities<SalesActivities>({
  startToCloseTimeout: "15 seconds",
  localRetryThreshold: "5 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/** Gives a paid order its licenses: read it, issue them in chunks, mark it fulfilled. Id: `order/<orderId>`. */
export async function fulfillOrder({ tenantId, orderId }: OrderRef): Promise<FulfillmentResult> {
  const story = tellStory("Reading what was ordered");
  const order = await act.readFulfillment({ tenantId, orderId });
  if (order.status === "fulfilled" || order.status === "canceled") return ended(story, order.status, order.issued);
  if (order.status === "pending")
    throw refused(story, "order_not_approved", `Order ${orderId} is not approved, so it gets no licenses.`);

  const status = await issueAndComplete(story, { tenantId, orderId }, order);
  if (status === "fulfilled") return ended(story, "fulfilled", order.quantity);
  if (status === "canceled") return ended(story, "canceled", (await act.readFulfillment({ tenantId, orderId })).issued);
  throw refused(story, "order_not_fulfilled", `Order ${orderId} is still ${status} although its licenses were issued.`);
}
setWorkflowOptions({ versioningBehavior: "PINNED" }, fulfillOrder);

/** Issues every chunk from the first: one that exists already stays as it is. Answers the status the order has come to. */
async function issueAndComplete(story: Telling, ref: OrderRef, order: OrderToFulfill): Promise<OrderToFulfill["status"]> {
  try {
    for (let from = 0; from < order.quantity; from += order.chunk) {
      const to = Math.min(from + order.chunk, order.quantity);
      story.now(`Issuing licenses ${from + 1} to ${to} of ${order.quantity}`);
      await act.issueLicenses({ ...ref, from, to });
    }
    story.now(`All ${order.quantity} licenses are issued; marking the order fulfilled`);
    return await act.completeOrder(ref);
  } catch (error) {
    // The edge refuses for good: either the order was canceled meanwhile, or this needs a person.
    const { status } = await act.readFulfillment(ref);
    if (status === "canceled") return status;
    story.became("failed", `The edge refused to go on with order ${ref.orderId}: ${messageOf(error)}`);
    throw error;
  }
}

function ended(story: Telling, outcome: FulfillmentResult["outcome"], issued: number): FulfillmentResult {
  story.became(
    outcome,
    outcome === "fulfilled" ? `Fulfilled with ${issued} licenses` : `The order was canceled; ${issued} licenses had been issued`,
  );
  return { outcome, issued };
}

/** A failed story is seen by operators and may be reset by them; a result would end it for ever under its id. */
function refused(story: Telling, type: string, message: string): ApplicationFailure {
  story.became("failed", message);
  return ApplicationFailure.nonRetryable(message, type);
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
}
