import { defineProblem } from "#kernel/problem";

export const orderPaid = defineProblem({
  code: "order_paid",
  status: 409,
  title: "The order is paid",
  fix: "Give the money back at the payment provider; a paid order is not canceled.",
  detail: () => "Money was received for this order.",
});

export const paymentProcessing = defineProblem({
  code: "payment_processing",
  status: 409,
  title: "A payment is under way",
  fix: "Wait for its outcome: the order moves by itself when the provider tells it.",
  detail: () => "The provider is processing a payment of this order, and it can no longer be stopped.",
});

export const paymentPending = defineProblem<{ what: string }>({
  code: "payment_pending",
  status: 409,
  title: "The payment has not settled",
  fix: "Let the buyer pay: the order is approved by itself when the payment settles. Only orders of provider manual are approved by hand.",
  detail: ({ what }) => what,
});

export const paymentReversed = defineProblem({
  code: "payment_reversed",
  status: 409,
  title: "The money went back",
  fix: "Place a new order; licenses are issued for settled money.",
  detail: () => "The money of this order went back to the buyer, or is disputed.",
});

export const orderApproved = defineProblem({
  code: "order_approved",
  status: 409,
  title: "The order is approved",
  fix: "Revoke the licenses of the order instead of canceling it.",
  detail: () => "The order was approved, and its licenses may be on their way.",
});

export const orderNotApproved = defineProblem({
  code: "order_not_approved",
  status: 409,
  title: "The order is not approved",
  fix: "Let it be paid, or approve it with POST /v1/orders/{id}/approve when its provider is manual.",
  detail: () => "Only an approved order is fulfilled.",
});

export const orderCanceled = defineProblem({
  code: "order_canceled",
  status: 409,
  title: "The order is canceled",
  fix: "Place a new order.",
  detail: () => "A canceled order stays canceled.",
});

export const licensesMissing = defineProblem<{ issued: number; quantity: number }>({
  code: "licenses_missing",
  status: 409,
  title: "Not every license of the order exists",
  fix: "Issue the missing licenses first.",
  detail: ({ issued, quantity }) => `${issued} of ${quantity} licenses were issued.`,
});

export const webhookRefused = defineProblem({
  code: "webhook_refused",
  status: 400,
  title: "The webhook is not accepted",
  fix: "Check the hook URL and the signing secret (PUT /v1/payment_providers/stripe), and that the clock of the sender is right.",
  detail: () => "The request does not prove that it is a recent event of this tenant's own account.",
});

export const webhookDeferred = defineProblem({
  code: "webhook_deferred",
  status: 503,
  title: "The event is kept and not yet applied",
  fix: "Send it again later; if it stays, check the provider's secret key (PUT /v1/payment_providers/stripe).",
  detail: () => "The payment that the event speaks of could not be fetched from the provider.",
});
