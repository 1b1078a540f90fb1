import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentCreditNote } from "./presenters.ts";
import { creditNoteNotFound } from "./problems.ts";
import { CreditNote } from "./schemas.ts";

export const getCreditNote = endpoint({
  route: createRoute({
    operationId: "credit_notes.get",
    method: "get",
    path: "/v1/credit_notes/{id}",
    security: scope("credit_notes:read"),
    summary: "Get a credit note",
    request: { params: idParam("cn") },
    responses: { 200: json(CreditNote, "The credit note"), ...problems(creditNoteNotFound) },
  }),

  handler: async (c) => {
    const row = await c.var.repo.creditNotes.byId(c.req.valid("param").id);
    if (!row) throw creditNoteNotFound({});
    return c.json(presentCreditNote(row), 200);
  },
});
