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
> & { type: string; data: { object: object; previous_attributes?: object } };

/** One event still to be brought to one endpoint. */
export type Delivery = { eventId: string; endpointId: string };

/** Everything the simulator remembers. */
export type Tables = {
  customers: Owned<Stripe.Customer | Stripe.DeletedCustomer>;
  /** `authenticated` holds the method with which the customer has passed, where the vendor's server has to confirm once more. */
  intents: Owned<Stripe.PaymentIntent> & { authenticated?: string };
  setups: Owned<Stripe.SetupIntent>;
  charges: Owned<Stripe.Charge>;
  refunds: Owned<Stripe.Refund>;
  disputes: Owned<Stripe.Dispute>;
  transactions: Owned<Stripe.BalanceTransaction>;
  methods: Owned<Stripe.PaymentMethod> & MethodState;
  endpoints: Owned<Stripe.WebhookEndpoint> & { secret: string };
  events: Owned<SentEvent>;
  deliveries: Delivery;
  answers: SavedAnswer;
  /** How far the time of an account is ahead, or under `EVERYBODY` that of all. */
  clock: { aheadMs: number };
};

/** What is known of a payment method beside its object: how its card behaves, whether it is set up for payments in the customer's absence, and whether it is spent (used or detached, and not to be used again). */
export type MethodState = { testMethod: string; setUp?: true; spent?: true };

export type Books = Journal<Tables>;

const MAX_ROWS = 20_000;
const EVERYBODY = "";

/** Opens the simulator's memory; the oldest 20,001st row of a kind is forgotten. */
export function openBooks(file?: string): Books {
  const caps = {
    customers: MAX_ROWS,
    intents: MAX_ROWS,
    setups: MAX_ROWS,
    disputes: MAX_ROWS,
    transactions: MAX_ROWS,
    charges: MAX_ROWS,
    refunds: MAX_ROWS,
    methods: MAX_ROWS,
    endpoints: 1000,
    events: MAX_ROWS,
    deliveries: MAX_ROWS,
    answers: MAX_ROWS,
    clock: 1000,
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

/** The time at an account's Stripe: the machine's, and further where a control call has moved it. */
export function nowMs(books: Books, bookId: string): number {
  const [account = ""] = bookId.split("/");
  return Date.now() + aheadMs(books, EVERYBODY) + (account === EVERYBODY ? 0 : aheadMs(books, account));
}

/** The same as Stripe writes instants: whole seconds. */
export function nowInSeconds(books: Books, bookId: string): number {
  return Math.floor(nowMs(books, bookId) / 1000);
}

/** Moves the time of one account forward, or of all. The stamp of a webhook, which receivers check against their own clock, does not move. */
export function advanceClock(books: Books, account: string | undefined, seconds: number): void {
  const whose = account ?? EVERYBODY;
  books.put("clock", whose, { aheadMs: aheadMs(books, whose) + seconds * 1000 });
}

const aheadMs = (books: Books, whose: string) => books.get("clock", whose)?.aheadMs ?? 0;

/** The machine's time in whole seconds. */
export function realSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
