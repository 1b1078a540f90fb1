import { BadControl, ControlBody } from "../http.ts";
import { type Books, nowInSeconds, randomText, realSeconds } from "./books.ts";
import { type Courier, stripeSignature, subscribers } from "./courier.ts";
import { OUTSIDE } from "./outside.ts";
import { type Switches, normalSwitches } from "./switches.ts";

/** What control calls act on. `switches` is a holder, because `normal` replaces them all. */
export type Controlled = { books: Books; courier: Courier; switches: { now: Switches } };

const MAX_TIMES = 100_000;
const MAX_MS = 600_000;

/** Carries out one control call and answers what is active afterwards. Throws `BadControl`. */
export async function control(sim: Controlled, text: string): Promise<object> {
  const body = ControlBody.parse(text);
  const mode = body.mustString("mode");
  const result = isSwitch(mode) ? turn(sim, mode, body) : await act(sim, mode, body);
  return { mode, active: activeSwitches(sim.switches.now), ...(result === undefined ? {} : { result }) };
}

/** The switches as the wire tells them. */
export function activeSwitches(now: Switches): object {
  const { duplicate, delayMs, drop, shuffle, latencyMs, failures, timeouts } = now;
  return {
    duplicate,
    delay_ms: delayMs,
    drop,
    shuffle,
    latency_ms: latencyMs,
    fail: failures,
    timeout_after_success: timeouts,
  };
}

const SWITCHES = ["duplicate", "delay", "drop", "shuffle", "latency", "fail", "timeout_after_success", "normal"] as const;
const isSwitch = (mode: string): mode is (typeof SWITCHES)[number] => SWITCHES.some((name) => name === mode);

function turn(sim: Controlled, mode: (typeof SWITCHES)[number], body: ControlBody): undefined {
  const now = structuredClone(sim.switches.now);
  switch (mode) {
    case "duplicate":
      now.duplicate = body.integer("times", 1, 100) ?? 2;
      break;
    case "delay":
      now.delayMs = body.integer("ms", 0, MAX_MS) ?? 1000;
      break;
    case "drop":
      now.drop = body.integer("count", 0, MAX_TIMES) ?? 1;
      break;
    case "shuffle":
      now.shuffle = body.integer("window", 0, 10_000) ?? 10;
      break;
    case "latency":
      now.latencyMs = body.integer("ms", 0, MAX_MS) ?? 1000;
      break;
    case "fail":
      now.failures.push(failure(body));
      break;
    case "timeout_after_success":
      now.timeouts.push({ ...pathFault(body), ms: body.integer("ms", 0, MAX_MS) ?? 60_000 });
      break;
    case "normal":
      Object.assign(now, normalSwitches());
      break;
  }
  body.done();
  sim.switches.now = now;
}

function failure(body: ControlBody): Switches["failures"][number] {
  const status = body.integer("status", 400, 599) ?? 500;
  const afterEffect = body.boolean("after_effect") ?? false;
  // any other status is forgotten, so the same key would do it all again: that Stripe does not do
  if (afterEffect && status !== 500) throw new BadControl("after_effect needs status 500.");
  return { ...pathFault(body), status, afterEffect };
}

const pathFault = (body: ControlBody) => ({
  path: body.string("path") ?? "/v1/",
  times: body.integer("times", 1, MAX_TIMES) ?? 1,
  account: body.string("account") ?? null,
});

async function act(sim: Controlled, mode: string, body: ControlBody): Promise<object> {
  if (mode === "forge") return forge(sim, body);
  if (mode === "resend") return resend(sim, body);
  const happen = OUTSIDE[mode];
  if (happen && Object.hasOwn(OUTSIDE, mode)) return happen(sim, body);
  const modes = [...SWITCHES, "forge", "resend", ...Object.keys(OUTSIDE)];
  throw new BadControl(`mode must be one of ${modes.join(", ")}.`);
}

/**
 * Sends a webhook that Stripe never sent, and waits for the answers. The secret defaults to a wrong one, or with `age_s`
 * (seconds in the past, negative for the future) to the endpoint's own: then only the time is wrong.
 */
async function forge(sim: Controlled, body: ControlBody): Promise<object> {
  const payload = body.any("payload");
  const age = body.integer("age_s", -1_000_000_000, 1_000_000_000);
  const givenSecret = body.string("secret");
  const endpointId = body.string("endpoint");
  body.done();

  const targets = [...sim.books.entries("endpoints")]
    .map(([, owned]) => owned)
    .filter(({ object }) => (endpointId ?? object.id) === object.id);
  if (targets.length === 0)
    throw new BadControl(endpointId === undefined ? "There is no endpoint." : `There is no endpoint ${endpointId}.`);
  const sent = await Promise.all(
    targets.map(async ({ book, object, secret }) => {
      const text = typeof payload === "string" ? payload : JSON.stringify(payload ?? inventedEvent(sim.books, book), null, 2);
      const key = givenSecret ?? (age === undefined ? `whsec_${randomText(32)}` : secret);
      const signature = stripeSignature(text, key, realSeconds() - (age ?? 0));
      const entry = await sim.courier.forge({ endpointId: object.id, url: object.url, body: text, signature });
      return { endpoint: object.id, status: entry.status, error: entry.error, signature };
    }),
  );
  return { sent };
}

/** A believable lie: that the newest unpaid intent of the book has been paid. */
function inventedEvent(books: Books, bookId: string): object {
  const intents = [...books.entries("intents")].filter(
    ([, { book, object }]) => book === bookId && object.status !== "succeeded",
  );
  const intent = intents.at(-1)?.[1].object ?? {
    id: `pi_3${randomText(23)}`,
    object: "payment_intent",
    amount: 100,
    currency: "eur",
  };
  return {
    id: `evt_1${randomText(23)}`,
    object: "event",
    created: nowInSeconds(books, bookId),
    data: { object: { ...intent, status: "succeeded", amount_received: intent.amount } },
    livemode: bookId.endsWith("/live"),
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: "payment_intent.succeeded",
  };
}

function resend(sim: Controlled, body: ControlBody): object {
  const eventId = body.mustString("event_id");
  const endpointId = body.string("endpoint");
  body.done();
  const owned = sim.books.get("events", eventId);
  if (!owned) throw new BadControl(`There is no event ${eventId}.`);
  const targets = subscribers(sim.books, owned.book, owned.object.type).filter(({ id }) => (endpointId ?? id) === id);
  for (const { id } of targets) sim.courier.resend(eventId, id);
  return { event: eventId, endpoints: targets.map(({ id }) => id) };
}
