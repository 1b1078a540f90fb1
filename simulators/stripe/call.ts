import type Stripe from "stripe";
import { type Books, type Owned, type SentEvent, newId, nowInSeconds } from "./books.ts";
import { isRecord } from "../http.ts";
import type { Courier } from "./courier.ts";
import { missing, refused } from "./errors.ts";
import type { Params } from "./form.ts";
import type { ApiKey } from "./keys.ts";

/** The API version whose shapes the simulator answers: that of the pinned client. */
export const API_VERSION = "2026-10-28.endive";

/** One request on its way through an endpoint. `ids` are the variable parts of its path. */
export type Call = {
  books: Books;
  courier: Pick<Courier, "bring" | "present">;
  key: ApiKey;
  ids: readonly string[];
  params: Params;
  /** Where the simulator was reached; the pages of the customer's bank are there, too. */
  origin: string;
  /** Null where something outside of the API acts: the customer's bank, by a control call. */
  requestId: string | null;
  idempotencyKey: string | null;
  /** What Stripe does once the answer is on its way: the answer does not tell of it, a later look does. */
  afterwards: (() => void)[];
};

type ObjectTable =
  | "customers"
  | "intents"
  | "setups"
  | "charges"
  | "refunds"
  | "disputes"
  | "transactions"
  | "methods"
  | "endpoints"
  | "events";

const NOUNS = {
  customers: "customer",
  intents: "payment_intent",
  setups: "setupintent",
  disputes: "dispute",
  transactions: "balance transaction",
  charges: "charge",
  refunds: "refund",
  methods: "PaymentMethod",
  endpoints: "webhook endpoint",
  events: "event",
} as const satisfies Record<ObjectTable, string>;

/** An object of the caller's book. Throws `resource_missing`, with Stripe's hint where the same account has it in the other mode. */
export function mustHave<K extends ObjectTable>(call: Call, table: K, id: string, param = "id", status: 400 | 404 = 404) {
  const owned = call.books.get(table, id);
  const { book } = call.key;
  if (owned?.book === book.id) return owned;
  const otherMode = book.livemode ? "test" : "live";
  const elsewhere = owned?.book === `${book.account}/${otherMode}` ? otherMode : undefined;
  throw missing(NOUNS[table], id, param, status, elsewhere);
}

/**
 * Writes the event of a change and sends it to every endpoint of the book that subscribes. The object is copied: it tells of
 * now. With `before` the event also says what the changed fields were.
 */
export function tell(call: Call, type: Stripe.Event.Type, object: object, before?: object): void {
  const { book } = call.key;
  const event: SentEvent = {
    id: newId("evt"),
    object: "event",
    api_version: API_VERSION,
    created: nowInSeconds(call.books, call.key.book.id),
    data: { object: structuredClone(object), ...(before ? { previous_attributes: changedFields(before, object) } : {}) },
    livemode: book.livemode,
    pending_webhooks: 0,
    request: { id: call.requestId, idempotency_key: call.idempotencyKey },
    type,
  };
  call.books.put("events", event.id, { book: book.id, object: event });
  call.courier.bring(event, book.id);
}

/** A page of the book's objects, newest first, as every list of Stripe's answers; `rows` are a table's, oldest first. */
export function listPage<T extends { id: string; object: string }>(
  call: Call,
  rows: Iterable<[string, Owned<T>]>,
  url: string,
  { limit, startingAfter, endingBefore }: ReturnType<Params["page"]>,
  keep: (object: T) => boolean = () => true,
) {
  const all = [...rows]
    .filter(([, owned]) => owned.book === call.key.book.id)
    .map(([, owned]) => owned.object)
    .filter(keep)
    .toReversed();
  const indexOf = (id: string, param: string) => {
    const index = all.findIndex((object) => object.id === id);
    if (index < 0) throw missing(url.slice("/v1/".length, -1), id, param, 400);
    return index;
  };

  if (endingBefore !== undefined) {
    const end = indexOf(endingBefore, "ending_before");
    const start = Math.max(0, end - limit);
    return { object: "list", data: all.slice(start, end), has_more: start > 0, url };
  }
  const start = startingAfter === undefined ? 0 : indexOf(startingAfter, "starting_after") + 1;
  return { object: "list", data: all.slice(start, start + limit), has_more: start + limit < all.length, url };
}

/** Reads the filter `created`: an instant, or a range of them in seconds. */
export function createdFilter(params: Params): (object: { created: number }) => boolean {
  if (!params.has("created")) return () => true;
  const range = params.isHash("created") ? params.hash("created") : undefined;
  if (!range) {
    const at = params.integer("created");
    return (object) => object.created === at;
  }
  const [gt, gte, lt, lte] = [range.integer("gt"), range.integer("gte"), range.integer("lt"), range.integer("lte")];
  range.done();
  return ({ created }) =>
    (gt === undefined || created > gt) &&
    (gte === undefined || created >= gte) &&
    (lt === undefined || created < lt) &&
    (lte === undefined || created <= lte);
}

/** The id in a field, whether or not it has been expanded; null where there is none. */
export function idIn(field: string | { id: string } | null | undefined): string | null {
  return typeof field === "string" ? field : (field?.id ?? null);
}

/** The fields of `before` that are not the same any more, with what they were. */
function changedFields(before: object, after: object): object {
  const now = new Map(Object.entries(after));
  return Object.fromEntries(
    Object.entries(before).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(now.get(field))),
  );
}

const EXPANDABLE: Readonly<Record<string, ObjectTable>> = {
  cus: "customers",
  pi: "intents",
  seti: "setups",
  ch: "charges",
  re: "refunds",
  du: "disputes",
  txn: "transactions",
  pm: "methods",
};

/** Puts the objects that `expand` names in place of their ids, on a copy. Throws 400 for what cannot be expanded. */
export function expanded<T extends object>(call: Call, answer: T, paths: readonly string[]): T {
  if (paths.length === 0) return answer;
  const copy = structuredClone(answer);
  for (const path of paths) expandAt(call, copy, path.split("."), path);
  return copy;
}

function expandAt(call: Call, object: unknown, [step, ...rest]: string[], path: string): void {
  if (step === undefined) return;
  if (Array.isArray(object)) {
    for (const item of object) expandAt(call, item, [step, ...rest], path);
    return;
  }
  const value = isRecord(object) && Object.hasOwn(object, step) ? object[step] : undefined;
  if (value === null) return;
  const table = typeof value === "string" ? EXPANDABLE[value.split("_")[0] ?? ""] : undefined;
  if (isRecord(object) && typeof value === "string" && table) {
    object[step] = structuredClone(mustHave(call, table, value).object);
    return expandAt(call, object[step], rest, path);
  }
  if (typeof value !== "object") throw refused(`This property cannot be expanded (${path}).`, { param: "expand" });
  expandAt(call, value, rest, path);
}
