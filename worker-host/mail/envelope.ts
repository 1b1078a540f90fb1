import type { Mail } from "../edge/routes.ts";
import type { MailConfig } from "./config.ts";

/** A mail with its sender and its headers, as every transport sends it. */
export type Envelope = {
  from: { name: string; address: string };
  replyTo: string | null;
  messageId: string;
  headers: Record<string, string>;
};

/**
 * Whom a mail is from: the tenant's own address where the transport may send for its domain, else the transport's, under the tenant's name. Its
 * Message-ID comes from the notice, so that a mail that is sent twice by a crash is twice the same mail.
 */
export function envelopeOf(mail: Mail, { from, fromDomains }: Pick<MailConfig, "from" | "fromDomains">): Envelope {
  const own = mail.from.address;
  const isAllowed = own !== null && (fromDomains === null || fromDomains.includes(domainOf(own)));
  const unsubscribe: Record<string, string> =
    mail.unsubscribe_url === null
      ? {}
      : { "List-Unsubscribe": `<${mail.unsubscribe_url}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" };
  return {
    from: { name: mail.from.name, address: isAllowed ? own : from },
    replyTo: mail.reply_to,
    messageId: `<${mail.message_ref}@${domainOf(from)}>`,
    // no answering machine is to answer; and who looks at a mail finds the notice
    headers: { ...unsubscribe, "Auto-Submitted": "auto-generated", "X-Latchkey-Notice": mail.message_ref },
  };
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1).toLowerCase();
