import { randomBytes } from "node:crypto";
import type Stripe from "stripe";
import { type Journal, openJournal } from "../journal.ts";

/** One account in one mode. Nothing is shared between two of them; written `name/live` or `name/test`. */
export type Book = { account: string; livemode: boolean; id: string };

/** An object in the book that owns it. */
export type Owned<T> = { book: string; object: T };

/** What a caller received once for an idempotency key; `fingerprint` is the request it was for. */
export type SavedAnswer = { path: string; fingerprint: string; status: number; body: string; requestId: string; savedAt: number };

/** An event; `type` and the kind of object in `data` belong together. */
export type SentEvent = Pick<
  Stripe.Event,
  "id" | "object" | "api_version" | "created" | "livemode" | "pending_webhooks" | "request"
> & { type: string; data: { object: object } };

/** One event still to be brought to one endpoint. */
export type Delivery = { eventId: string; endpointId: string };

/** Everything the simulator remembers. */
export type Tables = {
  intents: Owned<Stripe.PaymentIntent>;
  charges: Owned<Stripe.Charge>;
  refunds: Owned<Stripe.Refund>;
  methods: Owned<Stripe.PaymentMethod> & { testMethod: string };
  endpoints: Owned<Stripe.WebhookEndpoint> & { secret: string };
  events: Owned<SentEvent>;
  deliveries: Delivery;
  answers: SavedAnswer;
};

export type Books = Journal<Tables>;

const MAX_ROWS = 20_000;

/** Opens the simulator's memory; the oldest 20,001st row of a kind is forgotten. */
export function openBooks(file?: string): Books {
  const caps = {
    intents: MAX_ROWS,
    charges: MAX_ROWS,
    refunds: MAX_ROWS,
    methods: MAX_ROWS,
    endpoints: 1000,
    events: MAX_ROWS,
    deliveries: MAX_ROWS,
    answers: MAX_ROWS,
  };
  return openJournal<Tables>(caps, file);
}

export function bookOf(account: string, livemode: boolean): Book {
  return { account, livemode, id: `${account}/${livemode ? "live" : "test"}` };
}

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `length` letters and digits, each equally likely. */
export function randomText(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) if (byte < 248 && text.length < length) text += LETTERS[byte % 62];
  }
  return text;
}

/** An id in Stripe's form, such as `pi_3…`. */
export function newId(prefix: string): string {
  return `${prefix}_${prefix === "pi" || prefix === "ch" || prefix === "re" ? "3" : "1"}${randomText(23)}`;
}

/** Stripe's instants: whole seconds. */
export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
