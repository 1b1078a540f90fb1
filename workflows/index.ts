export { fulfillOrder } from "./sales/fulfill-order.ts";
export { deliverWebhooks } from "./webhooks/deliver-webhooks.ts";
