import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentCreditNote } from "./presenters.ts";
import { CreditNote, CreditNoteQuery } from "./schemas.ts";

export const listCreditNotes = endpoint({
  route: createRoute({
    operationId: "credit_notes.list",
    method: "get",
    path: "/v1/credit_notes",
    security: scope("credit_notes:read"),
    summary: "List credit notes",
    description: "Newest first.",
    request: { query: CreditNoteQuery },
    responses: { 200: json(listOf(CreditNote), "A page of credit notes"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const found = await repo.creditNotes.list(await pageAsked(repo.tenantId, query), {
      customerId: query.customer_id,
      invoiceId: query.invoice_id,
      externalId: query.external_id,
    });
    return c.json(await presentPage(repo.tenantId, query, found, presentCreditNote), 200);
  },
});
