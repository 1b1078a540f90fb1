import type { Fact } from "#db/commit";
import type { OrderRow } from "#db/sales/orders";
import { changeFact, fact } from "#kernel/facts";
import type { OrderMoveRefused } from "#rules/sales/orders";
import { presentOrder } from "./presenters.ts";
import {
  orderApproved,
  orderCanceled,
  orderNotApproved,
  orderPaid,
  paymentPending,
  paymentProcessing,
  paymentReversed,
} from "./problems.ts";

/** An order as it is once approved: licenses follow at once where nobody wanted to start that by hand. */
export function approved<Row extends OrderRow>(order: Row, now: Date): Row {
  return {
    ...order,
    status: "approved",
    approvedAt: now,
    fulfillmentRequestedAt: order.fulfillmentMethod === "auto" ? now : order.fulfillmentRequestedAt,
    updatedAt: now,
  };
}

/** What is told of an approval; `order.fulfillment_requested` is what starts the issuing of licenses. */
export function approvalFacts(before: OrderRow, after: OrderRow): Fact[] {
  const isRequested = before.fulfillmentRequestedAt === null && after.fulfillmentRequestedAt !== null;
  return [
    changeFact("order.approved", presentOrder(before), presentOrder(after)),
    ...(isRequested ? [fact("order.fulfillment_requested", presentOrder(after))] : []),
  ];
}

/** The problem that tells why an order may not make a move. A repetition is none: callers answer it like the first time. */
export function moveProblem({ code, detail }: OrderMoveRefused): Error {
  return MOVE_PROBLEMS[code](detail);
}

const MOVE_PROBLEMS: Record<OrderMoveRefused["code"], (detail: string) => Error> = {
  order_canceled: () => orderCanceled({}),
  order_paid: () => orderPaid({}),
  order_approved: () => orderApproved({}),
  not_approved: () => orderNotApproved({}),
  payment_pending: (what) => paymentPending({ what }),
  payment_reversed: () => paymentReversed({}),
  payment_processing: () => paymentProcessing({}),
  already_done: () => new Error("A move that was made already is answered, not refused"),
};
