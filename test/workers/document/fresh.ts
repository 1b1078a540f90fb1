import { ID_PREFIXES, type Noun } from "#rules/ids";
import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { unsubscribeToken } from "../../../workers/mail/unsubscribing.ts";
import { asHost } from "../events/host.ts";
import { signedHeaders, webhookKey } from "../../../simulators/mailchannels/signing.ts";
import { operatorKey } from "../world.ts";
import { toldOf } from "../stories/told.ts";
import { jws, pair, pairFrom, receiptOf } from "../licensing/offline/air.ts";
import { daySum, opened, raised } from "../entitlements/told.ts";
import { ask, type Told } from "./ask.ts";

/** A tenant that takes part in the tests. `mark` stands in the name of everything that it makes. */
export type Player = {
  mark: string;
  tenantId: string;
  sandboxId: string;
  operator: string;
  secret: string;
  sandboxSecret: string;
  publishable: string;
};

/** An object just made, as the wire showed it, and what was told of it this once. */
export type Fresh = { id: string } & Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

type Maker = (player: Player) => Promise<Fresh>;

let made = 0;
const run = crypto.randomUUID().slice(0, 8);

/** A text that nothing else has. */
export const unique = () => `u${run}-${++made}`;

/** A tenant of its own. */
export async function player(): Promise<Player> {
  const operator = await operatorKey();
  const mark = `mark${crypto.randomUUID().replaceAll("-", "")}`;
  const tenant = await tenantOf(operator, mark);
  return {
    mark,
    tenantId: tenant.id,
    sandboxId: tenant["sandbox_id"],
    operator,
    secret: bornKey(tenant, "secret"),
    sandboxSecret: bornKey(tenant, "secret", false),
    publishable: bornKey(tenant, "publishable"),
  };
}

/** A key that a tenant was born with. */
function bornKey(tenant: Fresh, kind: "secret" | "publishable", livemode = true): string {
  return tenant["api_keys"].find((key: Fresh) => key["kind"] === kind && key["livemode"] === livemode).secret;
}

function tenantOf(operator: string, mark: string): Promise<Fresh> {
  const body = { name: `Tenant ${mark}`, slug: unique(), owner_email: `${mark}@owner.example` };
  return expected(ask({ method: "POST", path: "/v1/tenants", key: operator, body }), "POST /v1/tenants");
}

/** Asks as the player does, and throws what is wrong when the answer is no good. */
export function does(player: Player, method: string, path: string, body?: unknown): Promise<Fresh> {
  return expected(ask({ method, path, key: player.secret, body }), `${method} ${path}`);
}

async function expected(asked: Promise<Told>, what: string): Promise<Fresh> {
  const { status, body, text } = await asked;
  if (status < 200 || status > 299) throw new Error(`Could not make something fresh: ${what} answered ${status} ${text}`);
  return body as Fresh;
}

const stocks = new WeakMap<Player, Map<Noun, Promise<Fresh>>>();

/** An object that others are made with, and that no test uses up. */
function stock(player: Player, noun: Noun): Promise<Fresh> {
  const held = stocks.get(player) ?? new Map<Noun, Promise<Fresh>>();
  stocks.set(player, held);
  const known = held.get(noun) ?? make(player, noun);
  held.set(noun, known);
  return known;
}

/** What every object of a tenant takes: a name of the tenant's own for it, and its notes. */
const own = ({ mark }: Player) => ({ external_id: unique(), metadata: { mark } });

