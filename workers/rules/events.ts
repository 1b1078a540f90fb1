/** Every fact that Latchkey tells: `noun.past_verb`. The list is closed; a new fact is a new line here. */
export const EVENT_TYPES = [
  "tenant.created",
  "tenant.updated",
  "tenant.closed",
  "settings.updated",
  "api_key.created",
  "api_key.revoked",
  "payment_provider.updated",
  "product.created",
  "product.updated",
  "product.archived",
  "product_version.created",
  "feature.created",
  "feature.updated",
  "feature.archived",
  "template.created",
  "template.updated",
  "template.archived",
  "customer.created",
  "customer.updated",
  "license.created",
  "license.updated",
  "license.activated",
  "license.suspended",
  "license.reinstated",
  "license.revoked",
  "license.key_revealed",
  "activation.created",
  "activation.released",
  "activation.resumed",
  "order.created",
  "order.approved",
  "order.payment_updated",
  "order.paid",
  "order.fulfillment_requested",
  "order.fulfilled",
  "order.canceled",
  "payment.unexpected",
  "webhook_endpoint.created",
  "webhook_endpoint.updated",
  "webhook_endpoint.deleted",
  "webhook_endpoint.disabled",
  "webhook_endpoint.tested",
  "delivery.resent",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Who did it, as an event records it. */
export type Actor = {
  type: "api_key" | "operator" | "user" | "workflow" | "provider" | "system";
  id: string | null;
  ip: string | null;
};
