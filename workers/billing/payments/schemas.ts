import { listQuery } from "#kernel/endpoint";
import { PAYMENT_STATES } from "#kernel/billing/payment";
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

export const NewPayment = z
  .strictObject({
    invoice_id: Ref,
    payment_method_id: Ref.optional().openapi({
      description:
        "A saved method to charge now. Left out: the answer holds the client_secret with which the customer's browser pays.",
    }),
    off_session: z.boolean().default(false).openapi({ description: "The customer is not there. Only with a saved method." }),
    ...ownedInput,
  })
  .refine((body) => !body.off_session || body.payment_method_id !== undefined, {
    path: ["off_session"],
    message: "needs a payment_method_id",
  })
  .openapi("NewPayment", { example: { invoice_id: "inv_00…", payment_method_id: "pm_00…", off_session: true } });

export const PaymentQuery = listQuery({
  status: z.enum(PAYMENT_STATES).optional(),
  customer_id: Ref.optional(),
  invoice_id: Ref.optional(),
  order_id: Ref.optional(),
  external_id: ExternalId.optional(),
});
