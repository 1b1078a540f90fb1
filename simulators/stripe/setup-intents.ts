import type Stripe from "stripe";
import { newId, nowInSeconds, randomText } from "./books.ts";
import { type Call, createdFilter, expanded, listPage, mustHave, tell } from "./call.ts";
import { type Declined, whyDeclined } from "./cards.ts";
import { customerOf } from "./customers.ts";
import { StripeProblem, refused } from "./errors.ts";
import { mergedMetadata } from "./form.ts";
import { type HeldMethod, cardOf, checkUsable, keepMethod, methodFor, outcomeOf, saveMethod } from "./methods.ts";
import { nextAction } from "./moves.ts";
import { checkSecret, visible } from "./secrets.ts";
import { readWays } from "./ways.ts";

type Setup = Stripe.SetupIntent;

const NOT_SIMULATED = [
  "allowed_payment_method_types",
  "attach_to_self",
  "confirmation_token",
  "customer_account",
  "excluded_payment_method_types",
  "flow_directions",
  "mandate_data",
  "on_behalf_of",
  "payment_method_configuration",
  "payment_method_data",
  "payment_method_options",
  "single_use",
] as const;

const PUBLIC_FIELDS: ReadonlySet<string> = new Set<keyof Setup>([
  "id",
  "object",
  "automatic_payment_methods",
  "cancellation_reason",
  "client_secret",
  "created",
  "description",
  "last_setup_error",
  "livemode",
  "next_action",
  "payment_method",
  "payment_method_configuration_details",
  "payment_method_types",
  "status",
  "usage",
]);

const failedAuthentication: Declined = {
  kind: "declined",
  code: "setup_intent_authentication_failure",
  declineCode: null,
  message:
    "The latest attempt to set up the payment method has failed because authentication failed. Please try again with a different payment method.",
  advice: null,
  networkCode: null,
  blocked: false,
};

/** `POST /v1/setup_intents` */
export function createSetup(call: Call): object {
  const { params, books, key } = call;
  const ways = readWays(params);
  const customer = params.string("customer");
  const methodName = params.string("payment_method");
  const usage = params.oneOf("usage", ["off_session", "on_session"]) ?? "off_session";
  const description = params.unsettable("description", 1000) ?? null;
  const metadata = mergedMetadata({}, params.metadata());
  const confirm = params.boolean("confirm") ?? false;
  const how = readConfirmation(call, confirm);
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);
  if (customer !== undefined) customerOf(call, customer, "customer", 400);

  const blank = blankSetup(newId("seti"), nowInSeconds(books, key.book.id), key.book.livemode);
  const setup: Setup = {
    ...blank,
    automatic_payment_methods: ways.automatic,
    allowed_payment_method_types: ways.allowed,
    customer: customer ?? null,
    usage,
    description,
    metadata,
  };
  if (methodName !== undefined) hold(call, setup, methodName);
  keep(call, setup);
  tell(call, "setup_intent.created", setup);
  if (confirm) confirmSetup(call, setup, how);
  return expanded(call, setup, expand);
}

/** `GET /v1/setup_intents/{id}` */
export function retrieveSetup(call: Call): object {
  const setup = setupOf(call);
  const expand = call.params.list("expand");
  call.params.done();
  return visible(call, expanded(call, setup, expand), PUBLIC_FIELDS);
}

/** `POST /v1/setup_intents/{id}` */
export function updateSetup(call: Call): object {
  const { params } = call;
  const setup = setupOf(call);
  const customer = params.string("customer");
  const methodName = params.string("payment_method");
  const description = params.unsettable("description", 1000);
  const metadata = mergedMetadata(setup.metadata, params.metadata());
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);
  if (customer !== undefined) customerOf(call, customer, "customer", 400);
  if ((customer !== undefined || methodName !== undefined) && !isOpen(setup)) {
    throw unexpectedState(setup, `This SetupIntent could not be updated because it has a status of ${setup.status}.`);
  }
  Object.assign(setup, {
    metadata,
    ...(customer === undefined ? {} : { customer }),
    ...(description === undefined ? {} : { description }),
  });
  if (methodName !== undefined) hold(call, setup, methodName);
  keep(call, setup);
  return expanded(call, setup, expand);
}

/** `POST /v1/setup_intents/{id}/confirm`, by the vendor's server or, with the client secret, by the customer's browser. */
export function confirmSetupIntent(call: Call): object {
  const { params } = call;
  const setup = setupOf(call);
  const methodName = params.string("payment_method");
  const how = readConfirmation(call, true);
  const expand = params.list("expand");
  params.done(NOT_SIMULATED);
  if (methodName !== undefined && isOpen(setup)) hold(call, setup, methodName);
  try {
    confirmSetup(call, setup, how);
  } catch (error) {
    throw error instanceof StripeProblem && call.key.publishable ? withVisibleSetup(call, error) : error;
  }
  return visible(call, expanded(call, setup, expand), PUBLIC_FIELDS);
}

/** `POST /v1/setup_intents/{id}/cancel` */
export function cancelSetup(call: Call): object {
  const { params } = call;
  const setup = setupOf(call);
  const reason = params.oneOf("cancellation_reason", ["abandoned", "duplicate", "requested_by_customer"]) ?? null;
  const expand = params.list("expand");
  params.done();
  if (!isOpen(setup)) {
    const message = `You cannot cancel this SetupIntent because it has a status of ${setup.status}. Only a SetupIntent with one of the following statuses may be canceled: requires_payment_method, requires_confirmation, requires_action.`;
    throw unexpectedState(setup, message);
  }
  Object.assign(setup, { status: "canceled", cancellation_reason: reason, next_action: null } satisfies Partial<Setup>);
  keep(call, setup);
  tell(call, "setup_intent.canceled", setup);
  return expanded(call, setup, expand);
}

