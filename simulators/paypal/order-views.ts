import { stamp } from "./books.ts";
import { type Call, type Link, link } from "./call.ts";
import { presentCapture } from "./capture-views.ts";
import type { Order } from "./objects.ts";
import { presentPayer, presentWallet } from "./payers.ts";

/** An order as PayPal answers it in full. */
export function presentOrder(call: Call, order: Order): object {
  const { unit, payer, captureId } = order;
  const capture = captureId === null ? undefined : call.books.get("captures", captureId)?.object;
  const refunds = [...call.books.entries("refunds")].filter(([, { object }]) => object.captureId === captureId);
  const payments = capture && {
    captures: [presentCapture(call, capture)],
    ...(refunds.length > 0 ? { refunds: refunds.map(([id]) => ({ id })) } : {}),
  };
  return {
    id: order.id,
    intent: "CAPTURE",
    status: order.status,
    ...sourceOf(call, order),
    purchase_units: [{ ...unit, payee: payeeOf(call), ...(payments ? { payments } : {}) }],
    ...(payer ? { payer: presentPayer(payer) } : {}),
    create_time: stamp(order.createdAt),
    update_time: stamp(order.updatedAt),
    links: linksOf(call, order),
  };
}

/** What PayPal answers unless it is asked for all: id, status and links. */
export const summaryOfOrder = (call: Call, order: Order): object => ({
  id: order.id,
  status: order.status,
  ...sourceOf(call, order),
  links: linksOf(call, order),
});

const payeeOf = ({ book }: Call) => ({
  email_address: `${book.account}@business.example`,
  merchant_id: merchantOf(book.account),
});

/** The merchant id of an account: 13 capitals and digits, always the same. */
export const merchantOf = (account: string) =>
  account
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, "")
    .padEnd(13, "X")
    .slice(0, 13);

function sourceOf(call: Call, { payer, keep, vaultTokenId, hasSource }: Order): object {
  if (!payer) return hasSource ? { payment_source: { paypal: {} } } : {};
  const vault = keep && vaultTokenId !== null ? vaultOf(call, vaultTokenId, keep) : {};
  return { payment_source: { paypal: { ...presentWallet(payer), ...vault } } };
}

function vaultOf(call: Call, id: string, { customerId, merchantCustomerId }: NonNullable<Order["keep"]>): object {
  const self = `${call.origin}/v3/vault/payment-tokens/${id}`;
  const customer = { id: customerId, ...(merchantCustomerId === null ? {} : { merchant_customer_id: merchantCustomerId }) };
  const links = [link(self, "self"), link(self, "delete", "DELETE")];
  return { attributes: { vault: { id, status: "VAULTED", customer, links } } };
}

function linksOf(call: Call, order: Order): Link[] {
  const self = `${call.origin}/v2/checkout/orders/${order.id}`;
  const approve = `${call.origin}/checkoutnow?token=${order.id}`;
  switch (order.status) {
    case "CREATED":
      return [
        link(self, "self"),
        link(approve, "approve"),
        link(self, "update", "PATCH"),
        link(`${self}/capture`, "capture", "POST"),
      ];
    case "PAYER_ACTION_REQUIRED":
      return [link(self, "self"), link(approve, "payer-action")];
    case "APPROVED":
      return [link(self, "self"), link(self, "update", "PATCH"), link(`${self}/capture`, "capture", "POST")];
    default:
      return [link(self, "self")];
  }
}
