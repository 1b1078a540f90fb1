import { defineProblem } from "#kernel/problem";

export { webhookEndpointDisabled, webhookEndpointNotFound } from "#kernel/not-found";

export const tooManyWebhookEndpoints = defineProblem<{ max: number }>({
  code: "too_many_webhook_endpoints",
  status: 409,
  title: "The tenant has as many webhook endpoints as it may have",
  fix: "Delete an endpoint with DELETE /v1/webhook_endpoints/{id}, or subscribe one that exists to more events.",
  detail: ({ max }) => `A tenant may have ${max} webhook endpoints.`,
});

export const webhookEndpointDeleted = defineProblem({
  code: "webhook_endpoint_deleted",
  status: 409,
  title: "The webhook endpoint was deleted",
  fix: "Create an endpoint, and read the event with GET /v1/events/{id}.",
  detail: () => "The delivery belongs to an endpoint that is no more.",
});

export const deliveryNotFound = defineProblem({
  code: "delivery_not_found",
  status: 404,
  title: "No such delivery",
  fix: "List an endpoint's deliveries with GET /v1/webhook_endpoints/{id}/deliveries.",
  detail: () => "This tenant has no delivery of this id.",
});
