import type { OrderRow } from "#db/sales/orders";
import { presentOwned } from "#kernel/present";
import { givenToWire, restrictionsToWire } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { orderNumberText, type StoredOrderLine } from "#rules/sales/orders";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import type { Order } from "./schemas.ts";

/** Shows an order. The client secret comes in opened and only where the caller may see it: events and lists never hold it. */
export const presentOrder = (
  row: OrderRow,
  { licenseIds = [], clientSecret = null }: { licenseIds?: string[]; clientSecret?: string | null } = {},
): z.infer<typeof Order> => ({
  object: "order",
  id: row.id,
  number: orderNumberText(row.number),
  status: row.status,
  payment_status: row.paymentStatus,
  customer_id: row.customerId,
  reseller_id: row.resellerId,
  currency: row.currency,
  subtotal: row.subtotal,
  discount: row.discount,
  discount_total: row.discountTotal,
  tax_total: row.taxTotal,
  total: row.total,
  amount_paid: row.amountPaid,
  lines: row.lines.map(presentLine),
  payment: { provider: row.provider, provider_ref: row.providerRef, client_secret: clientSecret },
  fulfillment_method: row.fulfillmentMethod,
  instructions: row.instructions,
  license_ids: licenseIds,
  invoice_id: row.invoiceId,
  subscription_id: row.subscriptionId,
  workflow_id: row.fulfillmentRequestedAt === null ? null : workflowIdOf.order(row.id),
  fulfillment_requested_at: row.fulfillmentRequestedAt?.toISOString() ?? null,
  approved_at: row.approvedAt?.toISOString() ?? null,
  fulfilled_at: row.fulfilledAt?.toISOString() ?? null,
  canceled_at: row.canceledAt?.toISOString() ?? null,
  ...presentOwned(row),
});

function presentLine({ overrides, ...line }: StoredOrderLine): z.infer<typeof Order>["lines"][number] {
  const { duration, entitlements, restrictions } = overrides;
  return {
    template_id: line.templateId,
    template_rev: line.templateRev,
    product_id: line.productId,
    name: line.name,
    quantity: line.quantity,
    unit_amount: line.unitAmount,
    amount: line.amount,
    discount: line.discount,
    tax: line.tax,
    tax_rate: line.taxedAs?.rate ?? null,
    tax_reason: line.taxedAs?.reason ?? null,
    total: line.total,
    overrides: {
      ...(duration === undefined ? {} : { duration }),
      ...(entitlements === undefined ? {} : { entitlements: givenToWire(entitlements) }),
      ...(restrictions === undefined ? {} : { restrictions: restrictionsToWire(restrictions) }),
    },
  };
}
