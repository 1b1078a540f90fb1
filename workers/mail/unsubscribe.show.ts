import { createRoute } from "@hono/zod-openapi";
import { openTenant } from "#kernel/asking";
import { publicEndpoint } from "#kernel/endpoint";
import { z } from "#kernel/wire";
import { unsubscribeParam } from "./schemas.ts";
import { answerBrokenLink, answerPage, BROKEN_LINK, unsubscribePage } from "./unsubscribe-page.ts";
import { subscriptionIn } from "./unsubscribing.ts";

export const showUnsubscribe = publicEndpoint({
  route: createRoute({
    operationId: "unsubscribe.show",
    method: "get",
    path: "/unsubscribe/{token}",
    security: [],
    summary: "Show the page behind the link of a mail",
    description: "A question and a button. It changes nothing: programs that look at links in mails unsubscribe nobody.",
    request: { params: unsubscribeParam },
    responses: {
      ...BROKEN_LINK,
      200: { content: { "text/html": { schema: z.string() } }, description: "The page" },
    },
  }),

  handler: async (c) => {
    const subscription = await subscriptionIn(c.env, c.req.valid("param").token);
    const opened = subscription && (await openTenant(c, subscription.tenantId, { type: "system", id: null, ip: null }));
    if (!opened) return answerBrokenLink(c);
    return c.html(answerPage(c, await unsubscribePage(opened, subscription.recipientId, false)), 200);
  },
});
