import { defineProblem } from "./problem.ts";

// What several rooms may be asked for and not find, or find put away. The sentence never repeats what was asked for: an unknown id,
// a malformed one and another tenant's are told apart by nothing.

export const tenantNotFound = defineProblem({
  code: "tenant_not_found",
  status: 404,
  title: "No such tenant",
  fix: "List the tenants with GET /v1/tenants.",
  detail: () => "There is no tenant of this id.",
});

export const productNotFound = defineProblem({
  code: "product_not_found",
  status: 404,
  title: "No such product",
  fix: "List the products with GET /v1/products.",
  detail: () => "This tenant has no product of this id or code.",
});

export const productArchived = defineProblem({
  code: "product_archived",
  status: 409,
  title: "The product is archived",
  fix: "Choose a product that is on sale: GET /v1/products?archived=false lists them.",
  detail: () => "An archived product takes no new templates, licenses or orders; what it has already goes on.",
});

export const featureNotFound = defineProblem({
  code: "feature_not_found",
  status: 404,
  title: "No such feature",
  fix: "List the features with GET /v1/features, or create the one that is missing with POST /v1/features.",
  detail: () => "This tenant has no feature of this id or code.",
});

export const featureArchived = defineProblem({
  code: "feature_archived",
  status: 409,
  title: "The feature is archived",
  fix: "Choose a feature that is in use: GET /v1/features?archived=false lists them.",
  detail: () => "An archived feature is given to nobody new; rights to it that were given before go on.",
});

export const templateNotFound = defineProblem({
  code: "template_not_found",
  status: 404,
  title: "No such template",
  fix: "List the templates with GET /v1/templates.",
  detail: () => "This tenant has no template of this id.",
});

export const revisionNotFound = defineProblem({
  code: "revision_not_found",
  status: 404,
  title: "No such revision",
  fix: "List the revisions with GET /v1/templates/{id}/revisions.",
  detail: () => "The template has no revision of this number.",
});

export const templateArchived = defineProblem({
  code: "template_archived",
  status: 409,
  title: "The template is archived",
  fix: "Choose a template that is in use: GET /v1/templates?archived=false lists them.",
  detail: () => "An archived template makes no new licenses and takes no new orders; licenses made from it go on.",
});

export const customerNotFound = defineProblem({
  code: "customer_not_found",
  status: 404,
  title: "No such customer",
  fix: "List the customers with GET /v1/customers.",
  detail: () => "This tenant has no customer of this id.",
});

export const legalEntityNotFound = defineProblem({
  code: "legal_entity_not_found",
  status: 404,
  title: "No such legal entity",
  fix: "List the legal entities with GET /v1/legal_entities.",
  detail: () => "This tenant has no legal entity of this id that still sells.",
});

export const invoiceNotFound = defineProblem({
  code: "invoice_not_found",
  status: 404,
  title: "No such invoice",
  fix: "List the invoices with GET /v1/invoices.",
  detail: () => "This tenant has no invoice of this id.",
});

export const orderNotFound = defineProblem({
  code: "order_not_found",
  status: 404,
  title: "No such order",
  fix: "List the orders with GET /v1/orders.",
  detail: () => "This tenant has no order of this id.",
});

export const licenseNotFound = defineProblem({
  code: "license_not_found",
  status: 404,
  title: "No such license",
  fix: "List the licenses with GET /v1/licenses, or check the license key.",
  detail: () => "This tenant has no license of this id or key.",
});

export const webhookEndpointNotFound = defineProblem({
  code: "webhook_endpoint_not_found",
  status: 404,
  title: "No such webhook endpoint",
  fix: "List the endpoints with GET /v1/webhook_endpoints.",
  detail: () => "This tenant has no webhook endpoint of this id.",
});

export const webhookEndpointDisabled = defineProblem({
  code: "webhook_endpoint_disabled",
  status: 409,
  title: "The webhook endpoint is disabled",
  fix: "Enable the endpoint with POST /v1/webhook_endpoints/{id}/enable; where its disabled_reason is gone or failing, repair the receiver first.",
  detail: () => "Nothing is sent to a disabled endpoint; its deliveries wait until it is enabled.",
});
