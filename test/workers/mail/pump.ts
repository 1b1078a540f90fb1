import { env } from "cloudflare:workers";
import type { Mail, MailResult } from "../../../worker-host/edge/routes.ts";
import { asHost } from "../events/host.ts";
import type { World } from "../world.ts";

/** One claim of the mail pump, waiting for nothing unless told to. */
export async function claim(
  ask: { results?: MailResult[]; limit?: number; wait_ms?: number; transport?: "smtp" | null; problem?: string | null } = {},
): Promise<Mail[]> {
  const body = { shard: "00", transport: "smtp", problem: null, results: [], limit: 50, wait_ms: 0, ...ask };
  const answer = await asHost("/internal/notices/claim", body);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body["mails"];
}

const SAID = { status: 250, detail: "2.0.0 OK", duration_ms: 12 };

export const accepted = { kind: "accepted" as const, ...SAID };
export const deferred = { kind: "deferred" as const, ...SAID, status: 451, detail: "4.7.1 later" };
export const unreached = { kind: "unreached" as const, ...SAID, status: null, detail: "connection refused" };
export const refused = (what: "recipient" | "mail") => ({
  kind: "refused" as const,
  what,
  ...SAID,
  status: 550,
  detail: "5.1.1 nobody",
});

export const result = ({ tenant_id, notice_id, attempt, message_ref }: Mail, outcome: MailResult["outcome"]): MailResult => ({
  tenant_id,
  notice_id,
  attempt,
  message_id: `<${message_ref}@mail.test>`,
  outcome,
});

/** Takes every notice that other tests left behind out of the queue. */
export const emptyMailQueue = () =>
  env.DB_00.prepare("update notices set state = 'sent', ended_at = 1, lease_until = null where state = 'pending'").run();

export const mailLeasesRunOut = () => env.DB_00.prepare("update notices set lease_until = 1 where lease_until is not null").run();

/** Lets the waiting time before the next attempt pass. */
export const allMailIsDue = () => env.DB_00.prepare("update notices set next_at = 1 where state = 'pending'").run();

let made = 0;

/** A customer of a world. */
export async function customer(w: World, body: Record<string, unknown> = {}, key = w.keys.secret) {
  const about = { name: "Ada Example", email: `ada${made++}@customer.example`, kind: "person", ...body };
  return created(await w.post("/v1/customers", about, { key }));
}

/** A template of a product of its own, from which licenses are made. */
export async function template(w: World, body: Record<string, unknown> = {}, key = w.keys.secret) {
  const product = created(await w.post("/v1/products", { name: "Acme Studio", code: `studio-${made++}` }, { key }));
  const terms = { name: "T", product_id: product["id"], type: "perpetual", model: "per_device", ...body };
  return created(await w.post("/v1/templates", terms, { key }));
}

/** A license of a customer, with its key. */
export async function license(
  w: World,
  about: { template_id: string; customer_id: string } & Record<string, unknown>,
  key = w.keys.secret,
) {
  return created(await w.post("/v1/licenses", about, { key }));
}

/** A world with a customer and a template. */
export async function stocked(w: World, body: { customer?: Record<string, unknown>; template?: Record<string, unknown> } = {}) {
  const [buyer, terms] = [await customer(w, body.customer), await template(w, body.template)];
  await emptyMailQueue(); // the welcome
  return { buyer, about: { template_id: terms.id, customer_id: buyer.id } };
}

/** What was made, as the wire shows it. */
type Made = { id: string } & Record<string, string>;

function created({ status, body, text }: { status: number; body: Record<string, unknown>; text: string }): Made {
  if (status >= 300) throw new Error(text);
  return body as Made;
}
