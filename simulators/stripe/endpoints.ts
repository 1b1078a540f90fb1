import type Stripe from "stripe";
import { newId, nowInSeconds, randomText } from "./books.ts";
import { type Call, listPage, mustHave } from "./call.ts";
import { refused } from "./errors.ts";
import { mergedMetadata } from "./form.ts";

/** `POST /v1/webhook_endpoints`: the only answer that tells the signing secret. */
export function createEndpoint(call: Call): object {
  const { params, key } = call;
  const url = webhookUrl(params.mustString("url"));
  const events = params.list("enabled_events");
  const apiVersion = params.string("api_version") ?? null;
  const description = params.unsettable("description") ?? null;
  const metadata = mergedMetadata({}, params.metadata());
  params.list("expand");
  params.done(["connect"]);
  if (events.length === 0) {
    throw refused("Missing required param: enabled_events.", { code: "parameter_missing", param: "enabled_events" });
  }
  const strange = events.findIndex((type) => type !== "*" && !/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$/.test(type));
  if (strange >= 0) {
    throw refused(`Invalid enabled_events[${strange}]: must be * or the type of an event`, {
      param: `enabled_events[${strange}]`,
    });
  }

  const object: Stripe.WebhookEndpoint = {
    id: newId("we"),
    object: "webhook_endpoint",
    api_version: apiVersion,
    application: null,
    created: nowInSeconds(call.books, call.key.book.id),
    description,
    enabled_events: events,
    livemode: key.book.livemode,
    metadata,
    status: "enabled",
    url,
  };
  const secret = `whsec_${randomText(32)}`;
  call.books.put("endpoints", object.id, { book: key.book.id, object, secret });
  return { ...object, secret };
}

/** `GET /v1/webhook_endpoints/{id}` */
export function retrieveEndpoint(call: Call): object {
  const [id = ""] = call.ids;
  call.params.list("expand");
  call.params.done();
  return mustHave(call, "endpoints", id, "webhook_endpoint").object;
}

/** `GET /v1/webhook_endpoints` */
export function listEndpoints(call: Call): object {
  const page = call.params.page();
  call.params.list("expand");
  call.params.done();
  return listPage(call, call.books.entries("endpoints"), "/v1/webhook_endpoints", page);
}

/** `DELETE /v1/webhook_endpoints/{id}`: what is still on its way to it is not sent. */
export function deleteEndpoint(call: Call): object {
  const [id = ""] = call.ids;
  call.params.done();
  mustHave(call, "endpoints", id, "webhook_endpoint");
  call.books.remove("endpoints", id);
  return { id, object: "webhook_endpoint", deleted: true };
}

/** Stripe wants public https in live mode; here plain http is taken too, because what listens is on this machine. */
function webhookUrl(text: string): string {
  if (URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol)) return text;
  throw refused("Invalid URL: An explicit scheme (such as https) must be provided.", { code: "url_invalid", param: "url" });
}
