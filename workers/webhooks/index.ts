import { getDelivery } from "./deliveries.get.ts";
import { resendDelivery } from "./deliveries.resend.ts";
import { claimForPump } from "./internal.deliveries.claim.ts";
import { createWebhookEndpoint } from "./webhook_endpoints.create.ts";
import { disableWebhookEndpoint } from "./webhook_endpoints.disable.ts";
import { subscribeRestHook } from "./webhook_endpoints.subscribe.ts";
import { deleteWebhookEndpoint } from "./webhook_endpoints.delete.ts";
import { listEndpointDeliveries } from "./webhook_endpoints.deliveries.ts";
import { enableWebhookEndpoint } from "./webhook_endpoints.enable.ts";
import { getWebhookEndpoint } from "./webhook_endpoints.get.ts";
import { listWebhookEndpoints } from "./webhook_endpoints.list.ts";
import { rotateWebhookSecret } from "./webhook_endpoints.rotate_secret.ts";
import { testWebhookEndpoint } from "./webhook_endpoints.test.ts";
import { giveUpEndpoint } from "./internal.webhook_endpoints.give_up.ts";
import { probeEndpoint } from "./internal.webhook_endpoints.probe.ts";
import { updateWebhookEndpoint } from "./webhook_endpoints.update.ts";

/** Where tenants hear of events, and how each of them got there. */
export const webhooks = [
  createWebhookEndpoint,
  subscribeRestHook,
  listWebhookEndpoints,
  getWebhookEndpoint,
  updateWebhookEndpoint,
  deleteWebhookEndpoint,
  disableWebhookEndpoint,
  enableWebhookEndpoint,
  rotateWebhookSecret,
  testWebhookEndpoint,
  listEndpointDeliveries,
  getDelivery,
  resendDelivery,
  claimForPump,
  probeEndpoint,
  giveUpEndpoint,
];
