import { defineProblem } from "#kernel/problem";

export const paymentMethodNotFound = defineProblem({
  code: "payment_method_not_found",
  status: 404,
  title: "No such payment method",
  fix: "List the methods of a customer with GET /v1/payment_methods?customer_id=.",
  detail: () => "This tenant has no payment method of this id.",
});

export const paymentNotFound = defineProblem({
  code: "payment_not_found",
  status: 404,
  title: "No such payment",
  fix: "List the payments of an invoice with GET /v1/payments?invoice_id=.",
  detail: () => "This tenant has no payment of this id.",
});

export const paymentNotCancelable = defineProblem<{ status: string }>({
  code: "payment_not_cancelable",
  status: 409,
  title: "The payment can no longer be canceled",
  fix: "Wait for its outcome with GET /v1/payments/{id}; money that came is given back, not canceled.",
  detail: ({ status }) => `The payment is ${status}.`,
});

export const amountNotChargeable = defineProblem<{ what: string }>({
  code: "amount_not_chargeable",
  status: 409,
  title: "The provider does not take this amount",
  fix: "Let it go to the next invoice, or note money that came otherwise with POST /v1/invoices/{id}/pay.",
  detail: ({ what }) => what,
});

export const paymentMethodNotActive = defineProblem<{ status: string }>({
  code: "payment_method_not_active",
  status: 409,
  title: "The payment method cannot be charged",
  fix: "Let the customer save a method: POST /v1/payment_methods answers the client_secret for it.",
  detail: ({ status }) => `The method is ${status}; only an active one is charged.`,
});
