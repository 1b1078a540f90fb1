import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentNoticeWithAttempts } from "./presenters.ts";
import { noticeNotFound } from "./problems.ts";
import { NoticeWithAttempts } from "./schemas.ts";

export const getNotice = endpoint({
  route: createRoute({
    operationId: "notices.get",
    method: "get",
    path: "/v1/notices/{id}",
    security: scope("mail:read"),
    summary: "Get a notice with its attempts",
    request: { params: idParam("ntc") },
    responses: { 200: json(NoticeWithAttempts, "The notice"), ...problems(noticeNotFound) },
  }),

  handler: async (c) => {
    const found = await c.var.repo.notices.withAttempts(c.req.valid("param").id);
    if (!found) throw noticeNotFound({});
    return c.json(presentNoticeWithAttempts(found.notice, found.attempts), 200);
  },
});