/** How to make a fresh object of each kind. A new kind of object is a line here, and every operation that names one is covered. */
const MAKERS: Partial<Record<Noun, Maker>> = {
  tenant: ({ operator, mark }) => tenantOf(operator, mark),
  api_key: (p) => does(p, "POST", "/v1/api_keys", { ...own(p), name: p.mark, kind: "secret", scopes: ["products:read"] }),
  product: (p) => does(p, "POST", "/v1/products", { ...own(p), name: p.mark, code: unique() }),
  feature: (p) => does(p, "POST", "/v1/features", { ...own(p), name: p.mark, code: unique() }),
  template: async (p) => {
    const { id } = await stock(p, "product");
    return does(p, "POST", "/v1/templates", {
      ...own(p),
      name: p.mark,
      product_id: id,
      type: "subscription",
      model: "per_device",
      max_activations: 3,
      heartbeat: { required: false, interval_s: 600 },
      pricing: { currency: "EUR", unit_amount: 4900 },
    });
  },
  customer: (p) =>
    does(p, "POST", "/v1/customers", {
      ...own(p),
      name: p.mark,
      email: `${unique()}@${p.mark.slice(0, 20)}.example`,
      kind: "organization",
    }),
  plan: (p) => does(p, "POST", "/v1/plans", { ...own(p), name: p.mark, code: unique() }),
  coupon: (p) => does(p, "POST", "/v1/coupons", { ...own(p), name: p.mark, percent: "20" }),
  price: async (p) => {
    const { id } = await stock(p, "plan");
    const terms = { currency: "EUR", unit_amount: 1900, interval: "month", nickname: p.mark };
    return does(p, "POST", "/v1/prices", { ...own(p), plan_id: id, ...terms });
  },
  // the one it was born with sells whatever names no seller, so that another one can be archived
  legal_entity: (p) =>
    does(p, "POST", "/v1/legal_entities", {
      ...own(p),
      name: p.mark,
      invoice_prefix: `${unique().slice(-12)}-I-`,
      credit_note_prefix: `${unique().slice(-12)}-C-`,
    }),
  tax_rate: (p) =>
    does(p, "POST", "/v1/tax_rates", { ...own(p), name: p.mark, country: "DE", percent: "7", tax_category: unique() }),
  invoice: async (p) => {
    const [customer, product] = [await stock(p, "customer"), await stock(p, "product")];
    const lines = [{ description: p.mark, quantity: 2, unit_amount: 5000, product_id: product.id }];
    return does(p, "POST", "/v1/invoices", { ...own(p), customer_id: customer.id, lines });
  },
  credit_note: async (p) => {
    const invoice = await openInvoice(p);
    return does(p, "POST", "/v1/credit_notes", { ...own(p), invoice_id: invoice.id, notes: p.mark });
  },
  credit: async (p) => {
    const customer = await stock(p, "customer");
    return does(p, "POST", `/v1/customers/${customer.id}/credits`, { ...own(p), amount: 100, reason: p.mark });
  },
  payment: async (p) => {
    await atStripe(p);
    const { id } = await openInvoice(p);
    return does(p, "POST", "/v1/payments", { ...own(p), invoice_id: id });
  },
  payment_method: async (p) => {
    await atStripe(p);
    const customer = await stock(p, "customer");
    return does(p, "POST", "/v1/payment_methods", { ...own(p), customer_id: customer.id });
  },
  license: async (p) => {
    const [template, customer] = [await stock(p, "template"), await stock(p, "customer")];
    return does(p, "POST", "/v1/licenses", { ...own(p), template_id: template.id, customer_id: customer.id, issued_to: p.mark });
  },
  activation: async (p) => {
    const { license_key } = await make(p, "license");
    return does(p, "POST", "/v1/activations", { ...own(p), license_key, fingerprint: unique(), name: p.mark });
  },
  license_transfer: async (p) => {
    const [license, customer] = [await make(p, "license"), await make(p, "customer")];
    const offer = { ...own(p), customer_id: customer.id, accept: "required", reason: p.mark };
    return does(p, "POST", `/v1/licenses/${license.id}/transfer`, offer);
  },
  blacklist_entry: (p) => does(p, "POST", "/v1/devices/blacklist", { ...own(p), fingerprint: unique(), reason: p.mark }),
  security_report: async (p) => {
    const { id } = await make(p, "license");
    return does(p, "POST", "/v1/security_reports", { ...own(p), kind: "other", license_id: id, description: p.mark });
  },
  integrity_check: async (p) => {
    const { license_key } = await manifested(p);
    return does(p, "POST", "/v1/integrity_checks", { license_key, ...CHECKED, fingerprint: unique() });
  },
  emergency_code: async (p) => {
    const { id } = await make(p, "license");
    return does(p, "POST", "/v1/emergency_codes", { license_id: id, reason: p.mark });
  },
  reservation: async (p) => {
    const [{ license_key }, feature] = [await quotaOf(p), await stock(p, "feature")];
    return does(p, "POST", "/v1/entitlements/reserve", { license_key, items: [{ feature: feature.id, units: 20 }], ttl_s: 3600 });
  },
  order: (p) => orderOf(p, { fulfillment_method: "auto" }),
  operation: async (p) => {
    const { id } = await make(p, "license");
    return does(p, "POST", "/v1/licenses/bulk", { action: "suspend", filter: { ids: [id] }, reason: p.mark });
  },
  event: async (p) => {
    await make(p, "product");
    return newest(p, "/v1/events");
  },
  test_clock: async (p) => {
    await noClock(p);
    return does(asSandbox(p), "POST", "/v1/test_clocks", own(p));
  },
  lifecycle_run: async ({ operator }) => {
    await noSweep();
    return expected(ask({ method: "POST", path: "/v1/lifecycle/run", key: operator }), "POST /v1/lifecycle/run");
  },
  // one that takes every command
  story: (p) => toldOf(p.tenantId, { summary: p.mark }),
  webhook_endpoint: (p) =>
    does(p, "POST", "/v1/webhook_endpoints", { ...own(p), url: `https://hooks.example/${p.mark}`, events: ["product.*"] }),
  notice: async (p) => {
    const { id } = await make(p, "license");
    return newest(p, "/v1/notices", `&subject_id=${id}`);
  },
  delivery: async (p) => {
    const { id } = await stock(p, "webhook_endpoint");
    await make(p, "product");
    return newest(p, `/v1/webhook_endpoints/${id}/deliveries`);
  },
};

