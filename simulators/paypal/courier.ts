import { randomInt } from "node:crypto";
import { type Books, type Delivery, type SentEvent, type Webhook, nowOf } from "./books.ts";
import type { Certificates } from "./certificates.ts";
import { type Flaw, headersOf, newTransmission } from "./signing.ts";
import type { Switches } from "./switches.ts";

/** Tries of one event at one webhook. PayPal makes 25 in three days; these come within ten minutes, so that a receiver may restart. */
export const MAX_ATTEMPTS = 330;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 2000;
const ATTEMPT_TIMEOUT_MS = 10_000;
const MAX_IN_FLIGHT = 32;
const MAX_LOG = 5000;
/** A shuffled delivery is not held for longer, even where the window never fills. */
const SHUFFLE_HOLD_MS = 300;
const SHUFFLE_GAP_MS = 10;

/** One try to deliver, or one delivery that was lost on purpose. */
export type LogEntry = {
  at: string;
  event_id: string;
  type: string;
  webhook: string;
  url: string;
  attempt: number;
  outcome: "delivered" | "retrying" | "gave_up" | "dropped" | "forged";
  status: number | null;
  error: string | null;
};

/** The webhooks of a book that want an event of this type. */
export function subscribers(books: Books, bookId: string, type: string): Webhook[] {
  return [...books.entries("webhooks")]
    .map(([, owned]) => owned)
    .filter(({ book, object }) => book === bookId && object.event_types.some(({ name }) => name === "*" || name === type))
    .map(({ object }) => object);
}

type Means = { books: Books; switches: () => Switches; certificates: () => Certificates; origin: () => string };

/** Brings events to webhooks, each on its own and in no order that could be relied on. The switches are read at each step. */
export class Courier {
  readonly #means: Means;
  readonly #log: LogEntry[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #held: string[] = [];
  readonly #stopping = new AbortController();
  #inFlight = 0;

  /** What an earlier run left undelivered is taken up again. */
  constructor(means: Means) {
    this.#means = means;
    for (const [deliveryId] of means.books.entries("deliveries")) this.#later(0, () => this.#try(deliveryId, 1));
  }

