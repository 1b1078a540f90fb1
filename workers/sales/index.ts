import { takeStripeWebhook } from "./hooks.stripe.ts";
import { completeOrder } from "./internal.orders.complete.ts";
import { readFulfillment } from "./internal.orders.fulfillment.ts";
import { approveOrder } from "./orders.approve.ts";
import { cancelOrder } from "./orders.cancel.ts";
import { createOrder } from "./orders.create.ts";
import { fulfillOrder } from "./orders.fulfill.ts";
import { getOrder } from "./orders.get.ts";
import { listOrders } from "./orders.list.ts";

/** Orders and the money for them. */
export const sales = [
  createOrder,
  listOrders,
  getOrder,
  approveOrder,
  fulfillOrder,
  cancelOrder,
  takeStripeWebhook,
  readFulfillment,
  completeOrder,
];
