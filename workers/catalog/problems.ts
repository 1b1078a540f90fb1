import { defineProblem } from "#kernel/problem";

export const productCodeTaken = defineProblem<{ code: string }>({
  code: "product_code_taken",
  status: 409,
  title: "The product code is taken",
  fix: "Choose another code, or update the product that has it.",
  detail: ({ code }) => `Another product of this tenant has the code ${code}.`,
});

export const productVersionTaken = defineProblem<{ version: string }>({
  code: "product_version_taken",
  status: 409,
  title: "The version was released before",
  fix: "Choose another version; GET /v1/products/{id}/versions lists those that are known.",
  detail: ({ version }) => `The product has a version ${version} already.`,
});

export const productVersionNotFound = defineProblem({
  code: "product_version_not_found",
  status: 404,
  title: "No such version",
  fix: "Tell of the version with POST /v1/products/{id}/versions; GET of the same path lists those that are known.",
  detail: () => "The product has no version of this name.",
});

export const featureCodeTaken = defineProblem<{ code: string }>({
  code: "feature_code_taken",
  status: 409,
  title: "The feature code is taken",
  fix: "Choose another code, or update the feature that has it.",
  detail: ({ code }) => `Another feature of this tenant has the code ${code}.`,
});
