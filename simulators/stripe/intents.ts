import type Stripe from "stripe";
import { newId, nowInSeconds, randomText } from "./books.ts";
import { type Call, createdFilter, expanded, listPage, mustHave, tell } from "./call.ts";
import { checkAmount, checkCurrency } from "./currencies.ts";
import { customerOf } from "./customers.ts";
import { StripeProblem, refused } from "./errors.ts";
import { type Params, mergedMetadata } from "./form.ts";
import { checkUsable, keepMethod, methodFor } from "./methods.ts";
import { type Confirmation, cancel, capture, confirmIntent, keep, unexpectedState } from "./moves.ts";
import { checkSecret, visible } from "./secrets.ts";
import { readWays } from "./ways.ts";

type Intent = Stripe.PaymentIntent;

/** Known to Stripe's API, not simulated: refused loudly rather than ignored. */
const NOT_SIMULATED = [
  "allowed_payment_method_types",
  "amount_details",
  "amount_to_confirm",
  "application_fee_amount",
  "confirmation_token",
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
  const { params } = call;
  const amount = params.mustInteger("amount");
  const currency = checkCurrency(params.mustString("currency"));
  checkAmount(amount, currency);
  const ways = readWays(params);
  const captureMethod = params.oneOf("capture_method", ["automatic", "automatic_async", "manual"]) ?? "automatic_async";
  const confirmationMethod = params.oneOf("confirmation_method", ["automatic", "manual"]) ?? "automatic";
  const details = readDetails(params);
  const methodName = params.string("payment_method");
  const confirm = params.boolean("confirm") ?? false;
  const how = readConfirmation(params, confirm);
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);

  const intent: Intent = {
    ...blankIntent(call, amount, currency),
    automatic_payment_methods: ways.automatic,
    allowed_payment_method_types: ways.allowed,
    capture_method: captureMethod,
    confirmation_method: confirmationMethod,
  };
  apply(call, intent, details);
  if (methodName !== undefined) hold(call, intent, methodName);
  keep(call, intent);
  tell(call, "payment_intent.created", intent);
  if (confirm) confirmIntent(call, intent, how);
  return expanded(call, intent, expand);
}

/** `GET /v1/payment_intents/{id}`; with a publishable key the client secret must come along, and less is shown. */
export function retrieveIntent(call: Call): object {
  const intent = intentOf(call);
  const expand = call.params.list("expand");
  call.params.done();
  return visible(call, expanded(call, intent, expand), PUBLIC_FIELDS);
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

  const { customer, future } = details;
  const decisive = { amount, currency, payment_method: methodName, customer, setup_future_usage: future };
  const [fixed] = Object.entries(decisive).find(([, value]) => value !== undefined) ?? [];
  if (fixed !== undefined && !isOpen(intent)) {
    const message = `This PaymentIntent's ${fixed} could not be updated because it has a status of ${intent.status}. You may only update the ${fixed} of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.`;
    throw unexpectedState(intent, message);
  }
  apply(call, intent, details);
  if (methodName !== undefined) hold(call, intent, methodName);
  Object.assign(intent, { amount: amount ?? intent.amount, currency: currency ?? intent.currency, last_payment_error: null });
  keep(call, intent);
  return expanded(call, intent, expand);
}

/** `POST /v1/payment_intents/{id}/confirm`, by the vendor's server or, with the client secret, by the customer's browser. */
export function confirmPaymentIntent(call: Call): object {
  const { params } = call;
  const intent = intentOf(call);
  const methodName = params.string("payment_method");
  const receiptEmail = params.unsettable("receipt_email", 800);
  const future = params.oneOf("setup_future_usage", ["off_session", "on_session"]);
  const how = readConfirmation(params, true);
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);

  if (call.key.publishable && intent.confirmation_method === "manual") {
    throw refused("This PaymentIntent must be confirmed with a secret key because its confirmation_method is manual.", {
      code: "payment_intent_invalid_parameter",
    });
  }
  if (methodName !== undefined && isOpen(intent)) hold(call, intent, methodName);
  if (future !== undefined && isOpen(intent)) intent.setup_future_usage = future;
  if (receiptEmail !== undefined && isOpen(intent)) intent.receipt_email = receiptEmail;
  try {
    confirmIntent(call, intent, how);
  } catch (error) {
    throw error instanceof StripeProblem ? withVisibleIntent(call, error) : error;
  }
  return visible(call, expanded(call, intent, expand), PUBLIC_FIELDS);
}

