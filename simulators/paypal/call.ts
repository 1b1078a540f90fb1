import { type Book, type Books, type Owned, type SentEvent, type Subject, type Tables, newId, nowOf } from "./books.ts";
import { Body } from "./body.ts";
import type { Courier } from "./courier.ts";
import { malformed, missing } from "./errors.ts";

/** One request on its way through an endpoint. `ids` are the variable parts of its path. */
export type Call = {
  books: Books;
  courier: Courier;
  book: Book;
  origin: string;
  ids: readonly string[];
  query: URLSearchParams;
  /** The JSON of the request; empty where it had none. */
  body: Body;
  /** The body as it came. */
  text: string;
  requestId: string | null;
  /** `Prefer: return=representation`. */
  wantsAll: boolean;
  /** What the header PayPal-Mock-Response orders: a code that the sandbox answers with. */
  mockCode: string | null;
  now: number;
};

/** What an endpoint answers; without a body where PayPal has none. `of` is what it was about. */
export type Answer = { status: number; body?: object; of?: Subject };

type ObjectTable = Exclude<keyof Tables, "deliveries" | "answers" | "tokens" | "clocks" | "certificates">;
export type ObjectOf<K extends ObjectTable> = Tables[K] extends Owned<infer T> ? T : never;

/** A copy of an object of the caller's book: an endpoint that throws half-way has changed nothing. Throws 404. */
export function mustHave<K extends ObjectTable>(call: Call, table: K, id = call.ids[0] ?? ""): ObjectOf<K> {
  const owned = call.books.get(table, id);
  if (owned?.book !== call.book.id) throw missing(id);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table says what it holds
  return structuredClone(owned.object) as ObjectOf<K>;
}

/** Writes an object into the caller's book. */
export function keep<K extends ObjectTable>(call: Call, table: K, object: ObjectOf<K> & { id: string }): void {
  const { id } = object;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same pair that ObjectOf takes apart
  call.books.put(table, id, { book: call.book.id, object } as unknown as Tables[K]);
}

/** All objects of the caller's book, oldest first. */
export function listOf<K extends ObjectTable>(call: Call, table: K): ObjectOf<K>[] {
  return (
    [...call.books.entries(table)]
      .filter(([, owned]) => owned.book === call.book.id)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table says what it holds
      .map(([, owned]) => owned.object as ObjectOf<K>)
  );
}

/** What an event is about. */
export type Told = { type: string; kind: string; version?: "2.0"; summary: string; resource: object };

/** Writes the event of a change and sends it to every webhook of the book that subscribes. The resource is copied: it tells of now. */
export function tell(call: Call, { type, kind, version, summary, resource }: Told): void {
  const event: SentEvent = {
    id: newId.event(),
    event_version: "1.0",
    create_time: new Date(nowOf(call.books, call.book.id)).toISOString(),
    resource_type: kind,
    ...(version === undefined ? {} : { resource_version: version }),
    event_type: type,
    summary,
    resource: structuredClone(resource),
  };
  call.books.put("events", event.id, { book: call.book.id, object: event });
  call.courier.bring(event, call.book.id);
}

/** The call of somebody outside of the API: the payer, a bank, a clock. */
export function outsideCall(means: Pick<Call, "books" | "courier" | "origin">, book: Book): Call {
  return {
    ...means,
    book,
    ids: [],
    query: new URLSearchParams(),
    body: new Body({}),
    text: "",
    requestId: null,
    wantsAll: true,
    mockCode: null,
    now: nowOf(means.books, book.id),
  };
}

export type Link = { href: string; rel: string; method: string };

export const link = (href: string, rel: string, method = "GET"): Link => ({ href, rel, method });

/** A number of the query, in range. Throws 400. */
export function queryNumber(call: Call, name: string, fallback: number, min: number, max: number): number {
  const text = call.query.get(name);
  if (text === null) return fallback;
  const number = Number(text);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw malformed("INVALID_PARAMETER_VALUE", "The number is out of range.", { field: name, value: text, location: "query" });
}

/** An instant of the query. Throws 400. */
export function queryInstant(call: Call, name: string): number | undefined {
  const text = call.query.get(name);
  if (text === null) return undefined;
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw malformed("INVALID_PARAMETER_SYNTAX", "The value is not an instant.", { field: name, value: text, location: "query" });
}

/** One page of a list, with what PayPal tells about all of it. */
export function pageOf<T>(call: Call, all: readonly T[], fallbackSize = 10, maxSize = 20) {
  const size = queryNumber(call, "page_size", fallbackSize, 1, maxSize);
  const page = queryNumber(call, "page", 1, 1, 100_000);
  return {
    items: all.slice((page - 1) * size, page * size),
    page,
    totals: { total_items: all.length, total_pages: Math.ceil(all.length / size) },
  };
}
