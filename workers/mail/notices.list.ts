import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentNotice } from "./presenters.ts";
import { Notice, NoticeQuery } from "./schemas.ts";

export const listNotices = endpoint({
  route: createRoute({
    operationId: "notices.list",
    method: "get",
    path: "/v1/notices",
    security: scope("mail:read"),
    summary: "List notices",
    description: "The mails that were sent, wait or were not sent, newest first. GET /v1/notices/{id} tells of each attempt.",
    request: { query: NoticeQuery },
    responses: { 200: json(listOf(Notice), "A page of notices"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const filter = { state: query.state, kind: query.kind, customerId: query.customer_id, subjectId: query.subject_id };
    const found = await repo.notices.list(page, filter);
    return c.json(await presentPage(repo.tenantId, query, found, presentNotice), 200);
  },
});