/** `POST /v1/payment_intents/{id}/cancel` */
export function cancelIntent(call: Call): object {
  const { params } = call;
  const intent = intentOf(call);
  const reason = params.oneOf("cancellation_reason", ["duplicate", "fraudulent", "requested_by_customer", "abandoned"]) ?? null;
  const expand = params.list("expand");
  params.done();
  if (!isOpen(intent) && intent.status !== "requires_capture") {
    const message = `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action.`;
    throw unexpectedState(intent, message);
  }
  cancel(call, intent, reason);
  return expanded(call, intent, expand);
}

/** `POST /v1/payment_intents/{id}/capture`: all that is reserved or part of it, once. */
export function captureIntent(call: Call): object {
  const { params } = call;
  const intent = intentOf(call);
  const amount = params.integer("amount_to_capture") ?? intent.amount_capturable;
  const metadata = mergedMetadata(intent.metadata, params.metadata());
  const expand = params.list("expand");
  params.done([...NOT_SIMULATED, "final_capture", "statement_descriptor_suffix"]);
  if (intent.status !== "requires_capture") {
    const message = `This PaymentIntent could not be captured because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.`;
    throw unexpectedState(intent, message);
  }
  if (amount < 1 || amount > intent.amount_capturable) {
    const code = amount < 1 ? "parameter_invalid_integer" : "amount_too_large";
    throw refused("The amount to capture must be from 1 to the amount that can be captured.", {
      code,
      param: "amount_to_capture",
    });
  }
  intent.metadata = metadata;
  capture(call, intent, amount);
  return expanded(call, intent, expand);
}

/** `GET /v1/payment_intents`, by time and customer. */
export function listIntents(call: Call): object {
  const { params } = call;
  const page = params.page();
  const keepCreated = createdFilter(params);
  const customer = params.string("customer");
  const expand = params.list("expand");
  params.done(["customer_account"]);
  const keepRow = (intent: Intent) => keepCreated(intent) && (customer === undefined || intent.customer === customer);
  return expanded(call, listPage(call, call.books.entries("intents"), "/v1/payment_intents", page, keepRow), expand);
}

/** The intent that the path names, as a copy: an endpoint that throws half-way has changed nothing. */
function intentOf(call: Call): Intent {
  const [id = ""] = call.ids;
  const intent = structuredClone(mustHave(call, "intents", id, "intent").object);
  checkSecret(call, "PaymentIntent", intent.client_secret);
  return intent;
}

const isOpen = (intent: Intent) =>
  ["requires_payment_method", "requires_confirmation", "requires_action"].includes(intent.status);

function hold(call: Call, intent: Intent, methodName: string): void {
  const held = methodFor(call, methodName);
  checkUsable(held, typeof intent.customer === "string" ? intent.customer : null);
  intent.payment_method = keepMethod(call, held);
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
    customer: params.string("customer"),
    future: params.has("setup_future_usage")
      ? params.unsettable("setup_future_usage") && params.oneOf("setup_future_usage", ["off_session", "on_session"])
      : undefined,
  };
}

function apply(call: Call, intent: Intent, details: Details): void {
  const { description, receiptEmail, suffix, metadata, customer, future } = details;
  if (customer !== undefined) intent.customer = customerOf(call, customer, "customer", 400).id;
  if (future !== undefined) intent.setup_future_usage = future;
  if (description !== undefined) intent.description = description;
  if (receiptEmail !== undefined) intent.receipt_email = receiptEmail;
  if (suffix !== undefined) intent.statement_descriptor_suffix = suffix;
  intent.metadata = mergedMetadata(intent.metadata, metadata);
}

/** The parameters that only make sense when confirming; Stripe refuses them on a create that does not confirm. */
function readConfirmation(params: Params, confirming: boolean): Confirmation {
  const [early] = confirming ? [] : ["off_session", "error_on_requires_action", "return_url"].filter((name) => params.has(name));
  if (early !== undefined) throw refused(`You can only use ${early} when also passing confirm=true.`, { param: early });
  const away = params.oneOf("off_session", ["true", "false", "one_off", "recurring"]) ?? "false";
  return {
    useSdk: params.boolean("use_stripe_sdk") ?? false,
    offSession: away !== "false",
    errorOnAction: params.boolean("error_on_requires_action") ?? false,
    returnUrl: params.string("return_url"),
  };
}

function withVisibleIntent(call: Call, problem: StripeProblem): StripeProblem {
  const intent = problem.body.payment_intent;
  if (!intent || !call.key.publishable) return problem;
  return new StripeProblem(
    problem.status,
    { ...problem.body, payment_intent: visible(call, intent, PUBLIC_FIELDS) },
    { saved: problem.saved },
  );
}

/** An intent as it begins, with nothing but what is asked for. */
export function blankIntent(call: Call, amount: number, currency: string): Intent {
  const id = newId("pi");
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
    created: nowInSeconds(call.books, call.key.book.id),
    currency,
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: call.key.book.livemode,
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
