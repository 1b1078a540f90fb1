import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentNotice } from "./presenters.ts";
import { noticeNotFound } from "./problems.ts";
import { Notice } from "./schemas.ts";

export const resendNotice = endpoint({
  route: createRoute({
    operationId: "notices.resend",
    method: "post",
    path: "/v1/notices/{id}/resend",
    security: scope("mail:write"),
    summary: "Send a notice again",
    description:
      "To the same address, made anew from what is known now. One that waits is tried now; one that ended gets a new round of attempts under a Message-ID of its own; one that is being sent is left alone. What its recipient unsubscribed from stays unsent.",
    request: { params: idParam("ntc") },
    responses: { 202: json(Notice, "The notice is on its way"), ...problems(noticeNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, realNow } = c.var;
    const { id } = c.req.valid("param");
    const sent = await changing(async () => {
      const before = await repo.notices.byId(id);
      if (!before) throw noticeNotFound({});
      if (before.leaseUntil !== null && before.leaseUntil > realNow) return presentNotice(before);

      const waits = before.state === "pending";
      const due = {
        nextAt: realNow,
        resentAfter: waits ? before.resentAfter : before.attempts,
        reachedAt: waits ? before.reachedAt : realNow,
      };
      const after = presentNotice({ ...before, ...due, state: "pending", reason: null, deliveredAt: null, endedAt: null });
      const told = { facts: [changeFact("notice.resent", presentNotice(before), after)], answer: [202, after] as const };
      return (await repo.notices.resend(before, due, told)) && after;
    });
    return c.json(sent, 202);
  },
});
