import { createTransport } from "nodemailer";
import { messageOf } from "../log.ts";
import type { MailConfig, SmtpConfig } from "./config.ts";
import { envelopeOf } from "./envelope.ts";
import { said, type SentOutcome, type Transport } from "./transport.ts";

/** How many mails go out side by side. */
const CONNECTIONS = 5;
const REACH_MS = 10_000;
/** How long a server may say nothing while it takes a mail. */
const SILENCE_MS = 30_000;

/** Sends mail by SMTP. No password and no mail goes over a line that is not encrypted, but to this very machine. */
export function smtpTransport(config: MailConfig & SmtpConfig): Transport {
  const transport = createTransport({
    pool: true,
    host: config.host,
    port: config.port,
    secure: config.implicitTls,
    requireTLS: config.requireTls,
    ignoreTLS: !config.implicitTls && !config.requireTls,
    ...(config.auth ? { auth: config.auth } : {}),
    maxConnections: CONNECTIONS,
    connectionTimeout: REACH_MS,
    greetingTimeout: REACH_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  });
  return {
    kind: "smtp",
    ask: async () => {
      try {
        await transport.verify();
        return null;
      } catch (error) {
        return said(messageOf(error)) ?? "The server does not say why.";
      }
    },
    send: async (mail) => {
      const { from, replyTo, messageId, headers } = envelopeOf(mail, config);
      const { to, subject, html, text } = mail;
      try {
        const { response } = await transport.sendMail({
          from,
          to: { name: "", address: to },
          ...(replyTo === null ? {} : { replyTo: { name: "", address: replyTo } }),
          subject,
          html,
          text,
          messageId,
          headers,
          // bounces go to the transport's own address, whoever the mail is from
          envelope: { from: config.from, to },
        });
        return { messageId, outcome: { kind: "accepted", status: statusOf(response), detail: said(response) } };
      } catch (error) {
        return { messageId, outcome: outcomeOf(error) };
      }
    },
    close: () => transport.close(),
  };
}

/** What nodemailer tells of an attempt that failed. */
type Failure = { code?: unknown; responseCode?: unknown; command?: unknown; response?: unknown };

/** What a failure means: not reached, put off, or refused, and then whether the address or the mail was. */
export function outcomeOf(error: unknown): SentOutcome {
  const { code, responseCode, command, response }: Failure = typeof error === "object" && error !== null ? error : {};
  const status = typeof responseCode === "number" ? responseCode : null;
  const words = typeof response === "string" ? response : "";
  const detail = said(words || messageOf(error));
  // not let in: that is between the operator and the server, and no fault of the mail
  if (code === "EAUTH" || code === "ENOAUTH" || (status !== null && [530, 534, 535, 538].includes(status))) {
    return { kind: "unreached", status, detail };
  }
  if (status === null) {
    if (code === "EENVELOPE") return { kind: "refused", what: "recipient", status, detail };
    return { kind: "unreached", status, detail };
  }
  if (status < 500) return { kind: "deferred", status, detail };
  // 5.7.x is policy: the server does not want this mail, or not from us, and says nothing of whether the address exists
  const isRecipient = command === "RCPT TO" && !/\b5\.7\.\d/.test(words);
  return { kind: "refused", what: isRecipient ? "recipient" : "mail", status, detail };
}

function statusOf(response: string): number | null {
  const status = Number(response.slice(0, 3));
  return status >= 100 && status <= 999 ? status : null;
}
