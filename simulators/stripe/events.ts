import type { SentEvent } from "./books.ts";
import { type Call, createdFilter, listPage, mustHave } from "./call.ts";
import { refused } from "./errors.ts";

/** `GET /v1/events/{id}` */
export function retrieveEvent(call: Call): object {
  const [id = ""] = call.ids;
  call.params.list("expand");
  call.params.done();
  return call.courier.present(mustHave(call, "events", id).object);
}

/** `GET /v1/events`, by type and time. */
export function listEvents(call: Call): object {
  const { params } = call;
  const page = params.page();
  const created = createdFilter(params);
  const type = params.string("type");
  const types = params.list("types");
  params.list("expand");
  params.done(["delivery_success"]);
  if (type !== undefined && types.length > 0) throw refused("You can specify only one of type and types.", { param: "types" });
  if (types.length > 20) throw refused("types can have at most 20 elements.", { param: "types" });

  const wanted = type === undefined ? types : [type];
  const matches = (event: SentEvent) =>
    wanted.length === 0 ||
    wanted.some((pattern) => (pattern.endsWith(".*") ? event.type.startsWith(pattern.slice(0, -1)) : event.type === pattern));
  const found = listPage(call, call.books.entries("events"), "/v1/events", page, (event) => created(event) && matches(event));
  return { ...found, data: found.data.map((event) => call.courier.present(event)) };
}
