import { createRoute } from "@hono/zod-openapi";
import type { CreditRow } from "#db/billing/invoices";
import { Credit, presentCredit } from "#kernel/billing/payment";
import { asTaken } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { customerNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken, invalidRequest } from "#kernel/problems";
import { KnownCurrency } from "#kernel/terms";
import { z, InstantInput, ownedInput, text } from "#kernel/wire";
import { whyNotGrantCredit } from "#rules/billing/credits";
import { entriesOf } from "#rules/billing/ledger";

const NewCredit = z
  .strictObject({
    amount: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
    currency: KnownCurrency.optional().openapi({ description: "Left out: the tenant's." }),
    source: z.enum(["manual", "promotion"]).default("manual"),
    reason: text(500).nullish(),
    expires_at: InstantInput.nullish().openapi({ description: "What is left then is lost." }),
    ...ownedInput,
  })
  .openapi("NewCredit", { example: { amount: 2500, currency: "EUR", reason: "Sorry for the outage" } });

export const createCredit = endpoint({
  route: createRoute({
    operationId: "credits.create",
    method: "post",
    path: "/v1/customers/{id}/credits",
    security: scope("credits:write"),
    summary: "Give a customer credit",
    description: "A balance that their next invoices of its currency spend: what ends soonest first.",
    request: { params: idParam("cus"), body: jsonBody(NewCredit) },
    responses: { 201: json(Credit, "The credit"), ...problems(customerNotFound, externalIdTaken) },
  }),

  handler: async (c) => {
    const { repo, now, realNow } = c.var;
    const { id: customerId } = c.req.valid("param");
    const body = c.req.valid("json");
    const known = await repo.credits.ofCustomer(customerId, { limit: 1, before: null });
    if (!known) throw customerNotFound({});
    const currency = body.currency ?? repo.tenant.currency;
    const balance = known.balances.find((held) => held.currency === currency)?.amount ?? 0;
    const refused = whyNotGrantCredit({ amount: body.amount, expiresAt: body.expires_at ?? null }, balance, now);
    if (refused) {
      const pointer = refused.code === "expires_in_the_past" ? "/expires_at" : "/amount";
      throw invalidRequest({ what: refused.detail }, { errors: [{ pointer, code: refused.code, detail: refused.detail }] });
    }
    const row: CreditRow = {
      tenantId: repo.tenantId,
      id: newId("credit", repo.shard, realNow),
      customerId,
      currency,
      source: body.source,
      sourceId: null,
      amount: body.amount,
      remaining: body.amount,
      reason: body.reason ?? null,
      expiresAt: body.expires_at ?? null,
      expiredAt: null,
      ...newOwned(body, now),
    };
    const credit = presentCredit(row);
    const { id: creditId, amount } = row;
    const entries = [entriesOf({ kind: "credit_granted", creditId, customerId, currency, amount, source: body.source })];
    await repo.books
      .write({ insert: { credits: [row] }, entries }, { facts: [fact("credit.created", credit)], answer: [201, credit] })
      .catch(asTaken({}));
    return c.json(credit, 201);
  },
});