/** `GET /v1/setup_intents`, by time, customer and method. */
export function listSetups(call: Call): object {
  const { params } = call;
  const page = params.page();
  const created = createdFilter(params);
  const customer = params.string("customer");
  const method = params.string("payment_method");
  const expand = params.list("expand");
  params.done(["attach_to_self", "customer_account"]);
  const keepRow = (setup: Setup) =>
    created(setup) &&
    (customer === undefined || setup.customer === customer) &&
    (method === undefined || setup.payment_method === method);
  return expanded(call, listPage(call, call.books.entries("setups"), "/v1/setup_intents", page, keepRow), expand);
}

/** The customer has passed authentication, or failed it. */
export function settleSetup(call: Call, setup: Setup, passed: boolean): void {
  const held = heldBy(call, setup);
  if (!passed || !held) return void refuse(call, setup, failedAuthentication);
  succeed(call, setup, held);
}

/** Asks the bank whether the card may be charged later on. A card that wants the customer always wants them here. */
function confirmSetup(call: Call, setup: Setup, how: { returnUrl: string | undefined; useSdk: boolean }): void {
  if (!isOpen(setup)) {
    throw unexpectedState(setup, `You cannot confirm this SetupIntent because it has a status of ${setup.status}.`);
  }
  const held = heldBy(call, setup);
  if (!held) {
    const message =
      "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.";
    throw unexpectedState(setup, message);
  }
  checkUsable(held, ownerOf(setup));
  setup.last_setup_error = null;
  setup.next_action = null;
  const outcome = outcomeOf(held);
  if (outcome.kind === "declined" && !cardOf(held).savable) throw refuse(call, setup, outcome);
  if (outcome.kind !== "needs_action") return succeed(call, setup, held);
  setup.status = "requires_action";
  setup.next_action = nextAction(call, setup.id, how);
  keep(call, setup);
  tell(call, "setup_intent.requires_action", setup);
}

function succeed(call: Call, setup: Setup, held: HeldMethod): void {
  Object.assign(setup, { status: "succeeded", next_action: null, last_setup_error: null } satisfies Partial<Setup>);
  keep(call, setup);
  const customer = ownerOf(setup);
  const later = setup.usage === "off_session";
  if (customer !== null) saveMethod(call, held, customer, later);
  else if (later) keepMethod(call, { ...held, setUp: true });
  tell(call, "setup_intent.succeeded", setup);
}

/** Writes the failed attempt and returns the 402 that tells of it. */
function refuse(call: Call, setup: Setup, declined: Declined): StripeProblem {
  const method = heldBy(call, setup)?.object;
  const error = {
    type: "card_error",
    ...whyDeclined(declined),
    ...(method ? { payment_method: method } : {}),
  } satisfies Stripe.SetupIntent.LastSetupError;
  Object.assign(setup, {
    status: "requires_payment_method",
    payment_method: null,
    next_action: null,
    last_setup_error: error,
  } satisfies Partial<Setup>);
  keep(call, setup);
  tell(call, "setup_intent.setup_failed", setup);
  return new StripeProblem(402, { ...error, type: "card_error", setup_intent: structuredClone(setup) });
}

function hold(call: Call, setup: Setup, methodName: string): void {
  const held = methodFor(call, methodName);
  checkUsable(held, ownerOf(setup));
  setup.payment_method = keepMethod(call, held);
  setup.status = "requires_confirmation";
  setup.next_action = null;
}

function readConfirmation({ params }: Call, confirming: boolean) {
  if (!confirming && params.has("return_url")) {
    throw refused("You can only use return_url when also passing confirm=true.", { param: "return_url" });
  }
  return { useSdk: params.boolean("use_stripe_sdk") ?? false, returnUrl: params.string("return_url") };
}

function unexpectedState(setup: Setup, message: string): StripeProblem {
  const code = "setup_intent_unexpected_state";
  return new StripeProblem(400, { type: "invalid_request_error", code, message, setup_intent: structuredClone(setup) });
}

function withVisibleSetup(call: Call, problem: StripeProblem): StripeProblem {
  const setup = problem.body.setup_intent;
  if (!setup) return problem;
  const body = { ...problem.body, setup_intent: visible(call, setup, PUBLIC_FIELDS) };
  return new StripeProblem(problem.status, body, { saved: problem.saved });
}

function setupOf(call: Call): Setup {
  const [id = ""] = call.ids;
  const setup = structuredClone(mustHave(call, "setups", id, "intent").object);
  checkSecret(call, "SetupIntent", setup.client_secret);
  return setup;
}

function keep(call: Call, setup: Setup): void {
  call.books.put("setups", setup.id, { book: call.key.book.id, object: setup });
}

function heldBy(call: Call, setup: Setup): HeldMethod | undefined {
  const held = typeof setup.payment_method === "string" ? call.books.get("methods", setup.payment_method) : undefined;
  return held && structuredClone(held);
}

const ownerOf = (setup: Setup) => (typeof setup.customer === "string" ? setup.customer : null);
const isOpen = ({ status }: Setup) => ["requires_payment_method", "requires_confirmation", "requires_action"].includes(status);

function blankSetup(id: string, created: number, livemode: boolean): Setup {
  return {
    id,
    object: "setup_intent",
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(25)}`,
    created,
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { mandate_options: null, network: null, request_three_d_secure: "automatic" },
    },
    payment_method_types: ["card"],
    single_use_mandate: null,
    status: "requires_payment_method",
    usage: "off_session",
  };
}
