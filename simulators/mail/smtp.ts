import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import type { Fault } from "./faults.ts";

const MAX_MAIL_BYTES = 10 * 1024 * 1024;

/** What a mail is before it is read. */
export type RawMail = { from: string; to: string[]; raw: Buffer };

type Parts = { fault: (to: string) => Fault | undefined; take: (mail: RawMail) => Promise<void> };

/** An SMTP server that can go away and come back. */
export type Smtp = {
  /** Listens; answers the port. One that listens already goes on. */
  up: (port: number) => Promise<number>;
  /** Goes away, in the middle of whatever is said. */
  down: () => Promise<void>;
  isUp: () => boolean;
};

/** An SMTP server that takes every mail, as its faults allow. Who signs in is let in, whoever they say they are. */
export function openSmtp(host: string, parts: Parts): Smtp {
  let server: SMTPServer | undefined;
  return {
    isUp: () => server !== undefined,
    up: async (port) => {
      if (server) return port;
      const opened = served(parts);
      const bound = await new Promise<number>((resolve, reject) => {
        opened.once("error", reject);
        opened.listen(port, host, () => {
          const address = opened.server.address();
          resolve(typeof address === "object" && address ? address.port : port);
        });
      });
      // a line that breaks is the other side's affair
      opened.on("error", () => undefined);
      server = opened;
      return bound;
    },
    down: async () => {
      const closing = server;
      server = undefined;
      if (!closing) return;
      const closed = new Promise<void>((resolve) => closing.close(() => resolve()));
      for (const connection of closing.connections) connection.close();
      await closed;
    },
  };
}

/** An answer that a server of the world gives. */
const no = (status: number, words: string): Error => Object.assign(new Error(words), { responseCode: status });

function served({ fault, take }: Parts): SMTPServer {
  const met = new WeakMap<SMTPServerSession, Fault[]>();
  return new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    size: MAX_MAIL_BYTES,
    closeTimeout: 100,
    onAuth: (auth, _, callback) => callback(null, { user: auth.username ?? "anybody" }),
    onMailFrom: (_, session, callback) => {
      met.delete(session);
      callback();
    },
    onRcptTo: ({ address }, session, callback) => {
      const found = fault(address);
      if (found?.mode === "defer") return callback(no(found.status, "4.7.1 Come again later"));
      if (found?.mode === "refuse" && found.at === "recipient") return callback(no(found.status, "5.1.1 No such user"));
      if (found) met.set(session, [...(met.get(session) ?? []), found]);
      callback();
    },
    onData: (stream, session, callback) => {
      const answer = async (): Promise<void> => {
        try {
          await taken(stream, session, met.get(session) ?? [], take);
          callback(null, "2.0.0 Taken");
        } catch (error) {
          callback(error instanceof Error ? error : no(451, "4.3.0 The sink failed"));
        }
      };
      void answer();
    },
  });
}

async function taken(
  stream: SMTPServerDataStream,
  { envelope }: SMTPServerSession,
  faults: readonly Fault[],
  take: Parts["take"],
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  for (const fault of faults) {
    if (fault.mode === "refuse") throw no(fault.status, "5.6.0 Not this mail");
    if (fault.mode === "slow") await new Promise((resolve) => setTimeout(resolve, fault.ms));
  }
  const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
  await take({ from, to: envelope.rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks) });
}
