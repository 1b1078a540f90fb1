import type Stripe from "stripe";
import { readAddress } from "./addresses.ts";
import { newId, nowInSeconds } from "./books.ts";
import { type Call, createdFilter, expanded, listPage, mustHave, tell } from "./call.ts";
import { missing, refused } from "./errors.ts";
import { type Params, mergedMetadata } from "./form.ts";
import { methodFor, releaseMethod, saveMethod } from "./methods.ts";

type Customer = Stripe.Customer;

const NOT_SIMULATED = [
  "business_name",
  "cash_balance",
  "default_source",
  "individual_name",
  "invoice_prefix",
  "next_invoice_sequence",
  "source",
  "tax",
  "tax_id_data",
  "test_clock",
  "validate",
] as const;

/** `POST /v1/customers` */
export function createCustomer(call: Call): object {
  const { params, books, key } = call;
  const methodName = params.string("payment_method");
  const object = blankCustomer(newId("cus").replace("_1", "_"), nowInSeconds(books, key.book.id), key.book.livemode);
  const given = readCustomer(params);
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);
  const held = methodName === undefined ? undefined : methodFor(call, methodName);
  // `pm_card_visa` as the method and as the default means the same new one
  if (held && given.defaultMethod === methodName) given.defaultMethod = held.object.id;
  apply(object, given);
  if (held && held.object.customer !== null) {
    throw refused("The payment method you provided has already been attached to a customer.", { param: "payment_method" });
  }
  checkDefault(call, object, held?.object.id);

  keep(call, object);
  tell(call, "customer.created", object);
  if (held) saveMethod(call, held, object.id, false);
  return expanded(call, object, expand);
}

/** `GET /v1/customers/{id}`; of a deleted one only that it is deleted. */
export function retrieveCustomer(call: Call): object {
  const [id = ""] = call.ids;
  const expand = call.params.list("expand");
  call.params.done();
  return expanded(call, mustHave(call, "customers", id).object, expand);
}

/** `POST /v1/customers/{id}` */
export function updateCustomer(call: Call): object {
  const { params } = call;
  const [id = ""] = call.ids;
  const before = customerOf(call, id, "id", 404);
  const object = structuredClone(before);
  const given = readCustomer(params);
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);
  apply(object, given);
  checkDefault(call, object, undefined);
  keep(call, object);
  tell(call, "customer.updated", object, before);
  return expanded(call, object, expand);
}

/** `DELETE /v1/customers/{id}`: for good, with all saved methods. */
export function deleteCustomer(call: Call): object {
  const [id = ""] = call.ids;
  call.params.done();
  const object = customerOf(call, id, "id", 404);
  for (const [, held] of call.books.entries("methods")) {
    if (held.book === call.key.book.id && held.object.customer === id) releaseMethod(call, structuredClone(held));
  }
  const gone: Stripe.DeletedCustomer = { id, object: "customer", deleted: true };
  call.books.put("customers", id, { book: call.key.book.id, object: gone });
  tell(call, "customer.deleted", object);
  return gone;
}

/** `GET /v1/customers` */
export function listCustomers(call: Call): object {
  const { params } = call;
  const page = params.page();
  const created = createdFilter(params);
  const email = params.string("email", 512);
  const expand = params.list("expand");
  params.done(["test_clock"]);
  const keepRow = (customer: Customer | Stripe.DeletedCustomer) =>
    !customer.deleted && created(customer) && (email === undefined || customer.email === email);
  return expanded(call, listPage(call, call.books.entries("customers"), "/v1/customers", page, keepRow), expand);
}

/** A customer of the caller's book who is not deleted. Throws `resource_missing`. */
export function customerOf(call: Call, id: string, param: string, status: 400 | 404): Customer {
  const { object } = mustHave(call, "customers", id, param, status);
  if (object.deleted) throw missing("customer", id, param, status);
  return object;
}

function keep(call: Call, object: Customer): void {
  call.books.put("customers", object.id, { book: call.key.book.id, object });
}

/** The default must be one of the customer's own methods, or the one that is being saved along with it. */
function checkDefault(call: Call, customer: Customer, saving: string | undefined): void {
  const named = customer.invoice_settings.default_payment_method;
  if (typeof named !== "string" || named === saving) return;
  const held = methodFor(call, named, "invoice_settings[default_payment_method]");
  if (held.object.customer === customer.id) return;
  throw refused(
    `The customer does not have a payment method with the ID ${named}. The payment method must be attached to the customer.`,
    { code: "resource_missing", param: "invoice_settings[default_payment_method]" },
  );
}

type Given = ReturnType<typeof readCustomer>;

function readCustomer(params: Params) {
  const settings = params.hash("invoice_settings");
  const defaultMethod = settings?.unsettable("default_payment_method");
  settings?.done(["custom_fields", "footer", "rendering_options"]);
  return {
    fields: {
      address: readAddress(params),
      balance: params.integer("balance"),
      description: params.unsettable("description"),
      email: params.unsettable("email", 512),
      name: params.unsettable("name", 256),
      phone: params.unsettable("phone", 20),
      preferred_locales: params.has("preferred_locales") ? params.list("preferred_locales") : undefined,
      shipping: readShipping(params),
      tax_exempt: params.oneOf("tax_exempt", ["none", "exempt", "reverse"]),
    },
    defaultMethod,
    metadata: params.metadata(),
  };
}

function readShipping(params: Params): Stripe.Customer.Shipping | null | undefined {
  if (!params.isHash("shipping")) return params.unsettable("shipping") === null ? null : undefined;
  const given = params.hash("shipping");
  if (!given) return undefined;
  const name = given.mustString("name");
  const phone = given.unsettable("phone") ?? null;
  const address = readAddress(given) ?? undefined;
  given.done();
  return { name, phone, ...(address ? { address } : {}) };
}

function apply(customer: Customer, { fields, defaultMethod, metadata }: Given): void {
  Object.assign(customer, Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
  if (defaultMethod !== undefined) customer.invoice_settings.default_payment_method = defaultMethod;
  customer.metadata = mergedMetadata(customer.metadata, metadata);
}

function blankCustomer(id: string, created: number, livemode: boolean): Customer {
  return {
    id,
    object: "customer",
    address: null,
    balance: 0,
    created,
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: id.slice(-8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  };
}
