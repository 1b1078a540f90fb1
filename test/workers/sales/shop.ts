import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { hex, hmac } from "#kernel/crypto";
import { send, world, type Answer } from "../world.ts";

const utf8 = new TextEncoder();
let shops = 0;
const run = crypto.randomUUID().slice(0, 8);

/** An object as the wire shows it: ours in an event, or Stripe's own. */
type Shown = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects
type Event = { id: string; type: string; created: number; livemode: boolean; data: { object: Shown } };

export type Shop = Awaited<ReturnType<typeof shop>>;

/** A tenant with a customer, a template for 49.00 EUR and, unless it is told otherwise, an account of its own at the Stripe simulator. */
export async function shop({
  stripe = "calm",
  pricing = { currency: "EUR", unit_amount: 4900 },
}: { stripe?: "calm" | "faulty" | null; pricing?: object | null } = {}) {
  const w = await world();
  const made = async (answer: Promise<Answer>) => {
    const { status, body, text } = await answer;
    if (status !== 201 && status !== 200) throw new Error(`The shop could not be set up: ${text}`);
    return body;
  };
  const product = await made(w.post("/v1/products", { name: "Studio", code: "studio" }));
  const template = await made(
    w.post("/v1/templates", {
      name: "Studio, one year",
      product_id: product["id"],
      type: "subscription",
      model: "per_device",
      ...(pricing && { pricing }),
    }),
  );
  const customer = await made(w.post("/v1/customers", { name: "Ada", email: "ada@customer.example", kind: "person" }));
  const account = `shop${run}${shops++}`;
  const webhookSecret = `whsec_${crypto.randomUUID().replaceAll("-", "")}`;
  const origin = inject("stripe")[stripe ?? "calm"];
  if (stripe) {
    await made(
      w.put("/v1/payment_providers/stripe", {
        secret_key: `sk_live_${account}`,
        webhook_secret: webhookSecret,
        api_base: origin,
      }),
    );
  }
  const at = stripeAt(origin, `sk_live_${account}`);
  const line = { template_id: template["id"] as string, quantity: 1 };

  return {
    ...w,
    productId: product["id"] as string,
    templateId: template["id"] as string,
    customerId: customer["id"] as string,
    webhookSecret,
    origin,
    stripe: at,
    /** Places an order: one license unless told otherwise. */
    order: (more: object = {}, options: { idempotencyKey?: string } = {}) =>
      w.post("/v1/orders", { customer_id: customer["id"], items: [line], ...more }, options),
    read: async (id: string) => (await w.get(`/v1/orders/${id}`)).body,
    /** Brings every event that Stripe has about this shop to the edge, in the order given; answers the statuses. */
    bring: async (shuffle: (events: Event[]) => Event[] = (events) => events) => {
      const answers: Answer[] = [];
      for (const event of shuffle(await at.events())) answers.push(await hook(w.tenant.id, event, webhookSecret));
      return answers;
    },
    hook: (event: object, how: HookOptions = {}) => hook(w.tenant.id, event, webhookSecret, how),
    /** What was told of an order, or of anything of this type. */
    told: async (type: string, subjectId?: string) => {
      const { results } = await env.DB_00.prepare(
        "select type, subject_id, data, actor_type from events where tenant_id = ? and type = ? order by seq",
      )
        .bind(w.tenant.id, type)
        .all<{ type: string; subject_id: string; data: string; actor_type: string }>();
      return results
        .filter((event) => subjectId === undefined || event.subject_id === subjectId)
        .map((event) => ({
          ...event,
          data: JSON.parse(event.data) as { object: Shown; previous: Shown },
        }));
    },
  };
}

type HookOptions = { ageS?: number; secret?: string; header?: string | null; path?: string; body?: string };

async function hook(
  tenantId: string,
  event: object,
  webhookSecret: string,
  { ageS = 0, secret = webhookSecret, header, path, body }: HookOptions = {},
) {
  const text = body ?? JSON.stringify(event, null, 2);
  const t = Math.floor(Date.now() / 1000) - ageS;
  const signature = header === undefined ? `t=${t},v1=${hex(await hmac(utf8.encode(secret), `${t}.${text}`))}` : header;
  const headers = {
    "content-type": "application/json; charset=utf-8",
    ...(signature === null ? {} : { "stripe-signature": signature }),
  };
  return send("POST", path ?? `/hooks/stripe/${tenantId}`, text, { headers });
}

/** The simulator as the vendor, the buyer and the bank see it. */
function stripeAt(origin: string, secretKey: string) {
  const call = async (method: string, path: string, form: Record<string, string> = {}, key = secretKey) => {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(method === "POST" ? { body: new URLSearchParams(form) } : {}),
    });
    return response.json<Shown>();
  };
  const control = async (body: object) => {
    const response = await fetch(`${origin}/_control`, { method: "POST", body: JSON.stringify(body) });
    if (response.status !== 200) throw new Error(await response.text());
  };
  return {
    secretKey,
    call,
    control,
    /** Pays as Stripe.js does in the buyer's browser. */
    pay: (clientSecret: string, method = "pm_card_visa") =>
      call(
        "POST",
        `/v1/payment_intents/${clientSecret.split("_secret_")[0]}/confirm`,
        { client_secret: clientSecret, payment_method: method },
        secretKey.replace("sk_", "pk_"),
      ),
    /** Money arrives by other ways, perhaps another amount than asked for. */
    settle: (intent: string, amount?: number) =>
      control({ mode: "settle", payment_intent: intent, ...(amount === undefined ? {} : { amount_received: amount }) }),
    intents: async () => (await call("GET", "/v1/payment_intents?limit=100"))["data"] as Shown[],
    refunds: async () => (await call("GET", "/v1/refunds?limit=100"))["data"] as Shown[],
    /** Everything that happened, oldest first. */
    events: async () => ((await call("GET", "/v1/events?limit=100"))["data"] as Event[]).toReversed(),
  };
}

/** How many rows each table holds that a refused webhook could have written. */
export async function rowCounts(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ["events", "orders", "provider_events", "deliveries", "idempotency_keys"]) {
    counts[table] = (await env.DB_00.prepare(`select count(*) as n from ${table}`).first<number>("n")) ?? -1;
  }
  return counts;
}