/** The version that examples name, and the one file of it. */
const CHECKED = { app_version: "2.4.0", files: [{ path: "bin/studio.exe", sha256: "a".repeat(64) }] };

/** A license of a product whose newest version has a manifest. */
async function manifested(p: Player): Promise<Fresh> {
  const product = await versioned(p);
  const made = { name: p.mark, product_id: product.id, type: "perpetual", model: "per_device", max_activations: 3 };
  const template = await does(p, "POST", "/v1/templates", { ...own(p), ...made });
  const customer = await stock(p, "customer");
  return does(p, "POST", "/v1/licenses", { ...own(p), template_id: template.id, customer_id: customer.id });
}

/** A license for named users, with the user of the examples among them. */
async function namedFor(p: Player): Promise<Fresh> {
  const [product, customer] = [await stock(p, "product"), await stock(p, "customer")];
  const made = { name: p.mark, product_id: product.id, type: "named_user", model: "per_seat", max_users: 2 };
  const template = await does(p, "POST", "/v1/templates", { ...own(p), ...made });
  const license = await does(p, "POST", "/v1/licenses", { ...own(p), template_id: template.id, customer_id: customer.id });
  const activation = { license_key: license["license_key"], fingerprint: unique(), user: "ada@customer.example" };
  await does(p, "POST", "/v1/activations", activation);
  return license;
}

/** A license whose use of a feature is counted, and of which no mark is ever reached that would be told behind the answer. */
async function countedOf(p: Player): Promise<Fresh> {
  const [template, customer] = [await stock(p, "template"), await stock(p, "customer")];
  const entitlements = [{ feature: (await stock(p, "feature")).id }];
  return does(p, "POST", "/v1/licenses", { ...own(p), template_id: template.id, customer_id: customer.id, entitlements });
}

/** A license with a quota of the feature that operations on quotas name. */
async function quotaOf(p: Player): Promise<Fresh> {
  const [template, customer] = [await stock(p, "template"), await stock(p, "customer")];
  const entitlements = [{ feature: (await stock(p, "feature")).id, limit_value: 500, reset: "month" }];
  return does(p, "POST", "/v1/licenses", { ...own(p), template_id: template.id, customer_id: customer.id, entitlements });
}

/** The feature of that quota. */
const quotaFeature: Maker = (p) => stock(p, "feature");

/** A product with a version that has a manifest. */
async function versioned(p: Player): Promise<Fresh> {
  const product = await make(p, "product");
  const { app_version: version, files } = CHECKED;
  await does(p, "POST", `/v1/products/${product.id}/versions`, { version, released_at: new Date().toISOString() });
  await does(p, "PUT", `/v1/products/${product.id}/versions/${version}/manifest`, { files });
  return product;
}

const PROVIDER = { secret_key: "sk_live_tests", webhook_secret: "whsec_dGVzdHNlY3JldA" };

/** Whether an operation is one of sandboxes alone: it is called with the sandbox's key, and its objects are the sandbox's. */
export const isOfSandboxes = (operationId: string) => operationId.startsWith("test_clocks.");

/** The player as his sandbox. */
export const asSandbox = (p: Player): Player => ({ ...p, secret: p.sandboxSecret, sandboxSecret: p.secret });