  /** Sends an event to every webhook that subscribes, as the switches say. Returns at once. */
  bring(event: SentEvent, bookId: string): void {
    const active = this.#means.switches();
    for (const webhook of subscribers(this.#means.books, bookId, event.event_type)) {
      if (active.drop > 0) {
        active.drop -= 1;
        this.#note({ ...subject(event, webhook), attempt: 0, outcome: "dropped", status: null, error: null });
        continue;
      }
      for (let copy = 0; copy < active.duplicate; copy += 1) this.#send(this.#enqueue(event.id, webhook.id, bookId));
    }
  }

  /** Sends one event once more, to one webhook, whatever the switches say. */
  resend(eventId: string, webhookId: string, bookId: string): void {
    this.#try(this.#enqueue(eventId, webhookId, bookId), 1);
  }

  /** A body with the headers that PayPal, or with a flaw somebody else, would send it under. */
  sign(body: string, webhookId: string, bookId: string, flaw?: Flaw): Record<string, string> {
    const transmission = newTransmission(nowOf(this.#means.books, bookId));
    const what = { body, webhookId, transmission, ...(flaw === undefined ? {} : { flaw }) };
    return headersOf(this.#means.certificates(), this.#means.origin(), what);
  }

  /** Sends a body that PayPal never sent, once, and waits for the answer. */
  async forge(webhook: Webhook, body: string, headers: Record<string, string>): Promise<LogEntry> {
    const answered = await this.#post(webhook.url, body, headers);
    const at = new Date().toISOString();
    const { id, url } = webhook;
    return this.#note({ at, event_id: "", type: "", webhook: id, url, attempt: 1, outcome: "forged", ...answered });
  }

  /** What was tried, oldest first; the last 5,000. */
  log(): LogEntry[] {
    return [...this.#log];
  }

  close(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #enqueue(eventId: string, webhookId: string, bookId: string): string {
    const { id, time } = newTransmission(nowOf(this.#means.books, bookId));
    this.#means.books.put("deliveries", id, { eventId, webhookId, transmissionId: id, transmissionTime: time });
    return id;
  }

  #send(deliveryId: string): void {
    const { shuffle, delayMs } = this.#means.switches();
    if (shuffle === 0) return this.#later(delayMs, () => this.#try(deliveryId, 1));
    this.#held.push(deliveryId);
    if (this.#held.length >= shuffle) return this.#later(delayMs, () => this.#release());
    if (this.#held.length === 1) this.#later(delayMs + SHUFFLE_HOLD_MS, () => this.#release());
  }

  #release(): void {
    const batch = this.#held.splice(0);
    while (batch.length > 0) {
      const [deliveryId] = batch.splice(randomInt(batch.length), 1);
      // a little apart, or the receiver would get them at once and order them itself
      if (deliveryId !== undefined) this.#later(batch.length * SHUFFLE_GAP_MS, () => this.#try(deliveryId, 1));
    }
  }

  #try(deliveryId: string, count: number): void {
    this.#waiting.push(() => this.#attempt(deliveryId, count));
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < MAX_IN_FLIGHT && !this.#stopping.signal.aborted) {
      const task = this.#waiting.shift();
      if (!task) return;
      this.#inFlight += 1;
      void task().finally(() => {
        this.#inFlight -= 1;
        this.#pump();
      });
    }
  }

  /** One try, and a later one if it fails. Event and webhook are read anew: either may be gone. */
  async #attempt(deliveryId: string, count: number): Promise<void> {
    const { books } = this.#means;
    const delivery = books.get("deliveries", deliveryId);
    const event = delivery && books.get("events", delivery.eventId)?.object;
    const webhook = delivery && books.get("webhooks", delivery.webhookId)?.object;
    if (!event || !webhook) return books.remove("deliveries", deliveryId);

    const body = bodyOf(this.#means.origin(), event);
    const answered = await this.#post(webhook.url, body, this.#headersOf(delivery, body));
    if (this.#stopping.signal.aborted) return; // stays in the books, and the next start brings it

    const { status } = answered;
    const delivered = status !== null && status >= 200 && status < 300;
    const outcome = delivered ? "delivered" : count < MAX_ATTEMPTS ? "retrying" : "gave_up";
    this.#note({ ...subject(event, webhook), attempt: count, outcome, ...answered });
    if (outcome !== "retrying") return books.remove("deliveries", deliveryId);
    this.#later(Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(count - 1, 10)), () => this.#try(deliveryId, count + 1));
  }

  #headersOf({ transmissionId, transmissionTime, webhookId }: Delivery, body: string): Record<string, string> {
    const transmission = { id: transmissionId, time: transmissionTime };
    return headersOf(this.#means.certificates(), this.#means.origin(), { body, webhookId, transmission });
  }

  async #post(
    url: string,
    body: string,
    headers: Record<string, string>,
  ): Promise<{ status: number | null; error: string | null }> {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": "PayPal/AUHD-214.0-0", ...headers },
        body,
        redirect: "manual",
        signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]),
      });
      await response.arrayBuffer();
      return { status: response.status, error: null };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { status: null, error: cause instanceof Error ? cause.message : String(cause) };
    }
  }

  #note(entry: LogEntry): LogEntry {
    this.#log.push(entry);
    if (this.#log.length > MAX_LOG) this.#log.shift();
    return entry;
  }

  #later(ms: number, step: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      step();
    }, ms);
    this.#timers.add(timer);
  }
}

/** An event as it travels and as it is fetched. */
export function presentEvent(origin: string, event: SentEvent): object {
  const self = `${origin}/v1/notifications/webhooks-events/${event.id}`;
  return {
    ...event,
    links: [
      { href: self, rel: "self", method: "GET" },
      { href: `${self}/resend`, rel: "resend", method: "POST" },
    ],
  };
}

const bodyOf = (origin: string, event: SentEvent) => JSON.stringify(presentEvent(origin, event));

const subject = (event: SentEvent, webhook: Webhook) => ({
  at: new Date().toISOString(),
  event_id: event.id,
  type: event.event_type,
  webhook: webhook.id,
  url: webhook.url,
});
