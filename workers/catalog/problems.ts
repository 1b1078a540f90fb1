import { defineProblem } from "#kernel/problem";

export const productCodeTaken = defineProblem<{ code: string }>({
  code: "product_code_taken",
  status: 409,
  title: "The product code is taken",
  fix: "Choose another code, or update the product that has it.",
  detail: ({ code }) => `Another product of this tenant has the code ${code}.`,
});
