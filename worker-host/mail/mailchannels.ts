import { MailChannels } from "mailchannels-sdk";
import type { MailChannelsConfig, MailConfig } from "./config.ts";
import { envelopeOf } from "./envelope.ts";
import { said, type SentOutcome, type Transport } from "./transport.ts";

/**
 * Sends mail by MailChannels' API. It sets the Message-ID itself; ours travels as `X-Latchkey-Notice`, the same on every retry. It takes a mail
 * before it knows of the recipient's server: what becomes of it the edge hears by webhook, under the campaign that the mail carries.
 */
export function mailChannelsTransport(config: MailConfig & MailChannelsConfig): Transport {
  const client = new MailChannels(config.apiKey, config.baseUrl === null ? {} : { baseUrl: config.baseUrl });
  return {
    kind: "mailchannels",
    // there is nothing to ask that costs nothing: the first mail shows it
    ask: () => Promise.resolve(null),
    send: async (mail) => {
      const { from, replyTo, messageId, headers } = envelopeOf(mail, config);
      const { to, subject, html, text } = mail;
      const { data, error } = await client.emails
        .send({
          from: { email: from.address, name: from.name },
          to: { email: to },
          ...(replyTo === null ? {} : { replyTo: { email: replyTo } }),
          envelopeFrom: { email: config.from },
          subject,
          html,
          text,
          headers,
          // comes back with every event of the mail; with a mark that is ours alone nothing has to be remembered between sending and hearing
          campaignId: mail.message_ref,
        })
        .catch((thrown: unknown) => ({
          data: null,
          error: { statusCode: null, message: thrown instanceof Error ? thrown.message : String(thrown) },
        }));
      return {
        messageId: data?.results?.[0]?.messageId ?? messageId,
        outcome: error ? outcomeOf(error) : { kind: "accepted", status: 202, detail: "taken by MailChannels" },
      };
    },
    close: () => undefined,
  };
}

/** What an answer of the API means: a key that is not good is between the operator and MailChannels, and no fault of the mail. */
export function outcomeOf({ statusCode, message }: { statusCode: number | null; message: string }): SentOutcome {
  const refused = { status: statusCode, detail: said(message) };
  if (statusCode === null || statusCode === 401 || statusCode === 403) return { kind: "unreached", ...refused };
  if (statusCode === 429 || statusCode >= 500) return { kind: "deferred", ...refused };
  return { kind: "refused", what: "mail", ...refused };
}
