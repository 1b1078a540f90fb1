import { newId } from "./books.ts";
import { Body } from "./body.ts";
import { type Answer, type Call, keep, mustHave, tell } from "./call.ts";
import { takePayment } from "./captures.ts";
import { businessFault, malformed, missing, notSimulated } from "./errors.ts";
import { type Source, readAmount, readSource, readUnit } from "./order-form.ts";
import { presentOrder, summaryOfOrder } from "./order-views.ts";
import type { Order, Payer } from "./objects.ts";
import { newPayer, refusalOf } from "./payers.ts";
import { tellVaulted } from "./vault.ts";
import { isRecord } from "../http.ts";

/** An order that nobody approved is forgotten after this. */
const UNAPPROVED_MS = 3 * 60 * 60 * 1000;

/** `POST /v2/checkout/orders`: waits for the payer, or with a vaulted token is paid in the same step. */
export function createOrder(call: Call): Answer {
  const { body } = call;
  const intent = body.oneOf("intent", ["CAPTURE", "AUTHORIZE"] as const);
  if (intent === undefined) throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: "/intent" });
  if (intent === "AUTHORIZE") throw notSimulated("/intent");
  const unit = readUnit(body);
  const source = readSource(body);
  const context = body.object("application_context");
  const order: Order = {
    id: newId.money(),
    status: source ? "PAYER_ACTION_REQUIRED" : "CREATED",
    unit,
    payer: null,
    returnUrl: source?.returnUrl ?? context?.string("return_url", 4000) ?? null,
    cancelUrl: source?.cancelUrl ?? context?.string("cancel_url", 4000) ?? null,
    keep: null,
    vaultTokenId: null,
    hasSource: source !== undefined,
    captureId: null,
    createdAt: call.now,
    updatedAt: call.now,
  };
  body.any("payer", "processing_instruction");
  body.done();

  if (source?.vaultTokenId != null && call.requestId === null) {
    throw malformed("PAYPAL_REQUEST_ID_REQUIRED", "A payment in one step wants a PayPal-Request-Id.", {
      field: "PayPal-Request-Id",
    });
  }
  if (source) applySource(call, order, source);
  if (order.payer) payOrder(call, order);
  keep(call, "orders", order);
  return {
    status: 201,
    body: call.wantsAll || order.payer ? presentOrder(call, order) : summaryOfOrder(call, order),
    of: ["orders", order.id],
  };
}

/** `GET /v2/checkout/orders/{id}` */
export function getOrder(call: Call): Answer {
  call.query.delete("fields");
  return { status: 200, body: presentOrder(call, orderOf(call)) };
}

/** `POST /v2/checkout/orders/{id}/capture`: takes the money of an approved order, or of one that brings a vaulted token. */
export function captureOrder(call: Call): Answer {
  const order = orderOf(call);
  const source = readSource(call.body);
  call.body.done();
  if (order.status === "COMPLETED") throw businessFault("ORDER_ALREADY_CAPTURED", "The order was captured before.");
  if (order.status === "VOIDED") throw businessFault("ORDER_COMPLETED_OR_VOIDED", "The order is voided and cannot be captured.");
  if (source?.vaultTokenId != null) applySource(call, order, source);
  if (!order.payer) {
    throw businessFault("ORDER_NOT_APPROVED", "The payer has not approved the order.", {}, [
      { href: approveUrl(call, order.id), rel: "approve", method: "GET" },
    ]);
  }
  payOrder(call, order);
  keep(call, "orders", order);
  return { status: 201, body: presentOrder(call, order), of: ["orders", order.id] };
}

/** `POST /v2/checkout/orders/{id}/confirm-payment-source`: says how it will be paid; the payer has to approve, unless a token is vaulted. */
export function confirmOrder(call: Call): Answer {
  const order = orderOf(call);
  const source = readSource(call.body);
  call.body.any("processing_instruction", "application_context");
  call.body.done();
  if (!source) throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: "/payment_source" });
  mustBeOpen(order);
  order.hasSource = true;
  order.returnUrl = source.returnUrl ?? order.returnUrl;
  order.cancelUrl = source.cancelUrl ?? order.cancelUrl;
  order.status = "PAYER_ACTION_REQUIRED";
  applySource(call, order, source);
  if (order.payer) order.status = "APPROVED";
  order.updatedAt = call.now;
  keep(call, "orders", order);
  return { status: 200, body: presentOrder(call, order), of: ["orders", order.id] };
}

