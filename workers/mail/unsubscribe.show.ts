import { createRoute } from "@hono/zod-openapi";
import { openTenant } from "#kernel/asking";
import { problems, publicEndpoint } from "#kernel/endpoint";
import { z } from "#kernel/wire";
import { unsubscribeLinkInvalid } from "./problems.ts";
import { unsubscribeParam } from "./schemas.ts";
import { answerPage, unsubscribePage } from "./unsubscribe-page.ts";
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
      200: { content: { "text/html": { schema: z.string() } }, description: "The page" },
      ...problems(unsubscribeLinkInvalid),
    },
  }),

  handler: async (c) => {
    const subscription = await subscriptionIn(c.env, c.req.valid("param").token);
    const opened = subscription && (await openTenant(c, subscription.tenantId, { type: "system", id: null, ip: null }));
    if (!opened) throw unsubscribeLinkInvalid({});
    return c.html(answerPage(c, await unsubscribePage(opened, subscription.recipientId, false)), 200);
  },
});
