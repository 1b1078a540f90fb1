export { archiveActivations } from "./licensing/archive-activations.ts";
export { runOperation } from "./licensing/run-operation.ts";
export { sendMail } from "./mail/send-mail.ts";
export { fulfillOrder } from "./sales/fulfill-order.ts";
export { advanceClock, releaseClock } from "./stories/advance-clock.ts";
export { deliverWebhooks } from "./webhooks/deliver-webhooks.ts";
export { recoverEndpoint } from "./webhooks/recover-endpoint.ts";
