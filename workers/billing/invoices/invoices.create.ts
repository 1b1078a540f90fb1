import { createRoute } from "@hono/zod-openapi";
import type { InvoiceRow } from "#db/billing/invoices";
import type { Repo } from "#db/repo";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { customerNotFound, legalEntityNotFound, productNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { saleNotTaxable, saleOf } from "#kernel/billing/selling";
import type { z } from "#kernel/wire";
import type { DocumentLine } from "#rules/billing/documents";
import { settingsOf } from "#rules/tenants/settings";
import { drafted, linesFrom } from "./drafting.ts";
import { Invoice, presentInvoice } from "#kernel/billing/invoice";
import { NewInvoice } from "./schemas.ts";

export const createInvoice = endpoint({
  route: createRoute({
    operationId: "invoices.create",
    method: "post",
    path: "/v1/invoices",
    security: scope("invoices:write"),
    summary: "Draft an invoice",
    description:
      "A draft has no number, may be changed, and owes nothing. Its tax is that of today; it is found anew when the invoice becomes final.",
    request: { body: jsonBody(NewInvoice) },
    responses: {
      201: json(Invoice, "The draft"),
      ...problems(customerNotFound, legalEntityNotFound, productNotFound, saleNotTaxable, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, now, realNow } = c.var;
    const body = c.req.valid("json");
    const sale = await saleOf(repo, body.customer_id, body.legal_entity_id ?? null);
    const empty = newInvoice(repo, body, await linesFrom(repo, body.lines), {
      id: newId("invoice", repo.shard, realNow),
      legalEntityId: sale.seller.id,
      now,
    });
    const row = drafted(repo, empty, sale, now);
    const invoice = presentInvoice(row);
    await repo.books
      .write({ insert: { invoices: [row] } }, { facts: [fact("invoice.created", invoice)], answer: [201, invoice] })
      .catch(asTaken({}));
    return c.json(invoice, 201);
  },
});

function newInvoice(
  repo: Repo,
  body: z.infer<typeof NewInvoice>,
  lines: DocumentLine[],
  { id, legalEntityId, now }: { id: string; legalEntityId: string; now: Date },
): InvoiceRow {
  return {
    tenantId: repo.tenantId,
    id,
    legalEntityId,
    status: "draft",
    billingReason: "manual",
    orderId: null,
    subscriptionId: null,
    periodKey: null,
    customerId: body.customer_id,
    collectionMethod: body.collection_method,
    netTermsDays: body.net_terms_days ?? settingsOf(repo.tenant.settings).billing.net_terms_days,
    currency: body.currency ?? repo.tenant.currency,
    taxBehavior: body.tax_behavior,
    lines,
    taxGroups: [],
    notes: body.notes ?? null,
    ...NOTHING_YET,
    ...newOwned(body, now),
  };
}

/** What a draft begins with; its sums follow from its lines. */
const NOTHING_YET = {
  subtotal: 0,
  discountTotal: 0,
  taxable: 0,
  taxTotal: 0,
  rounding: 0,
  total: 0,
  amountPaid: 0,
  amountCredited: 0,
  creditApplied: 0,
  amountDue: 0,
  seller: null,
  buyer: null,
  taxPointOn: null,
  series: null,
  sequence: null,
  number: null,
  contentHash: null,
  pdfSha256: null,
  noXmlReason: null,
  dueAt: null,
  issuedAt: null,
  paidAt: null,
  voidedAt: null,
  uncollectibleAt: null,
  sentAt: null,
  attempts: 0,
  nextAttemptAt: null,
} as const;
