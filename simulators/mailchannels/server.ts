import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  BadControl,
  BodyTooLarge,
  ControlBody,
  answerJson,
  closeServer,
  isRecord,
  jsonObject,
  listen,
  readBody,
  urlOf,
} from "../http.ts";
import type { Simulator, SimulatorOptions } from "../run.ts";
import { webhookKey, signedHeaders, type WebhookKey } from "./signing.ts";

const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** The account whose every key is taken. */
export const HANDLE = "simulated";
const EVENTS = [
  "processed",
  "delivered",
  "open",
  "click",
  "soft-bounced",
  "hard-bounced",
  "dropped",
  "complained",
  "unsubscribed",
] as const;

type EventName = (typeof EVENTS)[number];

/** A mail as it was taken. */
type Taken = { to: string; subject: string; campaign_id: string | null; request_id: string; message_id: string };

type State = {
  key: WebhookKey;
  endpoints: Set<string>;
  taken: Taken[];
  /** What becomes of mails to an address; `*` of all others. */
  fates: Map<string, readonly EventName[]>;
  /** How webhooks were answered; null: not at all. */
  answers: (number | null)[];
};

/** A MailChannels: its origin, and the key that its webhooks are signed with. */
export type MailChannelsSimulator = Simulator & { publicKey: string; keyId: string };

/**
 * Starts a MailChannels that delivers to nobody: `POST /tx/v1/send` takes a mail, and then tells the enrolled webhooks what became of it, signed as the
 * real one signs. `POST /_control {"recipient": …, "events": [...]}` says what does; without, mails are processed and delivered. `GET /_log` shows the
 * mails and how the webhooks were answered. A webhook is tried once.
 */
export async function startMailChannels({ port, host = "127.0.0.1" }: SimulatorOptions): Promise<MailChannelsSimulator> {
  const key = await webhookKey("mckey");
  const state: State = { key, endpoints: new Set(), taken: [], fates: new Map(), answers: [] };
  const server = createServer((req, res) => {
    void handle(state, req, res).catch((error: unknown) => {
      if (error instanceof BodyTooLarge) answerJson(res, 413, { errors: [error.message] }, { connection: "close" });
      else if (error instanceof BadControl) answerJson(res, 400, { errors: [error.message] });
      else answerJson(res, 500, { errors: ["The simulator failed."] });
    });
  });
  const url = await listen(server, port, host);
  return { url, keyId: key.id, publicKey: key.publicKey, close: () => closeServer(server) };
}

async function handle(state: State, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = urlOf(req);
  const body = (await readBody(req, MAX_BODY_BYTES)).toString("utf8");
  const route = `${req.method} ${url?.pathname ?? ""}`;
  const isOpen = route === "GET /tx/v1/webhook/public-key" || route.includes(" /_");
  if (!isOpen && !req.headers["x-api-key"]) return answerJson(res, 401, { errors: ["Unauthorized"] });
  switch (route) {
    case "POST /tx/v1/send":
      return send(state, jsonObject(body), res);
    case "POST /tx/v1/webhook":
      state.endpoints.add(url?.searchParams.get("endpoint") ?? "");
      return answerJson(res, 200, {});
    case "GET /tx/v1/webhook":
      return answerJson(
        res,
        200,
        [...state.endpoints].map((webhook) => ({ webhook })),
      );
    case "DELETE /tx/v1/webhook":
      state.endpoints.clear();
      return answerJson(res, 200, {});
    case "GET /tx/v1/webhook/public-key":
      if (url?.searchParams.get("id") !== state.key.id) return answerJson(res, 404, { errors: ["There is no such key."] });
      return answerJson(res, 200, { id: state.key.id, key: state.key.publicKey });
    case "POST /_control":
      control(state, ControlBody.parse(body));
      return answerJson(res, 200, Object.fromEntries(state.fates));
    case "GET /_log":
      return answerJson(res, 200, { mails: state.taken, answers: state.answers });
    default:
      return answerJson(res, 404, { errors: ["There is nothing here."] });
  }
}

function control({ fates }: State, body: ControlBody): void {
  const recipient = body.string("recipient") ?? "*";
  const events = body.any("events");
  body.done();
  if (!Array.isArray(events)) throw new BadControl("events must be a list.");
  fates.set(
    recipient,
    events.map((each) => {
      const event = EVENTS.find((known) => known === each);
      if (!event) throw new BadControl(`events must be some of ${EVENTS.join(", ")}.`);
      return event;
    }),
  );
}

async function send(state: State, body: Record<string, unknown> | undefined, res: ServerResponse): Promise<void> {
  const [personalization] = Array.isArray(body?.["personalizations"]) ? body["personalizations"] : [];
  const [recipient] = isRecord(personalization) && Array.isArray(personalization["to"]) ? personalization["to"] : [];
  const to = isRecord(recipient) && typeof recipient["email"] === "string" ? recipient["email"] : undefined;
  const from = isRecord(body?.["from"]) ? body["from"]["email"] : undefined;
  if (!body || to === undefined || typeof from !== "string") return answerJson(res, 400, { errors: ["No mail."] });
  const campaign = body["campaign_id"];
  if (campaign !== undefined && (typeof campaign !== "string" || !/^\S{1,48}$/.test(campaign)))
    return answerJson(res, 400, { errors: ["campaign_id must have at most 48 characters and no spaces."] });
  const request_id = randomUUID().slice(0, 28);
  const message_id = `<${randomUUID()}@mailchannels.example>`;
  const mail = { to, subject: String(body["subject"]), campaign_id: campaign ?? null, request_id, message_id };
  state.taken.push(mail);
  answerJson(res, 202, { request_id, results: [{ index: 0, message_id, status: "sent" }] });
  const fate = state.fates.get(to) ?? state.fates.get("*") ?? ["processed", "delivered"];
  for (const event of fate) await tell(state, eventOf(mail, from, event));
}

function eventOf({ to, campaign_id, request_id, message_id }: Taken, email: string, event: EventName) {
  const failed = {
    "hard-bounced": { status: "550", reason: "5.1.1 No such mailbox." },
    "soft-bounced": { status: "451", reason: "4.2.2 The mailbox is full." },
    dropped: { status: "550", reason: "The recipient is suppressed." },
  };
  return {
    email,
    customer_handle: HANDLE,
    timestamp: Math.floor(Date.now() / 1000),
    event,
    request_id,
    smtp_id: message_id,
    ...(campaign_id === null ? {} : { campaign_id }),
    recipients: [to],
    ...(event in failed ? failed[event as keyof typeof failed] : {}),
  };
}

async function tell(state: State, event: object): Promise<void> {
  const body = JSON.stringify([event]);
  for (const endpoint of state.endpoints) {
    const headers = await signedHeaders(body, state.key, Math.floor(Date.now() / 1000));
    const answered = await fetch(endpoint, { method: "POST", headers, body }).then(
      ({ status }) => status,
      () => null,
    );
    state.answers.push(answered);
  }
}
