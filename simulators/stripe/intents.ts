import type Stripe from "stripe";
import { newId, nowInSeconds, randomText } from "./books.ts";
import { type Call, createdFilter, expanded, listPage, mustHave, tell } from "./call.ts";
import { checkAmount, checkCurrency } from "./currencies.ts";
import { StripeProblem, refused } from "./errors.ts";
import type { Params } from "./form.ts";
import { keepMethod, methodFor } from "./methods.ts";
import { type Confirmation, cancel, confirmIntent, keep, unexpectedState } from "./moves.ts";

type Intent = Stripe.PaymentIntent;

/** Known to Stripe's API, not simulated: refused loudly rather than ignored. */
const NOT_SIMULATED = [
  "allowed_payment_method_types",
  "amount_details",
  "amount_to_confirm",
  "application_fee_amount",
  "confirmation_token",
  "customer",
  "customer_account",
  "excluded_payment_method_types",
  "hooks",
  "mandate",
  "mandate_data",
  "on_behalf_of",
  "payment_details",
  "payment_method_configuration",
  "payment_method_data",
  "payment_method_options",
  "radar_options",
  "setup_future_usage",
  "shipping",
  "statement_descriptor",
  "transfer_data",
  "transfer_group",
] as const;

/** What everyone who holds the client secret may see of an intent. */
const PUBLIC_FIELDS: ReadonlySet<string> = new Set<keyof Intent>([
  "id",
  "object",
  "amount",
  "automatic_payment_methods",
  "canceled_at",
  "cancellation_reason",
  "capture_method",
  "client_secret",
  "confirmation_method",
  "created",
  "currency",
  "description",
  "last_payment_error",
  "livemode",
  "next_action",
  "payment_method",
  "payment_method_configuration_details",
  "payment_method_types",
  "processing",
  "receipt_email",
  "setup_future_usage",
  "shipping",
  "source",
  "status",
]);

/** `POST /v1/payment_intents` */
export function createIntent(call: Call): object {
  const { params, books, key } = call;
  const amount = params.mustInteger("amount");
  const currency = checkCurrency(params.mustString("currency"));
  checkAmount(amount, currency);
  const automatic = automaticMethods(params);
  const captureMethod = params.oneOf("capture_method", ["automatic", "automatic_async"]) ?? "automatic_async";
  const confirmationMethod = params.oneOf("confirmation_method", ["automatic", "manual"]) ?? "automatic";
  const details = readDetails(params);
  const methodName = params.string("payment_method");
  const confirm = params.boolean("confirm") ?? false;
  const how = readConfirmation(params, confirm);
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);

  const id = newId("pi");
  const intent: Intent = {
    ...blankIntent(id, amount, currency, key.book.livemode),
    automatic_payment_methods: automatic,
    capture_method: captureMethod,
    confirmation_method: confirmationMethod,
  };
  if (methodName !== undefined) attach(call, intent, methodName);
  apply(intent, details);
  keep(call, intent);
  tell(call, "payment_intent.created", intent);
  if (confirm) confirmIntent(call, intent, how);
  return expanded(call, books.get("intents", id)?.object ?? intent, expand);
}

/** `GET /v1/payment_intents/{id}`; with a publishable key the client secret must come along, and less is shown. */
export function retrieveIntent(call: Call): object {
  const intent = intentOf(call);
  const expand = call.params.list("expand");
  call.params.done();
  return visible(call, expanded(call, intent, expand));
}

/** `POST /v1/payment_intents/{id}` */
export function updateIntent(call: Call): object {
  const { params } = call;
  const intent = intentOf(call);
  const amount = params.integer("amount");
  const currencyText = params.string("currency");
  const currency = currencyText === undefined ? undefined : checkCurrency(currencyText);
  if (amount !== undefined || currency !== undefined) checkAmount(amount ?? intent.amount, currency ?? intent.currency);
  const details = readDetails(params);
  const methodName = params.string("payment_method");
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);

  const [fixed] = Object.entries({ amount, currency, payment_method: methodName }).find(([, value]) => value !== undefined) ?? [];
  if (fixed !== undefined && !isOpen(intent)) {
    const message = `This PaymentIntent's ${fixed} could not be updated because it has a status of ${intent.status}. You may only update the ${fixed} of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.`;
    throw unexpectedState(intent, message);
  }
  if (methodName !== undefined) attach(call, intent, methodName);
  Object.assign(intent, { amount: amount ?? intent.amount, currency: currency ?? intent.currency, last_payment_error: null });
  apply(intent, details);
  keep(call, intent);
  return expanded(call, intent, expand);
}

/** `POST /v1/payment_intents/{id}/confirm`, by the vendor's server or, with the client secret, by the customer's browser. */
export function confirmPaymentIntent(call: Call): object {
  const { params } = call;
  const intent = intentOf(call);
  const methodName = params.string("payment_method");
  const receiptEmail = params.unsettable("receipt_email", 800);
  const how = readConfirmation(params, true);
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);

  if (call.key.publishable && intent.confirmation_method === "manual") {
    throw refused("This PaymentIntent must be confirmed with a secret key because its confirmation_method is manual.", {
      code: "payment_intent_invalid_parameter",
    });
  }
  if (methodName !== undefined && isOpen(intent)) attach(call, intent, methodName);
  if (receiptEmail !== undefined && isOpen(intent)) intent.receipt_email = receiptEmail;
  try {
    confirmIntent(call, intent, how);
  } catch (error) {
    throw error instanceof StripeProblem ? withVisibleIntent(call, error) : error;
  }
  return visible(call, expanded(call, intent, expand));
}

