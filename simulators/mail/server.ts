import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import PostalMime from "postal-mime";
import { BadControl, BodyTooLarge, ControlBody, answer, answerJson, closeServer, listen, readBody, urlOf } from "../http.ts";
import { type Journal, openJournal } from "../journal.ts";
import type { Simulator, SimulatorOptions } from "../run.ts";
import { type Fault, faultOf } from "./faults.ts";
import { mailPage, outboxPage } from "./page.ts";
import type { ReceivedMail } from "./received.ts";
import { openSmtp, type RawMail, type Smtp } from "./smtp.ts";

const MAX_BODY_BYTES = 64 * 1024;
const MAX_LOG_ENTRIES = 5_000;

type Tables = { log: ReceivedMail };

type Sink = { journal: Journal<Tables>; faults: Map<string, Fault>; smtp: Smtp; smtpPort: number };

const EVERYBODY = "*";

/** A mail sink: the origin of its pages, and where it takes mail. */
export type MailSink = Simulator & { smtpUrl: string };

/**
 * Starts a mail server that delivers to nobody: it takes every mail, keeps it (`GET /` to look at, `GET /_log?to=` as JSON, `DELETE /_log`) and
 * answers as `POST /_control` said. With a state file the mails survive a restart; faults are switches and do not.
 */
export async function startMailSink({
  port,
  host = "127.0.0.1",
  smtpPort,
  statePath,
}: SimulatorOptions & { smtpPort: number }): Promise<MailSink> {
  const journal = openJournal<Tables>({ log: MAX_LOG_ENTRIES }, statePath);
  const faults = new Map<string, Fault>();
  let received = Math.max(0, ...[...journal.entries("log")].map(([id]) => Number(id)));
  const smtp = openSmtp(host, { fault: (to) => meet(faults, to), take: (mail) => keep(journal, String(++received), mail) });
  const sink: Sink = { journal, faults, smtp, smtpPort };

  const server = createServer((req, res) => {
    void handle(sink, req, res).catch((error: unknown) => {
      if (error instanceof BodyTooLarge) answerJson(res, 413, { error: { message: error.message } }, { connection: "close" });
      else if (error instanceof BadControl) answerJson(res, 400, { error: { message: error.message } });
      else if (!req.errored && !res.destroyed) {
        console.error("mail sink:", error);
        answerJson(res, 500, { error: { message: "The sink failed." } });
      }
    });
  });
  try {
    sink.smtpPort = await smtp.up(smtpPort);
    const url = await listen(server, port, host);
    const close = async () => {
      await Promise.all([closeServer(server), smtp.down()]);
      journal.close();
    };
    return { url, smtpUrl: `smtp://${host}:${sink.smtpPort}`, close };
  } catch (error) {
    await smtp.down();
    journal.close();
    throw error;
  }
}

async function keep(journal: Journal<Tables>, id: string, { from, to, raw }: RawMail): Promise<void> {
  const mail = await PostalMime.parse(raw);
  journal.put("log", id, {
    id,
    at: new Date().toISOString(),
    envelope_from: from,
    to,
    from: mail.from?.name ? `${mail.from.name} <${mail.from.address ?? ""}>` : (mail.from?.address ?? ""),
    reply_to: mail.replyTo?.[0]?.address ?? null,
    subject: mail.subject ?? "",
    message_id: mail.messageId ?? "",
    headers: mail.headers.map(({ key, value }) => ({ name: key, value })),
    html: mail.html ?? "",
    text: mail.text ?? "",
  });
}

async function handle(sink: Sink, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = urlOf(req);
  if (!url) return answerJson(res, 400, { error: { message: "The request target is not a path." } });
  const body = (await readBody(req, MAX_BODY_BYTES)).toString("utf8");
  const html = (text: string) => answer(res, 200, text, { "content-type": "text/html; charset=utf-8" });
  const [, id] = /^\/mail\/(\d+)$/.exec(url.pathname) ?? [];
  const mail = id === undefined ? undefined : sink.journal.get("log", id);
  if (req.method === "GET" && mail) return html(mailPage(mail));

  switch (`${req.method} ${url.pathname}`) {
    case "GET /":
      return html(outboxPage([...sink.journal.entries("log")].map(([, each]) => each)));
    case "GET /_log":
      return answerJson(res, 200, logged(sink, url.searchParams.get("to")));
    case "DELETE /_log":
      for (const [each] of sink.journal.entries("log")) sink.journal.remove("log", each);
      return answerJson(res, 200, { deleted: true });
    case "GET /_control":
      return answerJson(res, 200, active(sink));
    case "POST /_control":
      await control(sink, ControlBody.parse(body));
      return answerJson(res, 200, active(sink));
    default:
      return answerJson(res, 404, { error: { message: "There is /, /_log and /_control." } });
  }
}

function logged({ journal }: Sink, to: string | null): ReceivedMail[] {
  return [...journal.entries("log")].map(([, mail]) => mail).filter((mail) => to === null || mail.to.includes(to));
}

async function control(sink: Sink, body: ControlBody): Promise<void> {
  const mode = body.mustString("mode");
  const recipient = body.string("recipient") ?? EVERYBODY;
  if (mode === "down") {
    body.done();
    return sink.smtp.down();
  }
  const fault = faultOf(mode, body);
  body.done();
  if (fault) sink.faults.set(recipient, fault);
  else if (recipient === EVERYBODY) sink.faults.clear();
  else sink.faults.delete(recipient);
  if (mode === "normal") await sink.smtp.up(sink.smtpPort);
}

const active = ({ faults, smtp }: Sink) => ({ up: smtp.isUp(), faults: Object.fromEntries(faults) });

/** The fault that mail to an address meets, counted down. */
function meet(faults: Map<string, Fault>, to: string): Fault | undefined {
  const key = faults.has(to) ? to : EVERYBODY;
  const fault = faults.get(key);
  if (fault?.times != null) {
    fault.times -= 1;
    if (fault.times === 0) faults.delete(key);
  }
  return fault;
}
