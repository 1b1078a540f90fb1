import { createRoute } from "@hono/zod-openapi";
import type { InvoiceRow } from "#db/billing/invoices";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { customerNotFound, invoiceNotFound, legalEntityNotFound, productNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { saleNotTaxable, saleOf } from "#kernel/billing/selling";
import { whyNotChangeInvoice } from "#rules/billing/invoices";
import { drafted, linesFrom } from "./drafting.ts";
import { Invoice, presentInvoice } from "#kernel/billing/invoice";
import { invoiceNotDraft } from "./problems.ts";
import { InvoiceChanges } from "./schemas.ts";

export const updateInvoice = endpoint({
  route: createRoute({
    operationId: "invoices.update",
    method: "patch",
    path: "/v1/invoices/{id}",
    security: scope("invoices:write"),
    summary: "Change a draft",
    description: "Lines that are given replace all lines. Of an invoice that is final only metadata and external_id change.",
    request: { params: idParam("inv"), body: jsonBody(InvoiceChanges) },
    responses: {
      200: json(Invoice, "The invoice as it is now"),
      ...problems(
        invoiceNotFound,
        invoiceNotDraft,
        customerNotFound,
        legalEntityNotFound,
        productNotFound,
        saleNotTaxable,
        externalIdTaken,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    const lines = body.lines && (await linesFrom(repo, body.lines));

    const invoice = await changing(async () => {
      const before = await repo.invoices.byId(id);
      if (!before) throw invoiceNotFound({});
      const refused = whyNotChangeInvoice(before.status, Object.keys(body));
      if (refused) throw invoiceNotDraft({ what: refused.detail });

      const changed: InvoiceRow = {
        ...before,
        lines: lines ?? before.lines,
        collectionMethod: body.collection_method ?? before.collectionMethod,
        netTermsDays: body.net_terms_days ?? before.netTermsDays,
        notes: body.notes === undefined ? before.notes : body.notes,
        taxBehavior: body.tax_behavior ?? before.taxBehavior,
        ...changedOwned(before, body, now),
      };
      const isDraft = before.status === "draft";
      const row = isDraft ? drafted(repo, changed, await saleOf(repo, before.customerId, before.legalEntityId), now) : changed;
      const after = presentInvoice(row);
      const told = { facts: [changeFact("invoice.updated", presentInvoice(before), after)], answer: [200, after] as const };
      return (await repo.books.write({ update: { invoices: [row] } }, told).catch(asTaken({}))) && after;
    });
    return c.json(invoice, 200);
  },
});