/** `POST /v1/payment_intents/{id}/cancel` */
export function cancelIntent(call: Call): object {
  const { params } = call;
  const intent = intentOf(call);
  const reason = params.oneOf("cancellation_reason", ["duplicate", "fraudulent", "requested_by_customer", "abandoned"]) ?? null;
  const expand = params.list("expand");
  params.done();
  if (!isOpen(intent)) {
    const message = `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action.`;
    throw unexpectedState(intent, message);
  }
  cancel(call, intent, reason);
  return expanded(call, intent, expand);
}

/** `GET /v1/payment_intents` */
export function listIntents(call: Call): object {
  const { params } = call;
  const page = params.page();
  const keepCreated = createdFilter(params);
  const expand = params.list("expand");
  params.done(["customer", "customer_account"]);
  return expanded(call, listPage(call, call.books.entries("intents"), "/v1/payment_intents", page, keepCreated), expand);
}

/** The intent that the path names, as a copy: an endpoint that throws half-way has changed nothing. */
function intentOf(call: Call): Intent {
  const [id = ""] = call.ids;
  const intent = structuredClone(mustHave(call, "intents", id, "intent").object);
  const secret = call.params.string("client_secret");
  if (secret === undefined && !call.key.publishable) return intent;
  if (secret === undefined) {
    throw refused("Missing required param: client_secret.", { code: "parameter_missing", param: "client_secret" });
  }
  if (secret === intent.client_secret) return intent;
  throw refused("The client_secret provided does not match the client_secret associated with the PaymentIntent.", {
    code: "payment_intent_invalid_parameter",
    param: "client_secret",
  });
}

const isOpen = (intent: Intent) =>
  ["requires_payment_method", "requires_confirmation", "requires_action"].includes(intent.status);

function attach(call: Call, intent: Intent, methodName: string): void {
  intent.payment_method = keepMethod(call.books, call.key.book, methodFor(call.books, call.key.book, methodName));
  intent.status = "requires_confirmation";
  intent.next_action = null;
}

type Details = ReturnType<typeof readDetails>;

function readDetails(params: Params) {
  return {
    description: params.unsettable("description", 1000),
    receiptEmail: params.unsettable("receipt_email", 800),
    suffix: params.unsettable("statement_descriptor_suffix", 22),
    metadata: params.metadata(),
  };
}

function apply(intent: Intent, { description, receiptEmail, suffix, metadata }: Details): void {
  if (description !== undefined) intent.description = description;
  if (receiptEmail !== undefined) intent.receipt_email = receiptEmail;
  if (suffix !== undefined) intent.statement_descriptor_suffix = suffix;
  if (metadata === undefined) return;
  const merged = metadata === null ? [] : Object.entries({ ...intent.metadata, ...metadata });
  intent.metadata = Object.fromEntries(merged.filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

function automaticMethods(params: Params): Intent["automatic_payment_methods"] {
  const given = params.hash("automatic_payment_methods");
  const enabled = given?.boolean("enabled") ?? true;
  const redirects = given?.oneOf("allow_redirects", ["always", "never"]) ?? "always";
  if (given && !given.has("enabled")) {
    throw refused("Missing required param: automatic_payment_methods[enabled].", {
      code: "parameter_missing",
      param: "automatic_payment_methods[enabled]",
    });
  }
  given?.done();
  return enabled ? { allow_redirects: redirects, enabled } : null;
}

/** The parameters that only make sense when confirming; Stripe refuses them on a create that does not confirm. */
function readConfirmation(params: Params, confirming: boolean): Confirmation {
  const [early] = confirming ? [] : ["off_session", "error_on_requires_action", "return_url"].filter((name) => params.has(name));
  if (early !== undefined) throw refused(`You can only use ${early} when also passing confirm=true.`, { param: early });
  params.boolean("use_stripe_sdk");
  return {
    offSession: params.boolean("off_session") ?? false,
    errorOnAction: params.boolean("error_on_requires_action") ?? false,
    returnUrl: params.string("return_url"),
  };
}

function visible(call: Call, intent: object): object {
  if (!call.key.publishable) return intent;
  return Object.fromEntries(Object.entries(intent).filter(([field]) => PUBLIC_FIELDS.has(field)));
}

function withVisibleIntent(call: Call, problem: StripeProblem): StripeProblem {
  const intent = problem.body.payment_intent;
  if (!intent || !call.key.publishable) return problem;
  return new StripeProblem(problem.status, { ...problem.body, payment_intent: visible(call, intent) }, { saved: problem.saved });
}

function blankIntent(id: string, amount: number, currency: string, livemode: boolean): Intent {
  return {
    id,
    object: "payment_intent",
    allowed_payment_method_types: null,
    amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic_async",
    client_secret: `${id}_secret_${randomText(25)}`,
    confirmation_method: "automatic",
    created: nowInSeconds(),
    currency,
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode,
    managed_payments: { enabled: false },
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: "automatic" },
    },
    payment_method_types: ["card"],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "requires_payment_method",
    transfer_data: null,
    transfer_group: null,
  };
}
