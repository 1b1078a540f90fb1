import { defineProblem } from "#kernel/problem";

export const tenantNotFound = defineProblem({
  code: "tenant_not_found",
  status: 404,
  title: "No such tenant",
  fix: "List the tenants with GET /v1/tenants.",
  detail: () => "There is no tenant of this id.",
});

export const slugTaken = defineProblem<{ slug: string }>({
  code: "slug_taken",
  status: 409,
  title: "The slug is taken",
  fix: "Choose another slug.",
  detail: ({ slug }) => `Another tenant has the slug ${slug}.`,
});