/** A sandbox has one clock: this takes it away. */
async function noClock(p: Player): Promise<void> {
  for (const { id } of (await does(asSandbox(p), "GET", "/v1/test_clocks"))["data"] as Fresh[]) {
    await ask({ method: "DELETE", path: `/v1/test_clocks/${id}`, key: p.sandboxSecret });
  }
}

/** The player takes money through Stripe. */
const atStripe = (p: Player) =>
  does(p, "PUT", "/v1/payment_providers/stripe", {
    ...PROVIDER,
    secret_key: `sk_live_${p.mark}`,
    api_base: inject("stripe").calm,
  });

/** A method that its customer has saved. */
async function savedMethod(p: Player): Promise<Fresh> {
  const made = await make(p, "payment_method");
  const secret: string = made["client_secret"];
  const form = { client_secret: secret, payment_method: "pm_card_visa", key: `pk_live_${p.mark}` };
  const path = `/v1/setup_intents/${secret.split("_secret_")[0]}/confirm`;
  const answer = await fetch(`${inject("stripe").calm}${path}`, { method: "POST", body: new URLSearchParams(form) });
  if (answer.status !== 200) throw new Error(await answer.text());
  return does(p, "POST", `/v1/payment_methods/${made.id}/confirm`);
}

/** A shard has one sweep at a time: this ends it. */
async function noSweep(): Promise<void> {
  await env.DB_00.prepare("update lifecycle_runs set state = 'done', ended_at = created_at where ended_at is null").run();
}

/** Operations that want their object in a state of its own. */
const STATES: Record<string, Partial<Record<Noun, Maker>>> = {
  "product_versions.list": {
    product: async (p) => {
      const product = await make(p, "product");
      await does(p, "POST", `/v1/products/${product.id}/versions`, { version: "1.0.0", released_at: new Date().toISOString() });
      return product;
    },
  },
  "credit_notes.create": { invoice: openInvoice },
  "credit_notes.preview": { invoice: openInvoice },
  "credits.list": {
    customer: async (p) => {
      const customer = await make(p, "customer");
      await does(p, "POST", `/v1/customers/${customer.id}/credits`, { amount: 100, reason: p.mark });
      return customer;
    },
  },
  "payment_methods.update": { payment_method: savedMethod },
  "payments.create": { invoice: openInvoice, payment_method: savedMethod },
  "invoices.pay": { invoice: openInvoice },
  "invoices.void": { invoice: openInvoice },
  "invoices.mark_uncollectible": { invoice: openInvoice },
  "product_versions.put_manifest": { product: versioned },
  "product_versions.get_manifest": { product: versioned },
  "activations.offline_request": { license: offlineLicense },
  "cache.warm": { tenant: itself },
  "cache.invalidate": { tenant: itself },
  "usage.track": { license: countedOf, feature: (p) => stock(p, "feature") },
  "entitlements.check": { license: quotaOf, feature: quotaFeature },
  "entitlements.consume": { license: quotaOf, feature: quotaFeature },
  "entitlements.reserve": { license: quotaOf, feature: quotaFeature },
  "entitlements.commit": { feature: quotaFeature },
  "integrity_checks.create": {
    license: manifested,
    activation: async (p) => {
      const { license_key } = await manifested(p);
      return does(p, "POST", "/v1/activations", { ...own(p), license_key, fingerprint: unique() });
    },
  },
  "licenses.reinstate": {
    license: async (p) => {
      const license = await make(p, "license");
      await does(p, "POST", `/v1/licenses/${license.id}/suspend`, { reason: p.mark });
      return license;
    },
  },
  "operations.results": {
    operation: async (p) => {
      const operation = await make(p, "operation");
      await asHost("/internal/operations/step", { tenant_id: p.tenantId, operation_id: operation.id });
      return operation;
    },
  },
  "licenses.users": { license: namedFor },
  "licenses.reassign_user": { license: namedFor },
  "licenses.convert": {
    license: async (p) => {
      const product = await stock(p, "product");
      const trial = { ...own(p), name: p.mark, product_id: product.id, type: "trial", model: "per_device", duration: "P14D" };
      const [template, customer] = [await does(p, "POST", "/v1/templates", trial), await make(p, "customer")];
      return does(p, "POST", "/v1/licenses", { ...own(p), template_id: template.id, customer_id: customer.id });
    },
  },
  "orders.fulfill": {
    order: async (p) => {
      const order = await orderOf(p, { fulfillment_method: "manual" });
      await does(p, "POST", `/v1/orders/${order.id}/approve`);
      return order;
    },
  },
  "hooks.stripe": {
    tenant: async (p) => {
      const tenant = await make(p, "tenant");
      await does({ ...p, secret: bornKey(tenant, "secret") }, "PUT", "/v1/payment_providers/stripe", PROVIDER);
      return tenant;
    },
  },
  "webhook_endpoints.deliveries": {
    webhook_endpoint: async (p) => {
      const endpoint = await make(p, "webhook_endpoint");
      await make(p, "product");
      return endpoint;
    },
  },
};

