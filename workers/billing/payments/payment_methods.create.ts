import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { PaymentMethodRow } from "#db/billing/payment-methods";
import { PaymentMethod, presentPaymentMethod } from "#kernel/billing/payment-method";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope, type TenantEnv } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { customerNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { paymentProviderFailed, paymentProviderMissing, paymentProviderUnreachable } from "#kernel/stripe/problems";
import type { z } from "#kernel/wire";
import { setUpMethod } from "./methods.ts";
import { paymentMethodNotActive } from "./problems.ts";
import { NewPaymentMethod } from "./schemas.ts";

export const createPaymentMethod = endpoint({
  route: createRoute({
    operationId: "payment_methods.create",
    method: "post",
    path: "/v1/payment_methods",
    security: scope("payment_methods:write"),
    summary: "Let a customer save a payment method",
    description:
      "Answers the client_secret with which the customer's browser saves a card, to be charged later without them. It is active once the provider says so, and the first one of a customer is the default.",
    request: { body: jsonBody(NewPaymentMethod) },
    responses: {
      201: json(PaymentMethod, "The method, which is yet to be saved"),
      ...problems(
        customerNotFound,
        externalIdTaken,
        paymentProviderMissing,
        paymentProviderFailed,
        paymentProviderUnreachable,
        paymentMethodNotActive,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const body = c.req.valid("json");
    const customer = await repo.customers.byId(body.customer_id);
    if (!customer) throw customerNotFound({});
    if (!(await repo.paymentProviders.byProvider(body.provider))) throw paymentProviderMissing({ provider: body.provider });
    const begun = repo.resumes === null ? undefined : await repo.paymentMethods.byId(repo.resumes);
    return c.json(await setUpMethod(c, begun ?? (await begin(c.var, body)), customer), 201);
  },
});

/** The method before the provider knows of it: row, event and the caller's intent in one batch. */
async function begin(
  { repo, now, realNow }: Context<TenantEnv>["var"],
  body: z.infer<typeof NewPaymentMethod>,
): Promise<PaymentMethodRow> {
  const row: PaymentMethodRow = {
    tenantId: repo.tenantId,
    id: newId("payment_method", repo.shard, realNow),
    customerId: body.customer_id,
    provider: body.provider,
    ...UNKNOWN,
    ...newOwned(body, now),
  };
  const told = { facts: [fact("payment_method.created", presentPaymentMethod(row))], answer: { later: row.id } };
  await repo.books.write({ insert: { paymentMethods: [row] } }, told).catch(asTaken({}));
  return row;
}

/** What nobody knows before the customer has saved it. */
const UNKNOWN = {
  status: "pending",
  ref: null,
  setupRef: null,
  clientSecret: null,
  type: null,
  brand: null,
  last4: null,
  expMonth: null,
  expYear: null,
  country: null,
  fingerprint: null,
  isDefault: false,
  endedReason: null,
  detachedAt: null,
} as const;
