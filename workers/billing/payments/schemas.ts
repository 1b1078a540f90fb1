import { listQuery } from "#kernel/endpoint";
import { METHOD_STATUSES } from "#kernel/billing/payment-method";
import { z, ExternalId, ownedInput, Ref } from "#kernel/wire";

export const NewPaymentMethod = z
  .strictObject({
    customer_id: Ref,
    provider: z.literal("stripe").default("stripe"),
    ...ownedInput,
  })
  .openapi("NewPaymentMethod", { example: { customer_id: "cus_00…", provider: "stripe" } });

export const PaymentMethodChanges = z
  .strictObject({
    is_default: z
      .literal(true)
      .optional()
      .openapi({ description: "Makes it the one that is charged where none is named. To change it, name another." }),
    ...ownedInput,
  })
  .openapi("PaymentMethodChanges", { example: { is_default: true, metadata: { shown_as: "Company card" } } });

export const PaymentMethodQuery = listQuery({
  customer_id: Ref.optional(),
  status: z.enum(METHOD_STATUSES).optional(),
  external_id: ExternalId.optional(),
});
