import { createVerify, X509Certificate } from "node:crypto";
import { isRecord } from "../http.ts";
import { randomText, type SentEvent, type Webhook } from "./books.ts";
import { type Answer, type Call, keep, link, listOf, mustHave, pageOf, queryInstant } from "./call.ts";
import type { Certificates } from "./certificates.ts";
import { presentEvent } from "./courier.ts";
import { malformed, missing, PaypalProblem } from "./errors.ts";
import { signedText } from "./signing.ts";

const MAX_WEBHOOKS = 10;

/** `POST /v1/notifications/webhooks`. PayPal wants https; here plain http is taken too, because what listens is on this machine. */
export function createWebhook(call: Call): Answer {
  const { body } = call;
  const url = body.mustString("url", 2048);
  if (!URL.canParse(url) || !["http:", "https:"].includes(new URL(url).protocol)) {
    throw malformed("INVALID_PARAMETER_SYNTAX", "The value is not a URL.", { field: "/url", value: url });
  }
  const types = body.mustList("event_types", 500).map((type) => {
    const name = type.mustString("name", 50);
    type.done();
    return { name };
  });
  body.done();
  const others = listOf(call, "webhooks");
  if (others.some((other) => other.url === url)) throw refused("WEBHOOK_URL_ALREADY_EXISTS", "Webhook URL already exists");
  if (others.length >= MAX_WEBHOOKS) throw refused("WEBHOOK_NUMBER_LIMIT_EXCEEDED", "The maximum number of webhooks is reached");
  const webhook: Webhook = { id: randomText(17), url, event_types: types };
  keep(call, "webhooks", webhook);
  return { status: 201, body: presentWebhook(call, webhook) };
}

const refused = (name: string, message: string) => new PaypalProblem(400, name, message);

/** `GET /v1/notifications/webhooks` */
export const listWebhooks = (call: Call): Answer => ({
  status: 200,
  body: { webhooks: listOf(call, "webhooks").map((webhook) => presentWebhook(call, webhook)) },
});

/** `GET /v1/notifications/webhooks/{id}` */
export const getWebhook = (call: Call): Answer => ({ status: 200, body: presentWebhook(call, mustHave(call, "webhooks")) });

/** `DELETE /v1/notifications/webhooks/{id}`: what is still on its way to it is not sent. */
export function deleteWebhook(call: Call): Answer {
  const { id } = mustHave(call, "webhooks");
  call.books.remove("webhooks", id);
  return { status: 204 };
}

function presentWebhook(call: Call, { id, url, event_types: types }: Webhook): object {
  const self = `${call.origin}/v1/notifications/webhooks/${id}`;
  const links = [link(self, "self"), link(self, "update", "PATCH"), link(self, "delete", "DELETE")];
  return { id, url, event_types: types.map(({ name }) => ({ name, description: "", status: "ENABLED" })), links };
}

/** `GET /v1/notifications/webhooks-events/{id}` */
export const getEvent = (call: Call): Answer => ({ status: 200, body: presentEvent(call.origin, mustHave(call, "events")) });

/** `GET /v1/notifications/webhooks-events`, newest first. */
export function listEvents(call: Call): Answer {
  const type = call.query.get("event_type");
  const transactionId = call.query.get("transaction_id");
  const [from, until] = [queryInstant(call, "start_time"), queryInstant(call, "end_time")];
  const found = listOf(call, "events").filter(
    (event) =>
      (type ?? event.event_type) === event.event_type &&
      (transactionId === null || resourceId(event) === transactionId) &&
      (from === undefined || Date.parse(event.create_time) >= from) &&
      (until === undefined || Date.parse(event.create_time) <= until),
  );
  const { items } = pageOf(call, found.toReversed(), 10, 300);
  const events = items.map((event) => presentEvent(call.origin, event));
  return { status: 200, body: { events, count: events.length, links: [] } };
}

const resourceId = ({ resource }: SentEvent) => (isRecord(resource) ? resource["id"] : undefined);

/** `POST /v1/notifications/webhooks-events/{id}/resend` */
export function resendEvent(call: Call): Answer {
  const event = mustHave(call, "events");
  const asked = call.body.any("webhook_ids");
  const webhooks = listOf(call, "webhooks").filter(({ id }) => !Array.isArray(asked) || asked.includes(id));
  if (webhooks.length === 0) throw missing(event.id);
  for (const { id } of webhooks) call.courier.resend(event.id, id, call.book.id);
  return { status: 202, body: presentEvent(call.origin, event) };
}

/** `POST /v1/notifications/verify-webhook-signature`: of a webhook of the caller's own. The event is taken as it stands in the request. */
export function verifySignature(certificates: Certificates): (call: Call) => Answer {
  return (call) => {
    const { body } = call;
    const names = ["auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time", "webhook_id"] as const;
    const [algorithm = "", url = "", id = "", signature = "", time = "", webhookId = ""] = names.map((name) =>
      body.mustString(name, 500),
    );
    const event = body.any("webhook_event");
    if (!isRecord(event))
      throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: "/webhook_event" });
    const owned = call.books.get("webhooks", webhookId)?.book === call.book.id;
    const genuine = owned && algorithm === "SHA256withRSA" && url === `${call.origin}/v1/notifications/certs/CERT-good`;
    const text = signedText({ id, time }, webhookId, eventText(call.text, event));
    const key = new X509Certificate(certificates.good.chain).publicKey;
    const fits = genuine && createVerify("RSA-SHA256").update(text, "utf8").verify(key, signature, "base64");
    return { status: 200, body: { verification_status: fits ? "SUCCESS" : "FAILURE" } };
  };
}

/** The event's own bytes where it stands last, as clients do that embed it unread; else as it is written anew. */
function eventText(request: string, event: object): string {
  const [, embedded] = /"webhook_event"\s*:\s*(\{.*\})\s*\}\s*$/s.exec(request) ?? [];
  try {
    if (embedded !== undefined && JSON.stringify(JSON.parse(embedded)) === JSON.stringify(event)) return embedded;
  } catch {
    // it did not stand last
  }
  return JSON.stringify(event);
}
