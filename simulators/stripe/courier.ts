import { createHmac, randomInt } from "node:crypto";
import type Stripe from "stripe";
import { type Books, type SentEvent, realSeconds } from "./books.ts";
import type { Switches } from "./switches.ts";

/** Tries of one event at one endpoint. With the waits below this is more than ten minutes, so that a receiver may restart. */
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
  endpoint: string;
  url: string;
  attempt: number;
  outcome: "delivered" | "retrying" | "gave_up" | "dropped" | "forged";
  status: number | null;
  error: string | null;
};

/** Signs a webhook body as Stripe does, for the given second. */
export function stripeSignature(body: string, secret: string, timestamp: number): string {
  const hmac = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return `t=${timestamp},v1=${hmac}`;
}

/** The endpoints of a book that want an event of this type. */
export function subscribers(books: Books, bookId: string, type: string): Stripe.WebhookEndpoint[] {
  return [...books.entries("endpoints")]
    .map(([, owned]) => owned)
    .filter(({ book, object }) => book === bookId && object.status === "enabled")
    .map(({ object }) => object)
    .filter(({ enabled_events: wanted }) => wanted.includes("*") || wanted.includes(type));
}

/** Brings events to endpoints, each on its own and in no order that could be relied on. The switches are read at each step. */
export class Courier {
  readonly #books: Books;
  readonly #switches: () => Switches;
  readonly #log: LogEntry[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #held: string[] = [];
  readonly #stopping = new AbortController();
  #inFlight = 0;
  #made = 0;

  /** What an earlier run left undelivered is taken up again. */
  constructor(books: Books, switches: () => Switches) {
    this.#books = books;
    this.#switches = switches;
    for (const [deliveryId] of books.entries("deliveries")) this.#later(0, () => this.#try(deliveryId, 1));
  }

  /** Sends an event to every endpoint that subscribes, as the switches say. Returns at once. */
  bring(event: SentEvent, bookId: string): void {
    const active = this.#switches();
    for (const endpoint of subscribers(this.#books, bookId, event.type)) {
      if (active.drop > 0) {
        active.drop -= 1;
        this.#note({ ...subject(event, endpoint), attempt: 0, outcome: "dropped", status: null, error: null });
        continue;
      }
      for (let copy = 0; copy < active.duplicate; copy += 1) this.#send(this.#enqueue(event.id, endpoint.id));
    }
  }

  /** Sends one event once more, to one endpoint, whatever the switches say. */
  resend(eventId: string, endpointId: string): void {
    this.#try(this.#enqueue(eventId, endpointId), 1);
  }

  /** Sends a body that Stripe never sent, once, and waits for the answer. */
  async forge({ endpointId, url, body, signature }: Forgery): Promise<LogEntry> {
    const answered = await this.#post(url, body, signature);
    const at = new Date().toISOString();
    return this.#note({ at, event_id: "", type: "", endpoint: endpointId, url, attempt: 1, outcome: "forged", ...answered });
  }

  /** The event with the number of endpoints that have not taken it yet. */
  present(event: SentEvent): SentEvent {
    const pending = new Set<string>();
    for (const [, delivery] of this.#books.entries("deliveries")) {
      if (delivery.eventId === event.id) pending.add(delivery.endpointId);
    }
    return { ...event, pending_webhooks: pending.size };
  }

  /** What was tried, oldest first; the last 5,000. */
  log(): LogEntry[] {
    return [...this.#log];
  }

  close(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #enqueue(eventId: string, endpointId: string): string {
    this.#made += 1;
    const deliveryId = `${eventId}/${endpointId}/${Date.now()}-${this.#made}`;
    this.#books.put("deliveries", deliveryId, { eventId, endpointId });
    return deliveryId;
  }

  #send(deliveryId: string): void {
    const { shuffle, delayMs } = this.#switches();
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

  /** One try, and a later one if it fails. Event and endpoint are read anew: either may be gone. */
  async #attempt(deliveryId: string, count: number): Promise<void> {
    const delivery = this.#books.get("deliveries", deliveryId);
    const event = delivery && this.#books.get("events", delivery.eventId)?.object;
    const endpoint = delivery && this.#books.get("endpoints", delivery.endpointId);
    if (!event || !endpoint) return this.#books.remove("deliveries", deliveryId);

    // signed again on each try, as Stripe does, so that a late try is not stale
    const body = JSON.stringify(this.present(event), null, 2);
    const answered = await this.#post(endpoint.object.url, body, stripeSignature(body, endpoint.secret, realSeconds()));
    if (this.#stopping.signal.aborted) return; // stays in the books, and the next start brings it

    const { status } = answered;
    const delivered = status !== null && status >= 200 && status < 300;
    const outcome = delivered ? "delivered" : count < MAX_ATTEMPTS ? "retrying" : "gave_up";
    this.#note({ ...subject(event, endpoint.object), attempt: count, outcome, ...answered });
    if (outcome !== "retrying") return this.#books.remove("deliveries", deliveryId);
    this.#later(Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(count - 1, 10)), () => this.#try(deliveryId, count + 1));
  }

  async #post(url: string, body: string, signature: string): Promise<{ status: number | null; error: string | null }> {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json; charset=utf-8", "stripe-signature": signature, "user-agent": "Stripe/1.0" },
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

type Forgery = { endpointId: string; url: string; body: string; signature: string };

const subject = (event: SentEvent, endpoint: Stripe.WebhookEndpoint) => ({
  at: new Date().toISOString(),
  event_id: event.id,
  type: event.type,
  endpoint: endpoint.id,
  url: endpoint.url,
});
