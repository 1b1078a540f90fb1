import { createRoute } from "@hono/zod-openapi";
import { json, problems, publicEndpoint } from "#kernel/endpoint";
import { z } from "#kernel/wire";
import { mailEventsRefused } from "./problems.ts";
import { isSignedByMailChannels, trustedBy } from "./signed-by-mailchannels.ts";
import { mailEventsIn, track } from "./tracking.ts";

const EVENTS = [
  {
    email: "licenses@vendor.example",
    customer_handle: "vendor",
    timestamp: 1_625_097_600,
    event: "delivered",
    request_id: "wBLWrCnK0Z965pf-cgxhNg8bo5s=",
    campaign_id: "ntc_00…",
    recipients: ["ada@customer.example"],
  },
];

export const takeMailChannelsWebhook = publicEndpoint({
  route: createRoute({
    operationId: "hooks.mailchannels",
    method: "post",
    path: "/hooks/mailchannels",
    security: [],
    summary: "Take a webhook of MailChannels",
    description:
      "For MailChannels alone: what became of mails behind their acceptance. Enrol this URL with its API (POST /tx/v1/webhook); the operator names the account and the public keys in LATCHKEY_MAILCHANNELS_HANDLES and LATCHKEY_MAILCHANNELS_WEBHOOK_KEYS. The signature (RFC 9421) must fit the raw body and be at most 300 seconds old or ahead. Whatever does not fit is the same 400; an event of a mail that we do not know has no effect.",
    request: {
      // spelled with its character set, and so left alone: the signature is over the bytes as they came
      body: {
        content: {
          "application/json; charset=utf-8": { schema: { type: "array", items: { type: "object" } }, example: EVENTS },
        },
        required: true,
      },
    },
    responses: {
      200: json(z.object({ received: z.literal(true) }), "What the events tell is recorded"),
      ...problems(mailEventsRefused),
    },
  }),

  handler: async (c) => {
    const { body, realNow } = c.var;
    const trust = trustedBy(c.env);
    const isSigned = trust && (await isSignedByMailChannels({ headers: c.req.raw.headers, body, keys: trust.keys, realNow }));
    const events = isSigned ? mailEventsIn(body, trust.handles) : undefined;
    if (!events) throw mailEventsRefused({});
    await track(c, events);
    return c.json({ received: true as const }, 200);
  },
});
