import { ApplicationFailure, proxyLocalActivities } from "@temporalio/workflow";
import { story, type Telling } from "../story.ts";
import type { OrderRef, OrderToFulfill, SalesActivities } from "./activities.ts";

/** How it ended: with its licenses, or without because the order was canceled; `issued` counts what exists then. */
export type FulfillmentResult = { outcome: "fulfilled" | "canceled"; issued: number };

const act = proxyLocalActivities<SalesActivities>({
  startToCloseTimeout: "15 seconds",
  localRetryThreshold: "5 seconds",
  retry: { initialInterval: "200 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/**
 * Gives a paid order its licenses: read it, issue them in chunks, mark it fulfilled. Id: `order/<orderId>`.
 * An order that cannot be fulfilled fails the story, so that operators see it; a result would end it for ever under its id.
 */
export async function fulfillOrder({ tenantId, orderId }: OrderRef): Promise<FulfillmentResult> {
  return story("Reading what was ordered", async (telling) => {
    const ref = { tenantId, orderId };
    const order = await act.readFulfillment(ref);
    if (order.status === "fulfilled" || order.status === "canceled") return ended(telling, order.status, order.issued);
    if (order.status === "pending")
      throw ApplicationFailure.nonRetryable(`Order ${orderId} is not approved`, "order_not_approved");

    const status = await issueAndComplete(telling, ref, order);
    if (status === "fulfilled") return ended(telling, status, order.quantity);
    if (status === "canceled") return ended(telling, status, (await act.readFulfillment(ref)).issued);
    throw ApplicationFailure.nonRetryable(
      `Order ${orderId} is ${status} although its licenses were issued`,
      "order_not_fulfilled",
    );
  });
}

/** Issues every chunk from the first: one that exists already stays as it is. Answers the status the order has come to. */
async function issueAndComplete(telling: Telling, ref: OrderRef, order: OrderToFulfill): Promise<OrderToFulfill["status"]> {
  try {
    for (let from = 0; from < order.quantity; from += order.chunk) {
      const to = Math.min(from + order.chunk, order.quantity);
      telling.now(`Issuing licenses ${from + 1} to ${to} of ${order.quantity}`);
      await act.issueLicenses({ ...ref, from, to });
    }
    telling.now(`All ${order.quantity} licenses are issued; marking the order fulfilled`);
    return await act.completeOrder(ref);
  } catch (error) {
    // refused for good: either the order was canceled meanwhile, or this needs a person
    const { status } = await act.readFulfillment(ref);
    if (status === "canceled") return status;
    throw error;
  }
}

function ended(telling: Telling, outcome: FulfillmentResult["outcome"], issued: number): FulfillmentResult {
  const details =
    outcome === "fulfilled" ? `Fulfilled with ${issued} licenses` : `The order was canceled; ${issued} licenses had been issued`;
  telling.became(outcome, details);
  return { outcome, issued };
}
