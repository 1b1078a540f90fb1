import { newId } from "./books.ts";
import { type Answer, type Call, keep, link, listOf, mustHave, pageOf, tell } from "./call.ts";
import { businessFault, malformed } from "./errors.ts";
import type { Payer, SetupToken, VaultToken } from "./objects.ts";
import { newPayer, presentWallet } from "./payers.ts";

const SETUP_LASTS_MS = 3 * 86_400_000;

/** `POST /v3/vault/setup-tokens`: asks the payer to let us keep a wallet, without paying. */
export function createSetupToken(call: Call): Answer {
  const { body } = call;
  const source = body.mustObject("payment_source");
  const wallet = source.mustObject("paypal");
  source.done();
  const context = wallet.object("experience_context");
  const customer = body.object("customer");
  const usageType = wallet.oneOf("usage_type", ["MERCHANT", "PLATFORM"] as const);
  if (usageType === undefined) {
    throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: "/payment_source/paypal/usage_type" });
  }
  wallet.any("description", "usage_pattern", "shipping", "permit_multiple_payment_tokens", "customer_type");
  wallet.done();
  const token: SetupToken = {
    id: newId.token().toUpperCase(),
    status: "PAYER_ACTION_REQUIRED",
    customerId: customer?.string("id", 22) ?? newId.payer(),
    merchantCustomerId: customer?.string("merchant_customer_id", 64) ?? null,
    usageType,
    returnUrl: context?.string("return_url", 4000) ?? null,
    cancelUrl: context?.string("cancel_url", 4000) ?? null,
    payer: null,
    createdAt: call.now,
  };
  body.done();
  keep(call, "setupTokens", token);
  return { status: 201, body: presentSetupToken(call, token) };
}

/** `GET /v3/vault/setup-tokens/{id}` */
export const getSetupToken = (call: Call): Answer => ({ status: 200, body: presentSetupToken(call, setupTokenOf(call)) });

/** The payer agrees to a wallet being kept. */
export function approveSetupToken(call: Call, token: SetupToken, payer: Payer = newPayer()): SetupToken {
  if (token.status !== "PAYER_ACTION_REQUIRED")
    throw businessFault("TOKEN_ALREADY_APPROVED", "The setup token was approved before.");
  const approved: SetupToken = { ...token, status: "APPROVED", payer };
  keep(call, "setupTokens", approved);
  return approved;
}

/** `POST /v3/vault/payment-tokens`: turns an approved setup token into one that lasts. */
export function createPaymentToken(call: Call): Answer {
  const source = call.body.mustObject("payment_source");
  const given = source.mustObject("token");
  source.done();
  const id = given.mustString("id", 36);
  if (given.oneOf("type", ["SETUP_TOKEN"] as const) === undefined) {
    throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: "/payment_source/token/type" });
  }
  given.done();
  call.body.any("customer");
  call.body.done();
  const setup = setupTokenOf(call, id);
  if (setup.status === "VAULTED")
    throw businessFault("TOKEN_ALREADY_USED", "The setup token was turned into a payment token before.");
  if (!setup.payer) throw businessFault("TOKEN_NOT_APPROVED", "The payer has not approved the setup token.");
  const { customerId, merchantCustomerId, usageType, payer } = setup;
  const token: VaultToken = { id: newId.token(), customerId, merchantCustomerId, usageType, payer, createdAt: call.now };
  keep(call, "setupTokens", { ...setup, status: "VAULTED" });
  keep(call, "vaultTokens", token);
  tellVaulted(call, token);
  return { status: 201, body: presentVaultToken(call, token) };
}

/** `GET /v3/vault/payment-tokens/{id}` */
export const getPaymentToken = (call: Call): Answer => ({
  status: 200,
  body: presentVaultToken(call, mustHave(call, "vaultTokens")),
});

/** `GET /v3/vault/payment-tokens?customer_id=…` */
export function listPaymentTokens(call: Call): Answer {
  const customerId = call.query.get("customer_id");
  if (customerId === null) {
    throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: "customer_id", location: "query" });
  }
  const { items, totals } = pageOf(
    call,
    listOf(call, "vaultTokens").filter((token) => token.customerId === customerId),
    5,
    20,
  );
  const payment_tokens = items.map((token) => presentVaultToken(call, token));
  return { status: 200, body: { ...totals, customer: { id: customerId }, payment_tokens, links: [link(selfOf(call), "self")] } };
}

/** `DELETE /v3/vault/payment-tokens/{id}` */
export function deletePaymentToken(call: Call): Answer {
  const token = mustHave(call, "vaultTokens");
  call.books.remove("vaultTokens", token.id);
  const resource = presentVaultToken(call, token);
  tell(call, {
    type: "VAULT.PAYMENT-TOKEN.DELETED",
    kind: "payment_token",
    version: "2.0",
    summary: "A payment token was deleted",
    resource,
  });
  return { status: 204 };
}

/** Tells that a wallet is kept. */
export function tellVaulted(call: Call, token: VaultToken): void {
  const resource = presentVaultToken(call, token);
  tell(call, {
    type: "VAULT.PAYMENT-TOKEN.CREATED",
    kind: "payment_token",
    version: "2.0",
    summary: "A payment token was created",
    resource,
  });
}

function setupTokenOf(call: Call, id?: string): SetupToken {
  const token = mustHave(call, "setupTokens", id ?? call.ids[0] ?? "");
  if (call.now - token.createdAt < SETUP_LASTS_MS) return token;
  throw businessFault("TOKEN_EXPIRED", "The setup token has lapsed.");
}

const selfOf = (call: Call) => `${call.origin}/v3/vault/payment-tokens`;

const customerOf = ({ customerId, merchantCustomerId }: Pick<SetupToken, "customerId" | "merchantCustomerId">) => ({
  id: customerId,
  ...(merchantCustomerId === null ? {} : { merchant_customer_id: merchantCustomerId }),
});

function presentSetupToken(call: Call, token: SetupToken): object {
  const self = `${call.origin}/v3/vault/setup-tokens/${token.id}`;
  const approve = link(`${call.origin}/agreements/approve?approval_session_id=${token.id}`, "approve");
  const next = token.status === "PAYER_ACTION_REQUIRED" ? approve : link(selfOf(call), "confirm", "POST");
  const payer = token.payer ? presentWallet(token.payer) : {};
  return {
    id: token.id,
    customer: customerOf(token),
    status: token.status,
    payment_source: { paypal: { usage_type: token.usageType, ...payer } },
    links: [link(self, "self"), next],
  };
}

function presentVaultToken(call: Call, token: VaultToken): object {
  const self = `${selfOf(call)}/${token.id}`;
  return {
    id: token.id,
    customer: customerOf(token),
    payment_source: { paypal: { usage_type: token.usageType, customer_type: "CONSUMER", ...presentWallet(token.payer) } },
    links: [link(self, "self"), link(self, "delete", "DELETE")],
  };
}
