import type { Context } from "hono";
import type { Repo } from "#db/repo";
import type { OrderRow } from "#db/sales/orders";
import { asTaken } from "#kernel/changing";
import type { TenantEnv } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { customerNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { invalidRequest } from "#kernel/problems";
import { paymentProviderMissing } from "#kernel/stripe/problems";
import type { z } from "#kernel/wire";
import { toProviderAmount } from "#rules/money";
import { initialPaymentStatus } from "#rules/sales/orders";
import { pricedLines, type Pricing } from "./lines.ts";
import { approvalFacts, approved } from "./moves.ts";
import { presentOrder } from "./presenters.ts";
import type { NewOrder } from "./schemas.ts";

type Body = z.infer<typeof NewOrder>;

/** Whether the order waits for a payment that a provider is to take. */
export const isPaidAtStripe = ({ provider, paymentStatus }: OrderRow) =>
  provider === "stripe" && paymentStatus !== "not_required";

/**
 * Places an order: its row, its events and the caller's intent in one batch. Where Stripe is to take the money the intent stays running,
 * since the answer needs what Stripe says.
 */
export async function placeOrder({ repo, now, realNow }: Context<TenantEnv>["var"], body: Body): Promise<OrderRow> {
  const { customer_id: customerId, reseller_id: resellerId = null } = body;
  const templateIds = body.items.map(({ template_id }) => template_id);
  const found = await repo.orders.ingredients({ customerId, resellerId, templateIds });
  if (!found.customer || (resellerId !== null && !found.reseller)) throw customerNotFound({});
  if (found.reseller?.kind === "person") throw notAnOrganization();
  const provider = providerOf(body, found.hasStripe);
  const pricing = await pricedLines(repo, body, found.offered, now);
  refuseWhatStripeCannotTake(provider, pricing);

  const id = newId("order", repo.shard, realNow);
  const about = {
    customerId,
    resellerId,
    provider,
    fulfillmentMethod: body.fulfillment_method,
    instructions: body.instructions ?? null,
  };
  const row = newOrder(repo, { id, number: await repo.orders.takeNumber(), ...about, ...pricing, ...newOwned(body, now) });
  const order = row.total === 0 && row.fulfillmentMethod === "auto" ? approved(row, now) : row;
  const facts = [fact("order.created", presentOrder(row)), ...(order === row ? [] : approvalFacts(row, order))];
  const answer = isPaidAtStripe(order) ? { later: id } : ([201, presentOrder(order)] as const);
  await repo.orders.insert(order, { facts, answer }).catch(asTaken({}));
  return order;
}

type About = Pricing &
  Pick<OrderRow, "id" | "number" | "customerId" | "resellerId" | "provider" | "fulfillmentMethod" | "instructions"> &
  ReturnType<typeof newOwned>;

function newOrder({ tenantId }: Repo, about: About): OrderRow {
  return {
    tenantId,
    ...about,
    status: "pending",
    paymentStatus: initialPaymentStatus(about.total),
    providerRef: null,
    clientSecret: null,
    taxBehavior: "exclusive",
    couponId: null,
    invoiceId: null,
    subscriptionId: null,
    amountPaid: 0,
    fulfillmentRequestedAt: null,
    approvedAt: null,
    fulfilledAt: null,
    canceledAt: null,
  };
}

function providerOf({ provider }: Body, hasStripe: boolean): OrderRow["provider"] {
  const wanted = provider ?? (hasStripe ? "stripe" : "manual");
  if (wanted === "paypal" || (wanted === "stripe" && !hasStripe)) throw paymentProviderMissing({ provider: wanted });
  return wanted;
}

function refuseWhatStripeCannotTake(provider: OrderRow["provider"], { currency, total }: Pricing): void {
  const amount = toProviderAmount(provider, currency, total);
  if (amount.ok) return;
  throw invalidRequest({ what: amount.detail }, { errors: [{ pointer: "/items", code: amount.reason, detail: amount.detail }] });
}

function notAnOrganization() {
  const detail = "Only a customer of kind organization resells.";
  return invalidRequest({ what: detail }, { errors: [{ pointer: "/reseller_id", code: "not_an_organization", detail }] });
}
