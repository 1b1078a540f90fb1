import { defineProblem } from "#kernel/problem";

export const webhookEndpointNotFound = defineProblem({
  code: "webhook_endpoint_not_found",
  status: 404,
  title: "No such webhook endpoint",
  fix: "List the endpoints with GET /v1/webhook_endpoints.",
  detail: () => "This tenant has no webhook endpoint of this id.",
});

export const tooManyWebhookEndpoints = defineProblem<{ max: number }>({
  code: "too_many_webhook_endpoints",
  status: 409,
  title: "The tenant has as many webhook endpoints as it may have",
  fix: "Delete an endpoint with DELETE /v1/webhook_endpoints/{id}, or subscribe one that exists to more events.",
  detail: ({ max }) => `A tenant may have ${max} webhook endpoints.`,
});

export const webhookEndpointDisabled = defineProblem({
  code: "webhook_endpoint_disabled",
  status: 409,
  title: "The webhook endpoint is disabled",
  fix: "Repair the receiver, then enable the endpoint with POST /v1/webhook_endpoints/{id}/enable.",
  detail: () => "Nothing is sent to a disabled endpoint; its deliveries wait until it is enabled.",
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
