import { newId, stamp } from "./books.ts";
import type { Body } from "./body.ts";
import { type Answer, type Call, keep, link, listOf, mustHave, pageOf, tell } from "./call.ts";
import { businessFault, malformed, missing, notSimulated } from "./errors.ts";
import type { BillingCycle, Plan, Product } from "./objects.ts";

/** `POST /v1/catalogs/products` */
export function createProduct(call: Call): Answer {
  const { body } = call;
  const id = body.string("id", 50);
  if (id !== undefined && listOf(call, "products").some((other) => other.id === id)) {
    throw businessFault("DUPLICATE_RESOURCE_IDENTIFIER", "A product with this id exists.", { field: "/id", value: id });
  }
  const product: Product = {
    id: id ?? newId.product(),
    name: body.mustString("name", 127),
    type: body.oneOf("type", ["PHYSICAL", "DIGITAL", "SERVICE"] as const) ?? "PHYSICAL",
    more: {},
    createdAt: call.now,
    updatedAt: call.now,
  };
  for (const field of ["description", "category", "image_url", "home_url"]) {
    const text = body.string(field, 2000);
    if (text !== undefined) product.more[field] = text;
  }
  body.done();
  keep(call, "products", product);
  const resource = presentProduct(call, product);
  tell(call, { type: "CATALOG.PRODUCT.CREATED", kind: "product", summary: "A product was created", resource });
  return { status: 201, body: resource };
}

/** `GET /v1/catalogs/products/{id}` */
export const getProduct = (call: Call): Answer => ({ status: 200, body: presentProduct(call, mustHave(call, "products")) });

/** `GET /v1/catalogs/products` */
export function listProducts(call: Call): Answer {
  const { items, totals } = pageOf(call, listOf(call, "products"));
  return {
    status: 200,
    body: {
      ...totals,
      products: items.map((product) => presentProduct(call, product)),
      links: [link(`${call.origin}/v1/catalogs/products`, "self")],
    },
  };
}

function presentProduct(call: Call, { id, name, type, more, createdAt, updatedAt }: Product): object {
  const self = `${call.origin}/v1/catalogs/products/${id}`;
  return { id, name, type, ...more, create_time: stamp(createdAt), update_time: stamp(updatedAt), links: [link(self, "self")] };
}

/** `POST /v1/billing/plans` */
export function createPlan(call: Call): Answer {
  const { body } = call;
  const productId = body.mustString("product_id", 50);
  if (call.books.get("products", productId)?.book !== call.book.id) throw missing(productId);
  const cycles = body.mustList("billing_cycles", 12).map(readCycle);
  const currency = currencyOf(cycles);
  const preferences = body.object("payment_preferences");
  const fee = preferences?.money("setup_fee", { allowZero: true });
  if (fee && Number(fee.value) !== 0) throw notSimulated("/payment_preferences/setup_fee");
  if (body.has("taxes")) throw notSimulated("/taxes");
  const description = body.string("description", 127);
  const plan: Plan = {
    id: newId.plan(),
    product_id: productId,
    name: body.mustString("name", 127),
    status: body.oneOf("status", ["CREATED", "ACTIVE"] as const) ?? "ACTIVE",
    ...(description === undefined ? {} : { description }),
    cycles,
    autoBillOutstanding: preferences?.boolean("auto_bill_outstanding") ?? true,
    failureThreshold: preferences?.integer("payment_failure_threshold", 0, 999) ?? 0,
    quantitySupported: body.boolean("quantity_supported") ?? false,
    currency,
    createdAt: call.now,
    updatedAt: call.now,
  };
  preferences?.any("setup_fee_failure_action");
  preferences?.done();
  body.done();
  keep(call, "plans", plan);
  tellPlan(call, "CREATED", plan);
  return { status: 201, body: presentPlan(call, plan) };
}

