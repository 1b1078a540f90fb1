import { Stripe } from "stripe";
import type { IncomingEvent } from "#db/sales/provider-events";

/** How far a signature's time may lie from ours, in the past and in the future. */
const TOLERANCE_S = 300;

type Webhook = {
  body: Uint8Array;
  signature: string | null;
  secret: string;
  realNow: Date;
  /** Whose event it must be. */
  livemode: boolean;
  accountId: string | null;
};

/**
 * Reads a webhook of Stripe: undefined unless the signature fits the raw body and our time, and the event is of this mode and account.
 * What it says of the payment itself is not read: that is fetched.
 */
export async function readStripeEvent(webhook: Webhook): Promise<IncomingEvent | undefined> {
  const { body, signature, secret, realNow, livemode, accountId } = webhook;
  if (signature === null || !isStampNear(signature, realNow)) return undefined;
  const event = await Stripe.webhooks
    .constructEventAsync(body, signature, secret, TOLERANCE_S, Stripe.createSubtleCryptoProvider(), realNow.getTime())
    .catch(() => undefined); // whatever keeps it from being verified, it is not verified
  if (!isEvent(event) || event.livemode !== livemode) return undefined;
  if (event.account !== undefined && event.account !== accountId) return undefined;
  return { provider: "stripe", eventId: event.id, type: event.type, objectRef: intentIn(event) };
}

/** The library accepts signatures from the future; we refuse them like those from the past, and more than one time in one header. */
function isStampNear(signature: string, realNow: Date): boolean {
  const [stamp, ...others] = signature.split(",").filter((part) => part.startsWith("t="));
  const seconds = /^t=(\d{1,12})$/.exec(stamp ?? "")?.[1];
  if (seconds === undefined || others.length > 0) return false;
  return Math.abs(Math.floor(realNow.getTime() / 1000) - Number(seconds)) <= TOLERANCE_S;
}

type Event = { id: string; type: string; livemode: boolean; account?: unknown; data: { object: Record<string, unknown> } };

/** Whether signed content is an event at all, as far as we read it. */
function isEvent(content: unknown): content is Event {
  if (!isRecord(content) || content["object"] !== "event" || typeof content["livemode"] !== "boolean") return false;
  if (typeof content["id"] !== "string" || !/^evt_[A-Za-z0-9_]{1,200}$/.test(content["id"])) return false;
  if (typeof content["type"] !== "string" || !/^[a-z0-9_.]{1,100}$/.test(content["type"])) return false;
  return isRecord(content["data"]) && isRecord(content["data"]["object"]);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The intent that an event speaks of: itself, or that of the charge, refund or dispute. Null for everything else. */
function intentIn({ type, data: { object } }: Event): string | null {
  const isItself = /^(payment|setup)_intent\./.test(type);
  const about = isItself ? object["id"] : /^(charge|refund)\./.test(type) ? object["payment_intent"] : null;
  return typeof about === "string" && /^(pi|seti)_[A-Za-z0-9_]{1,200}$/.test(about) ? about : null;
}