/** `PATCH /v2/checkout/orders/{id}`: amount, texts and ids, while nothing was taken. */
export function patchOrder(call: Call): Answer {
  const order = orderOf(call);
  mustBeOpen(order);
  const operations: unknown = JSON.parse(call.text === "" ? "[]" : call.text);
  if (!Array.isArray(operations) || operations.length === 0) {
    throw malformed("INVALID_ARRAY_LENGTH", "A patch is a list of operations.", { field: "/" });
  }
  for (const operation of operations as unknown[]) patchOnce(order, isRecord(operation) ? operation : {});
  order.updatedAt = call.now;
  keep(call, "orders", order);
  return { status: 204 };
}

const PATCHABLE = ["amount", "description", "custom_id", "invoice_id", "soft_descriptor"] as const;

function patchOnce({ unit }: Order, operation: Record<string, unknown>): void {
  const body = new Body(operation);
  const op = body.oneOf("op", ["add", "replace", "remove"] as const);
  const path = body.mustString("path");
  const prefix = `/purchase_units/@reference_id=='${unit.reference_id}'/`;
  const field = PATCHABLE.find((name) => path === prefix + name);
  if (!field) throw businessFault("NOT_PATCHABLE", "This field cannot be patched.", { field: path });
  if (op === "remove") {
    if (field === "amount") throw businessFault("UNSUPPORTED_PATCH_OPERATION", "The amount cannot be removed.", { field: path });
    delete unit[field];
  } else if (field === "amount") unit.amount = readAmount(body.mustObject("value"));
  else unit[field] = body.mustString("value", field === "soft_descriptor" ? 22 : 255);
}

/** The payer agrees: by the page, or by a control call. */
export function approveOrder(call: Call, order: Order, payer: Payer = newPayer()): Order {
  mustBeOpen(order);
  Object.assign(order, { status: "APPROVED", payer, updatedAt: call.now });
  keep(call, "orders", order);
  const resource = presentOrder(call, order);
  tell(call, {
    type: "CHECKOUT.ORDER.APPROVED",
    kind: "checkout-order",
    version: "2.0",
    summary: "An order has been approved by buyer",
    resource,
  });
  return order;
}

/** Where the payer approves. */
export const approveUrl = (call: Pick<Call, "origin">, id: string) => `${call.origin}/checkoutnow?token=${id}`;

/** The order that the path names; one that waited too long for its payer is gone. */
export function orderOf(call: Call, id = call.ids[0] ?? ""): Order {
  const order = mustHave(call, "orders", id);
  const waits = order.status === "CREATED" || order.status === "PAYER_ACTION_REQUIRED";
  if (waits && call.now - order.createdAt >= UNAPPROVED_MS) throw missing(id);
  return order;
}

function mustBeOpen(order: Order): void {
  if (order.status === "COMPLETED" || order.status === "VOIDED") {
    throw businessFault("ORDER_COMPLETED_OR_VOIDED", "The order is completed or voided.");
  }
}

function applySource(call: Call, order: Order, source: Source): void {
  if (source.keep) {
    const customerId = source.keep.customerId ?? newId.payer();
    order.keep = { ...source.keep, customerId };
  }
  if (source.vaultTokenId === null) return;
  const token = call.books.get("vaultTokens", source.vaultTokenId);
  if (token?.book !== call.book.id) {
    throw businessFault("TOKEN_ID_NOT_FOUND", "This account has no such payment token.", {
      field: "/payment_source/paypal/vault_id",
      value: source.vaultTokenId,
    });
  }
  order.vaultTokenId = source.vaultTokenId;
  order.payer = token.object.payer;
}

/** Takes the money, or throws what stands against it. */
function payOrder(call: Call, order: Order): void {
  const { payer, unit } = order;
  if (!payer) throw new Error("an order without a payer is not paid");
  const url = order.vaultTokenId === null ? approveUrl(call, order.id) : undefined;
  const refusal = refusalOf(payer.wallet, url);
  if (refusal) throw refusal;
  const capture = takePayment(call, { amount: unit.amount, payer, orderId: order.id, unit });
  Object.assign(order, { captureId: capture.id, status: "COMPLETED", updatedAt: call.now });
  if (order.keep && capture.status !== "DECLINED" && order.vaultTokenId === null) vaultPayer(call, order, payer);
  keep(call, "orders", order);
  if (capture.status !== "COMPLETED") return;
  const resource = presentOrder(call, order);
  tell(call, {
    type: "CHECKOUT.ORDER.COMPLETED",
    kind: "checkout-order",
    version: "2.0",
    summary: "Checkout Order Completed",
    resource,
  });
}

function vaultPayer(call: Call, order: Order, payer: Payer): void {
  if (!order.keep) return;
  const { customerId, merchantCustomerId, usageType } = order.keep;
  const token = { id: newId.token(), customerId, merchantCustomerId, usageType, payer, createdAt: call.now };
  keep(call, "vaultTokens", token);
  order.vaultTokenId = token.id;
  tellVaulted(call, token);
}
