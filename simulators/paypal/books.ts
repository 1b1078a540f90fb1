import { randomBytes, randomUUID } from "node:crypto";
import { type Journal, openJournal } from "../journal.ts";
import type { Capture, Dispute, Order, Payout, Plan, Product, Refund, SetupToken, Subscription, VaultToken } from "./objects.ts";

/** One account in one mode. Nothing is shared between two of them; written `name/live` or `name/sandbox`. */
export type Book = { account: string; livemode: boolean; id: string };

/** An object in the book that owns it. */
export type Owned<T> = { book: string; object: T };

/** Where events of an app go. */
export type Webhook = { id: string; url: string; event_types: { name: string }[] };

/** What was told of a change. */
export type SentEvent = {
  id: string;
  event_version: "1.0";
  create_time: string;
  resource_type: string;
  resource_version?: "2.0";
  event_type: string;
  summary: string;
  resource: object;
};

/** One event still to be brought to one webhook. Its id and time stay the same on every try. */
export type Delivery = { eventId: string; webhookId: string; transmissionId: string; transmissionTime: string };

/** What a PayPal-Request-Id came to: `fingerprint` is the request it was for. */
export type SavedAnswer = { fingerprint: string; status: number; body: string; of: Subject | null; expiresAt: number };

/** The object that an answer was about: asked again, PayPal tells of it as it is by then. */
export type Subject = readonly [table: "orders" | "captures" | "refunds" | "subscriptions", id: string];

/** A key pair and the chain that vouches for it, both PEM. */
export type KeptCertificate = { privateKey: string; chain: string; root: string };

/** Everything the simulator remembers. */
export type Tables = {
  orders: Owned<Order>;
  captures: Owned<Capture>;
  refunds: Owned<Refund>;
  products: Owned<Product>;
  plans: Owned<Plan>;
  subscriptions: Owned<Subscription>;
  setupTokens: Owned<SetupToken>;
  vaultTokens: Owned<VaultToken>;
  payouts: Owned<Payout>;
  disputes: Owned<Dispute>;
  webhooks: Owned<Webhook>;
  events: Owned<SentEvent>;
  deliveries: Delivery;
  answers: SavedAnswer;
  tokens: { book: string; expiresAt: number };
  /** How many milliseconds the clock of a book (or of all, `*`) is ahead. */
  clocks: { aheadMs: number };
  certificates: KeptCertificate;
};

export type Books = Journal<Tables>;

const MAX_ROWS = 20_000;

/** Opens the simulator's memory; the oldest 20,001st row of a kind is forgotten. */
export function openBooks(file?: string): Books {
  const caps = {
    orders: MAX_ROWS,
    captures: MAX_ROWS,
    refunds: MAX_ROWS,
    products: MAX_ROWS,
    plans: MAX_ROWS,
    subscriptions: MAX_ROWS,
    setupTokens: MAX_ROWS,
    vaultTokens: MAX_ROWS,
    payouts: MAX_ROWS,
    disputes: MAX_ROWS,
    webhooks: 1000,
    events: MAX_ROWS,
    deliveries: MAX_ROWS,
    answers: MAX_ROWS,
    tokens: MAX_ROWS,
    clocks: MAX_ROWS,
    certificates: 10,
  };
  return openJournal<Tables>(caps, file);
}

export function bookOf(account: string, livemode: boolean): Book {
  return { account, livemode, id: `${account}/${livemode ? "live" : "sandbox"}` };
}

/** The book that an id names. */
export function bookById(id: string): Book {
  const [account = "", mode] = id.split("/");
  return bookOf(account, mode === "live");
}

/** Now, by the clock of a book. */
export function nowOf(books: Books, bookId: string): number {
  return Date.now() + (books.get("clocks", "*")?.aheadMs ?? 0) + (books.get("clocks", bookId)?.aheadMs ?? 0);
}

/** An instant as PayPal writes it: whole seconds, UTC. */
export const stamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** `length` capitals and digits, each equally likely. */
export function randomText(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) if (byte < 252 && text.length < length) text += LETTERS[byte % 36];
  }
  return text;
}

/** An id in PayPal's forms: 17 capitals and digits for money, prefixed ones for the rest. */
export const newId = {
  money: () => randomText(17),
  product: () => `PROD-${randomText(17)}`,
  plan: () => `P-${randomText(24)}`,
  subscription: () => `I-${randomText(12)}`,
  payer: () => randomText(13),
  token: () => randomUUID().replaceAll("-", "").slice(0, 17),
  dispute: () => `PP-R-${randomText(3)}-${randomText(9)}`,
  event: () => `WH-${randomText(17)}-${randomText(17)}`,
  transmission: () => randomUUID(),
};
