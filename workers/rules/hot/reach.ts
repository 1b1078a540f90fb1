import type { EventType } from "../events.ts";

/**
 * What an event makes untrue among the things that validations are answered from:
 * - `license`: everything about the license that the event belongs to
 * - `device`: what that license's devices hold; other devices of it only where they share limits
 * - `product`: every license of the product
 * - `keys`: who may call, and what signs
 * - `tenant`: everything
 * - `nothing`
 */
export type Reach = "license" | "device" | "product" | "keys" | "tenant" | "nothing";

const REACH: Record<EventType, Reach> = {
  "tenant.created": "keys",
  "tenant.updated": "keys",
  "tenant.closed": "keys",
  "settings.updated": "keys",
  "api_key.created": "nothing",
  "api_key.revoked": "keys",
  "payment_provider.updated": "nothing",
  "product.created": "nothing",
  "product.updated": "product",
  "product.archived": "product",
  "product_version.created": "product",
  "product_version.updated": "product",
  // licenses keep the rights that they were given, under the codes of that day
  "feature.created": "nothing",
  "feature.updated": "nothing",
  "feature.archived": "nothing",
  // licenses pin a revision: whoever moves them to another tells it of each of them
  "template.created": "nothing",
  "template.updated": "nothing",
  "template.archived": "nothing",
  "customer.created": "nothing",
  "customer.updated": "nothing",
  "license.created": "nothing",
  "license.updated": "license",
  "license.activated": "license",
  "license.suspended": "license",
  "license.reinstated": "license",
  "license.revoked": "license",
  "license.canceled": "license",
  "license.renewed": "license",
  "license.transferred": "license",
  "license.converted": "license",
  "license.template_changed": "license",
  "license.user_reassigned": "license",
  "license.key_revealed": "nothing",
  "license.key_regenerated": "license",
  "license_transfer.created": "nothing",
  "license_transfer.accepted": "nothing",
  "license_transfer.declined": "nothing",
  "license_transfer.canceled": "nothing",
  "activation.created": "device",
  "activation.released": "device",
  // what was released long ago decides nothing
  "activation.archived": "nothing",
  "activation.resumed": "device",
  "activation.updated": "device",
  "activation.clone_suspected": "device",
  "activation.integrity_failed": "device",
  "activation.integrity_restored": "device",
  "license_file.issued": "nothing",
  "offline_roots.updated": "nothing",
  "offline_keyset.published": "keys",
  "signing_key.created": "keys",
  "signing_key.retired": "keys",
  "signing_key.revoked": "keys",
  "emergency_code.created": "nothing",
  "emergency_code.redeemed": "nothing",
  "blacklist_entry.created": "tenant",
  "blacklist_entry.deleted": "tenant",
  "security_report.created": "nothing",
  "security_report.closed": "nothing",
  "quota.threshold_reached": "nothing",
  "tenant_limit.threshold_reached": "nothing",
  "operation.created": "nothing",
  "operation.finished": "nothing",
  "order.created": "nothing",
  "order.approved": "nothing",
  "order.payment_updated": "nothing",
  "order.paid": "nothing",
  "order.fulfillment_requested": "nothing",
  "order.fulfilled": "nothing",
  "order.canceled": "nothing",
  "payment.unexpected": "nothing",
  // from here on the tenant's time is read each time, so that steps need no event
  "test_clock.created": "keys",
  "test_clock.advance_requested": "nothing",
  "test_clock.advanced": "keys",
  "test_clock.failed": "nothing",
  "test_clock.deleted": "keys",
  "story.retry_requested": "nothing",
  "story.skip_wait_requested": "nothing",
  "story.give_up_requested": "nothing",
  "story.given_up": "nothing",
  "webhook_endpoint.created": "nothing",
  "webhook_endpoint.updated": "nothing",
  "webhook_endpoint.deleted": "nothing",
  "webhook_endpoint.disabled": "nothing",
  "webhook_endpoint.enabled": "nothing",
  "webhook_endpoint.failing": "nothing",
  "webhook_endpoint.recovered": "nothing",
  "webhook_endpoint.tested": "nothing",
  "delivery.resent": "nothing",
  "notice.resent": "nothing",
  "notice.delivered": "nothing",
  "notice.bounced": "nothing",
  "notice.failed": "nothing",
  "notice.tested": "nothing",
  "mail_template.updated": "nothing",
  "mail_template.reset": "nothing",
  "mail_preferences.updated": "nothing",
};

/** What an event of this type makes untrue. A type that this version does not know, because a newer one wrote it, may be anything. */
export function reachOf(type: string): Reach {
  return Object.hasOwn(REACH, type) ? REACH[type as EventType] : "tenant";
}