/** Headers beside the body, for operations that are called by others than those who hold a key of ours. */
const HEADERS: Record<string, (body: unknown) => Promise<Record<string, string>>> = {
  "hooks.stripe": async (body) => {
    const at = Math.floor(Date.now() / 1000);
    const secret = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(PROVIDER.webhook_secret), secret, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${at}.${JSON.stringify(body)}`));
    const hex = [...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { "content-type": "application/json; charset=utf-8", "stripe-signature": `t=${at},v1=${hex}` };
  },
  "hooks.mailchannels": async (body) => {
    const key = await webhookKey("mckey", new Uint8Array(32).fill(4));
    return signedHeaders(JSON.stringify(body), key, Math.floor(Date.now() / 1000));
  },
};

/** The headers that a call needs beside its key. */
export const headersOf = async (operationId: string, body: unknown): Promise<Record<string, string>> =>
  (await HEADERS[operationId]?.(body)) ?? {};

/** What a tenant must have before an operation that names no object: lists show it, settings of one's own are read back. */
const BEFORE: Record<string, (player: Player) => Promise<unknown>> = {
  "payment_providers.get": (p) => does(p, "PUT", "/v1/payment_providers/stripe", PROVIDER),
  "licenses.expiring": async (p) => {
    const [template, customer] = [await stock(p, "template"), await stock(p, "customer")];
    const expires_at = new Date(Date.now() + 10 * 24 * 3600 * 1000).toISOString();
    await does(p, "POST", "/v1/licenses", { ...own(p), template_id: template.id, customer_id: customer.id, expires_at });
  },
  "lifecycle.run": noSweep,
  "offline_keyset.draft": heldRoots,
  "offline_roots.put": (p) => does(p, "GET", "/v1/offline/roots"),
  "offline_roots.promote": (p) => does(p, "PUT", "/v1/offline/roots", { custody: "platform" }),
  "offline_roots.get": (p) => does(p, "PUT", "/v1/offline/roots", { custody: "platform" }),
  "signing_keys.rotate": (p) => does(p, "PUT", "/v1/offline/roots", { custody: "platform" }),
  "signing_keys.revoke": (p) => does(p, "PUT", "/v1/offline/roots", { custody: "platform" }),
  "offline_keyset.get": (p) => does(p, "PUT", "/v1/offline/roots", { custody: "platform" }),
  "status_lists.get": (p) => does(p, "PUT", "/v1/offline/roots", { custody: "platform" }),
  "activations.offline_activate": (p) => does(p, "PUT", "/v1/offline/roots", { custody: "platform" }),
  "activations.offline_deactivate": (p) => does(p, "PUT", "/v1/offline/roots", { custody: "platform" }),
  "test_clocks.create": noClock,
  "blacklist_entries.list": (p) => make(p, "blacklist_entry"),
  "usage.history": usedToday,
  "usage.report": usedToday,
  "usage.alerts": async (p) => {
    const [license, feature] = [await make(p, "license"), await stock(p, "feature")];
    await raised(p.tenantId, license.id, { featureId: feature.id, feature: feature["code"] });
  },
  "orders.create": (p) => does(p, "PUT", "/v1/payment_providers/stripe", { ...PROVIDER, api_base: inject("stripe").calm }),
  "payment_methods.create": atStripe,
};

/** The player's own tenant, for calls that name something of a tenant beside it. */
function itself({ tenantId }: Player): Promise<Fresh> {
  return Promise.resolve({ id: tenantId });
}

const RIGHTS = [{ feature: "export" }, { feature: "fea_00…", limit_value: 5 }];

/** Bodies beside the schema's own example, for fields that cannot stand in it together or would make it a long read. */
export const FURTHER_BODIES: Record<string, unknown[]> = {
  "cache.warm": [{ tenant_id: "ten_00…", license_ids: ["lic_00…"] }],
  "cache.invalidate": [
    { tenant_id: "ten_00…", product_id: "prod_00…" },
    { tenant_id: "ten_00…", all: true },
  ],
  "hooks.stripe": [{ object: "event", id: "evt_tests", type: "product.created", livemode: true, data: { object: {} } }],
  "api_keys.create": [{ name: "App", kind: "publishable", product_ids: ["prod_00…"] }],
  "plans.update": [{ product_id: "prod_00…", template_id: "tpl_00…" }],
  "products.update": [{ default_entitlements: RIGHTS }],
  "templates.update": [{ entitlements: RIGHTS }],
  "templates.preview": [{ entitlements: RIGHTS }, { rev: 1 }],
  "templates.duplicate": [{ product_id: "prod_00…" }],
  "licenses.create": [
    { template_id: "tpl_00…", customer_id: "cus_00…1", reseller_id: "cus_00…2", entitlements: RIGHTS },
    { template_id: "tpl_00…", customer_id: "cus_00…", license_key: "imported" },
  ],
  "licenses.transfer": [{ customer_id: "cus_00…", accept: "required", expires_in: "P7D" }],
  "licenses.update": [{ reseller_id: "cus_00…", entitlements: RIGHTS }],
  "licenses.bulk": [
    { action: "revoke", filter: { ids: ["lic_00…1", "lic_00…2"], external_ids: ["crm-4711"] }, reason: "Fraud" },
    { action: "reinstate", filter: { product_id: "prod_00…", template_id: "tpl_00…" }, cause: "compliance" },
    { action: "cancel", filter: { expires_before: "2026-01-01T00:00:00.000Z" }, dry_run: true },
  ],
  "templates.migrate": [{}, { dry_run: true }],
  "licenses.validate": [{ license_key: "a key", product: "acme-studio", features: ["export", "print"] }],
  "activations.create": [
    {
      license_key: "a key",
      fingerprint: "a device",
      user: "ada@customer.example",
      cores: 8,
      components: [{ kind: "mainboard", hash: "sn-4711" }],
      device_public_key: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
      kick: "oldest",
    },
  ],
  "activations.deactivate": [{ activation_token: "a token" }, { accept_overlap: true }],
  "blacklist_entries.create": [
    { component: { kind: "mainboard", hash: "sn-4711" }, reason: "stolen" },
    { ip_range: "203.0.113.0/24", reason: "abuse" },
  ],
  "security_reports.create": [
    { kind: "tampering", license_key: "a key", fingerprint: "a device" },
    { kind: "other", license_id: "lic_00…", external_id: "case", metadata: { desk: "fraud" } },
  ],
  "integrity_checks.create": [{ activation_token: "a token", ...CHECKED }],
  "signing_keys.rotate": [{ product_ids: ["prod_00…"] }],
  "orders.create": [
    {
      customer_id: "cus_00…1",
      reseller_id: "cus_00…2",
      provider: "manual",
      items: [{ template_id: "tpl_00…1", entitlements: RIGHTS }, { template_id: "tpl_00…2" }],
    },
    { customer_id: "cus_00…", provider: "stripe", items: [{ template_id: "tpl_00…" }] },
  ],
};

/** What stands in a request and can be in no example: texts that somebody signed, and names that are made by chance. */
const FILLED: Record<string, (player: Player) => Promise<{ path?: Record<string, string>; body?: unknown }>> = {
  "signing_keys.revoke": async (p) => ({ path: { kid: (await does(p, "POST", "/v1/offline/keys/rotate", {}))["kid"] } }),
  "offline_keyset.put": async (p) => ({ body: { keyset: await signedKeyset(p) } }),
  "activations.offline_activate": async (p) => ({
    body: { request: (await offlineRequest(p, await offlineLicense(p)))["request"] },
  }),
  "activations.offline_deactivate": async (p) => ({ body: { receipt: await offlineReceipt(p) } }),
  "unsubscribe.show": unsubscribeLink,
  "unsubscribe.confirm": unsubscribeLink,
  "emergency_codes.redeem": async (p) => ({ body: { code: (await make(p, "emergency_code"))["code"], fingerprint: unique() } }),
};

/** Puts into a request what no example can hold. */
export const filledFor = async (operationId: string, player: Player) => FILLED[operationId]?.(player);

/** A license of which something was used today, as its meter tells. */
async function usedToday(p: Player): Promise<void> {
  const [license, feature] = [await make(p, "license"), await make(p, "feature")];
  const sum = daySum({ featureId: feature.id, feature: feature["code"], onDay: new Date().toISOString().slice(0, 10), used: 1 });
  await (await opened(p.tenantId)).repo.usageDays.write(license.id, [sum]);
}

/** The link in a mail to a customer of the player. */
async function unsubscribeLink(p: Player) {
  const { id } = await make(p, "customer");
  return { path: { token: await unsubscribeToken(env, { tenantId: p.tenantId, recipientId: id, kind: "trial_started" }) } };
}

/** A license that may be used without a connection. */
async function offlineLicense(p: Player): Promise<Fresh> {
  const [product, customer] = [await stock(p, "product"), await stock(p, "customer")];
  const terms = { type: "perpetual", model: "per_device", max_activations: 3, offline: { allowed: true } };
  const template = await does(p, "POST", "/v1/templates", { ...own(p), name: p.mark, product_id: product.id, ...terms });
  return does(p, "POST", "/v1/licenses", { ...own(p), template_id: template.id, customer_id: customer.id });
}

/** The request of a device for it, and the device's key. */
const offlineRequest = (p: Player, { license_key }: Fresh) =>
  does(p, "POST", "/v1/activations/offline_request", { license_key, fingerprint: unique() });

/** The receipt of a device that has a file. */
async function offlineReceipt(p: Player): Promise<string> {
  const { request, device_key } = await offlineRequest(p, await offlineLicense(p));
  const { license_file } = await does(p, "POST", "/v1/activations/offline_activate", { request });
  return receiptOf(await pairFrom(device_key), license_file);
}

/** The next keyset of a player who holds the roots. */
async function signedKeyset(p: Player): Promise<string> {
  const current = await heldRoots(p);
  return jws("keyset", current, (await does(p, "GET", "/v1/offline/keyset/draft"))["claims"]);
}

/** Roots of the player's own; the private half of the current one. */
async function heldRoots(p: Player) {
  const [current, next] = [await pair(), await pair()];
  await does(p, "PUT", "/v1/offline/roots", { custody: "tenant", current: { x: current.x }, next: { x: next.x } });
  return current;
}

/** A fresh object, in the state that the operation wants it in. Throws, with what to do, for a kind that is not known. */
export async function make(player: Player, noun: Noun, operationId?: string): Promise<Fresh> {
  const maker = STATES[operationId ?? ""]?.[noun] ?? MAKERS[noun];
  if (!maker)
    throw new Error(
      `No test knows how to make a fresh ${noun}${operationId ? `, which ${operationId} names` : ""}: teach it in MAKERS of fresh.ts.`,
    );
  return maker(player);
}

/** Brings a tenant to where an operation that names nothing has something to answer. */
export async function prepare(player: Player, operationId: string): Promise<void> {
  const [noun, verb] = operationId.split(".") as [string, string];
  const singular = noun.replace(/ies$/, "y").replace(/s$/, "");
  if (BEFORE[operationId]) await BEFORE[operationId](player);
  else if (verb === "list" && singular in MAKERS) await make(player, singular as Noun);
}

/** The kind of object that an id's prefix tells. */
export function nounOf(id: string): Noun | undefined {
  const prefix = /^([a-z]{2,5})_/.exec(id)?.[1];
  return (Object.keys(ID_PREFIXES) as Noun[]).find((noun) => ID_PREFIXES[noun] === prefix);
}

async function orderOf(p: Player, more: Record<string, unknown>): Promise<Fresh> {
  const [template, customer] = [await stock(p, "template"), await stock(p, "customer")];
  const items = [{ template_id: template.id, quantity: 1 }];
  return does(p, "POST", "/v1/orders", { ...own(p), customer_id: customer.id, items, provider: "manual", ...more });
}

async function openInvoice(p: Player): Promise<Fresh> {
  const { id } = await make(p, "invoice");
  return does(p, "POST", `/v1/invoices/${id}/finalize`);
}

async function newest(p: Player, path: string, filter = ""): Promise<Fresh> {
  const [first] = (await does(p, "GET", `${path}?limit=1${filter}`))["data"] as Fresh[];
  if (!first) throw new Error(`Could not make something fresh: ${path} lists nothing`);
  return first;
}
