import { defineProblem } from "#kernel/problem";

export const paymentMethodNotFound = defineProblem({
  code: "payment_method_not_found",
  status: 404,
  title: "No such payment method",
  fix: "List the methods of a customer with GET /v1/payment_methods?customer_id=.",
  detail: () => "This tenant has no payment method of this id.",
});

export const paymentMethodNotActive = defineProblem<{ status: string }>({
  code: "payment_method_not_active",
  status: 409,
  title: "The payment method cannot be charged",
  fix: "Let the customer save a method: POST /v1/payment_methods answers the client_secret for it.",
  detail: ({ status }) => `The method is ${status}; only an active one is charged.`,
});
