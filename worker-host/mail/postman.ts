import type { Mail, MailResult, TransportState } from "../edge/routes.ts";
import type { MailConfig } from "./config.ts";
import { mailChannelsTransport } from "./mailchannels.ts";
import { smtpTransport } from "./smtp.ts";
import type { SentOutcome, Transport } from "./transport.ts";

/** Longer than any attempt takes, and shorter than the edge's lease: whatever hangs is given up before the mail is leased to another. */
const GIVE_UP_MS = 50_000;

const NOT_CONFIGURED = "No mail transport is configured: set SMTP_HOST or MAILCHANNELS_API_KEY on the worker host.";

/** Whoever carries the mail of this host, and knows whether it can. */
export type Postman = {
  /** How it sends, and why nothing goes out. Asks the server only when that is in doubt. */
  state: () => Promise<TransportState>;
  /** Sends one mail. Never throws. */
  send: (mail: Mail) => Promise<MailResult>;
};

/** The postman of a configuration; without one, one who says why nothing goes out. */
export function postmanOf(config: MailConfig | null): Postman {
  if (!config) return nobody;
  return postman(config.kind === "smtp" ? smtpTransport(config) : mailChannelsTransport(config));
}

/** Sends by a transport; after a server was not reached, asks whether it is there again before anything else is tried. */
export function postman(transport: Transport, giveUpMs = GIVE_UP_MS): Postman {
  let isDoubtful = true;
  return {
    state: async () => {
      const problem = isDoubtful ? await transport.ask() : null;
      isDoubtful = problem !== null;
      return { transport: transport.kind, problem };
    },
    send: async (mail) => {
      const startedAt = performance.now();
      const { messageId, outcome } = await inTime(transport.send(mail), giveUpMs);
      if (outcome.kind === "unreached") isDoubtful = true;
      const { tenant_id, notice_id, attempt } = mail;
      const duration_ms = Math.round(performance.now() - startedAt);
      return { tenant_id, notice_id, attempt, message_id: messageId, outcome: { ...outcome, duration_ms } };
    },
  };
}

const nobody: Postman = {
  state: () => Promise.resolve({ transport: null, problem: NOT_CONFIGURED }),
  send: ({ tenant_id, notice_id, attempt }) => {
    const outcome = { kind: "unreached" as const, status: null, detail: NOT_CONFIGURED, duration_ms: 0 };
    return Promise.resolve({ tenant_id, notice_id, attempt, message_id: "", outcome });
  },
};

type Tried = { messageId: string; outcome: SentOutcome };

async function inTime(sending: Promise<Tried>, ms: number): Promise<Tried> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Tried>((resolve) => {
    const outcome = { kind: "unreached" as const, status: null, detail: `No answer within ${ms} ms.` };
    timer = setTimeout(() => resolve({ messageId: "", outcome }), ms);
  });
  return Promise.race([sending, late]).finally(() => clearTimeout(timer));
}
