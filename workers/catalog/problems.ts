import { defineProblem } from "#kernel/problem";

export const productNotFound = defineProblem({
  code: "product_not_found",
  status: 404,
  title: "No such product",
  fix: "List the products with GET /v1/products.",
  detail: () => "This tenant has no product of this id.",
});

export const productCodeTaken = defineProblem<{ code: string }>({
  code: "product_code_taken",
  status: 409,
  title: "The product code is taken",
  fix: "Choose another code, or update the product that has it.",
  detail: ({ code }) => `Another product of this tenant has the code ${code}.`,
});