function readCycle(body: Body): BillingCycle {
  const frequency = body.mustObject("frequency");
  const unit = frequency.oneOf("interval_unit", ["DAY", "WEEK", "MONTH", "YEAR"] as const);
  const tenure = body.oneOf("tenure_type", ["TRIAL", "REGULAR"] as const);
  if (unit === undefined || tenure === undefined) {
    throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", {
      field: body.at(unit ? "tenure_type" : "frequency"),
    });
  }
  const count = frequency.integer("interval_count", 1, { DAY: 365, WEEK: 52, MONTH: 12, YEAR: 1 }[unit]) ?? 1;
  frequency.done();
  const scheme = body.object("pricing_scheme");
  const price = scheme?.money("fixed_price", { allowZero: true }) ?? null;
  scheme?.done();
  const cycle: BillingCycle = {
    frequency: { interval_unit: unit, interval_count: count },
    tenure_type: tenure,
    sequence: body.integer("sequence", 1, 99) ?? 1,
    total_cycles: body.integer("total_cycles", 0, 999) ?? 1,
    price,
  };
  body.done();
  if (tenure === "REGULAR" && !price) {
    throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: body.at("pricing_scheme") });
  }
  return cycle;
}

function currencyOf(cycles: readonly BillingCycle[]): string {
  const currencies = new Set(cycles.flatMap(({ price }) => (price ? [price.currency_code] : [])));
  if (currencies.size > 1) throw businessFault("CURRENCY_MISMATCH", "All prices of a plan are in one currency.");
  const [currency] = currencies;
  if (currency !== undefined && cycles.filter(({ tenure_type: tenure }) => tenure === "REGULAR").length === 1) return currency;
  throw businessFault("INVALID_METADATA", "A plan has exactly one regular billing cycle.");
}

/** `GET /v1/billing/plans/{id}` */
export const getPlan = (call: Call): Answer => ({ status: 200, body: presentPlan(call, mustHave(call, "plans")) });

/** `GET /v1/billing/plans` */
export function listPlans(call: Call): Answer {
  const productId = call.query.get("product_id");
  const ids = call.query.get("plan_ids")?.split(",");
  const all = listOf(call, "plans").filter(
    (plan) => (productId ?? plan.product_id) === plan.product_id && (ids?.includes(plan.id) ?? true),
  );
  const { items, totals } = pageOf(call, all);
  const links = [link(`${call.origin}/v1/billing/plans`, "self")];
  return { status: 200, body: { ...totals, plans: items.map((plan) => presentPlan(call, plan)), links } };
}

/** `POST /v1/billing/plans/{id}/activate` */
export const activatePlan = (call: Call): Answer => turnPlan(call, "ACTIVE", "ACTIVATED");

/** `POST /v1/billing/plans/{id}/deactivate` */
export const deactivatePlan = (call: Call): Answer => turnPlan(call, "INACTIVE", "DEACTIVATED");

function turnPlan(call: Call, status: Plan["status"], verb: string): Answer {
  const plan = mustHave(call, "plans");
  if (status === "INACTIVE" && plan.status !== "ACTIVE") {
    throw businessFault("PLAN_STATUS_INVALID", `A plan that is ${plan.status} cannot be deactivated.`);
  }
  if (plan.status === status) throw businessFault("PLAN_STATUS_INVALID", `The plan is ${status} already.`);
  const turned: Plan = { ...plan, status, updatedAt: call.now };
  keep(call, "plans", turned);
  tellPlan(call, verb, turned);
  return { status: 204 };
}

function tellPlan(call: Call, verb: string, plan: Plan): void {
  const summary = `A billing plan was ${verb.toLowerCase()}.`;
  tell(call, { type: `BILLING.PLAN.${verb}`, kind: "plan", version: "2.0", summary, resource: presentPlan(call, plan) });
}

function presentPlan(call: Call, plan: Plan): object {
  const self = `${call.origin}/v1/billing/plans/${plan.id}`;
  return {
    id: plan.id,
    product_id: plan.product_id,
    name: plan.name,
    status: plan.status,
    ...(plan.description === undefined ? {} : { description: plan.description }),
    usage_type: "LICENSED",
    billing_cycles: plan.cycles.map(({ price, ...cycle }) => ({
      ...cycle,
      ...(price ? { pricing_scheme: { version: 1, fixed_price: price, create_time: stamp(plan.createdAt) } } : {}),
    })),
    payment_preferences: {
      service_type: "PREPAID",
      auto_bill_outstanding: plan.autoBillOutstanding,
      setup_fee_failure_action: "CANCEL",
      payment_failure_threshold: plan.failureThreshold,
    },
    quantity_supported: plan.quantitySupported,
    create_time: stamp(plan.createdAt),
    update_time: stamp(plan.updatedAt),
    links: [
      link(self, "self"),
      link(self, "edit", "PATCH"),
      link(`${self}/${plan.status === "ACTIVE" ? "deactivate" : "activate"}`, "self", "POST"),
    ],
  };
}
