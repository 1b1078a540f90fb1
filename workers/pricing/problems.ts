import { defineProblem } from "#kernel/problem";

export const planNotFound = defineProblem({
  code: "plan_not_found",
  status: 404,
  title: "No such plan",
  fix: "List the plans with GET /v1/plans.",
  detail: () => "This tenant has no plan of this id.",
});

export const planCodeTaken = defineProblem<{ code: string }>({
  code: "plan_code_taken",
  status: 409,
  title: "The plan code is taken",
  fix: "Choose another code, or update the plan that has it.",
  detail: ({ code }) => `Another plan of this tenant has the code ${code}.`,
});

export const planArchived = defineProblem({
  code: "plan_archived",
  status: 409,
  title: "The plan is archived",
  fix: "Choose a plan that is on sale: GET /v1/plans?archived=false lists them.",
  detail: () => "An archived plan takes no new prices; subscribers go on.",
});

export const priceNotFound = defineProblem({
  code: "price_not_found",
  status: 404,
  title: "No such price",
  fix: "List the prices with GET /v1/prices.",
  detail: () => "This tenant has no price of this id.",
});

export const couponNotFound = defineProblem({
  code: "coupon_not_found",
  status: 404,
  title: "No such coupon",
  fix: "List the coupons with GET /v1/coupons.",
  detail: () => "This tenant has no coupon of this id.",
});

export const couponCodeTaken = defineProblem<{ code: string }>({
  code: "coupon_code_taken",
  status: 409,
  title: "The coupon code is taken",
  fix: "Choose another code; those of archived coupons stay theirs.",
  detail: ({ code }) => `Another coupon of this tenant has the code ${code}.`,
});
