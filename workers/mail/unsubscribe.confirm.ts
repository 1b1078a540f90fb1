import { createRoute } from "@hono/zod-openapi";
import { openTenant } from "#kernel/asking";
import { problems, publicEndpoint } from "#kernel/endpoint";
import { changedMeanwhile, invalidRequest } from "#kernel/problems";
import { z } from "#kernel/wire";
import { OPTIONAL_KINDS } from "#rules/mail/kinds";
import { unsubscribeParam } from "./schemas.ts";
import { answerBrokenLink, answerPage, BROKEN_LINK, unsubscribePage } from "./unsubscribe-page.ts";
import { subscriptionIn, unsubscribe } from "./unsubscribing.ts";

export const confirmUnsubscribe = publicEndpoint({
  route: createRoute({
    operationId: "unsubscribe.confirm",
    method: "post",
    path: "/unsubscribe/{token}",
    security: [],
    summary: "Unsubscribe by the link of a mail",
    description:
      "What a mail program sends for its unsubscribe button (RFC 8058), and what the page's own buttons send. Once more does nothing more. Mails that a license requires are sent all the same.",
    request: {
      params: unsubscribeParam,
      // no schema of zod's: its validator would read the body as a form, and what stands in it is looked at below
      body: {
        content: {
          "application/x-www-form-urlencoded": { schema: { type: "string" }, example: "List-Unsubscribe=One-Click" },
          "multipart/form-data": { schema: { type: "string" }, example: "List-Unsubscribe=One-Click" },
        },
        required: true,
      },
    },
    responses: {
      ...BROKEN_LINK,
      200: { content: { "text/html": { schema: z.string() } }, description: "They get no more of it" },
      ...problems(changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const subscription = await subscriptionIn(c.env, c.req.valid("param").token);
    const actor = { type: "user" as const, id: subscription?.recipientId ?? null, ip: c.var.ip };
    const opened = subscription && (await openTenant(c, subscription.tenantId, actor));
    if (!opened) return answerBrokenLink(c);
    const wish = wishIn(c.var.upload);
    if (!wish) throw invalidRequest({ what: "It does not say List-Unsubscribe=One-Click." });
    await unsubscribe(opened.repo, subscription.recipientId, wish === "all" ? OPTIONAL_KINDS : [subscription.kind]);
    return c.html(answerPage(c, await unsubscribePage(opened, subscription.recipientId, true)), 200);
  },
});

/** What a form wishes: the word of RFC 8058, in a form of either kind, or a button of the page. Nothing else is somebody's wish. */
function wishIn({ type, text }: { type: string; text: string }): "kind" | "all" | null {
  if (type === "multipart/form-data") return /name="?List-Unsubscribe"?\r?\n\r?\nOne-Click\r?\n/.test(text) ? "kind" : null;
  const form = new URLSearchParams(text);
  if (form.get("List-Unsubscribe") === "One-Click") return "kind";
  const scope = form.get("scope");
  return scope === "kind" || scope === "all" ? scope : null;
}
