import { type Api, apiAt } from "./api.ts";
import type { Addresses } from "./installation.ts";
import type { Seed, SeededTenant, SeedState } from "./seed-state.ts";
import { registerHook, stripeAt } from "./stripe-hook.ts";

/** The demo tenant with everything that an order needs. */
export type SeededDemo = {
  live: SeededTenant;
  test: SeededTenant;
  product_id: string;
  template_id: string;
  customer_id: string;
  webhook_endpoint: { id: string; secret: string };
};

type Mode = "live" | "test";

/** The account at the Stripe simulator; one key for its live data and one for its test data. */
export const stripeKeys: Record<Mode, string> = { live: "sk_live_latchkeydemo", test: "sk_test_latchkeydemo" };

/** The same account's key for its customers' browsers. */
export const stripePublishableKey = "pk_live_latchkeydemo";

/** Where the receiver takes the demo tenant's webhooks. */
export const receiverPath = "/demo";

type TenantAnswer = { id: string; sandbox_id: string; api_keys: { kind: string; livemode: boolean; secret: string }[] };

/**
 * Makes the demo tenant through the public API, or completes it where an earlier start was cut off, and puts its addresses
 * right when ports have changed. Doing it again changes nothing.
 * @throws {Advice} with the problem, when the API refuses
 */
export async function seedDemo(at: Addresses, seed: Seed): Promise<SeededDemo> {
  const operatorKey = seed.state.operator_key;
  if (operatorKey === undefined) throw new Error("the operator key is made before the edge starts");
  const tenants = await seedTenants(apiAt(at.edge, operatorKey), seed);
  const live = await seedStripe("live", at, tenants.live, seed);
  const test = await seedStripe("test", at, tenants.test, seed);

  const api = apiAt(at.edge, live.secret_key);
  const catalog = await seedCatalog(api, seed);
  const webhook_endpoint = await seedWebhookEndpoint(api, `${at.receiver}${receiverPath}`, seed);
  await teachReceiver(at.receiver, webhook_endpoint.secret);
  return { live, test, ...catalog, webhook_endpoint };
}

async function seedTenants(api: Api, seed: Seed): Promise<NonNullable<SeedState["tenants"]>> {
  if (seed.state.tenants) return seed.state.tenants;
  const body = { name: "Lumen Software", slug: "lumen", owner_email: "owner@lumen.example", currency: "EUR" };
  const made = await api.post<TenantAnswer>("/v1/tenants", body, `${seed.state.run}/tenant`);
  const secretOf = (kind: string, livemode: boolean): string => {
    const found = made.api_keys.find((key) => key.kind === kind && key.livemode === livemode);
    if (!found) throw new Error(`the new tenant has no ${livemode ? "live" : "test"} ${kind} key`);
    return found.secret;
  };
  const tenants = {
    live: { id: made.id, secret_key: secretOf("secret", true), publishable_key: secretOf("publishable", true) },
    test: { id: made.sandbox_id, secret_key: secretOf("secret", false), publishable_key: secretOf("publishable", false) },
  };
  await seed.save({ tenants });
  return tenants;
}

/** Makes the simulator and the tenant know each other: the hook's secret there, the account's key here. */
async function seedStripe(mode: Mode, at: Addresses, tenant: Omit<SeededTenant, "stripe">, seed: Seed): Promise<SeededTenant> {
  const hookUrl = `${at.edge}/hooks/stripe/${tenant.id}`;
  const link = `${at.stripe} ${hookUrl}`;
  let hook = seed.state.hooks?.[mode];
  if (hook?.link !== link) {
    const made = (hook?.made ?? 0) + 1;
    const secret = await registerHook(stripeAt(at.stripe, stripeKeys[mode]), hookUrl, `${seed.state.run}/${mode}-hook-${made}`);
    hook = { link, secret, made };
    await seed.save({ hooks: { ...seed.state.hooks, [mode]: hook } });
  }
  if (seed.state.providers?.[mode] !== hook.made) {
    const settings = { secret_key: stripeKeys[mode], webhook_secret: hook.secret, api_base: at.stripe };
    await apiAt(at.edge, tenant.secret_key).put("/v1/payment_providers/stripe", settings);
    await seed.save({ providers: { ...seed.state.providers, [mode]: hook.made } });
  }
  return { ...tenant, stripe: { webhook_secret: hook.secret, hook_url: hookUrl } };
}

async function seedCatalog(api: Api, seed: Seed): Promise<Pick<SeededDemo, "product_id" | "template_id" | "customer_id">> {
  const { run } = seed.state;
  const make = async (path: string, body: unknown): Promise<string> =>
    (await api.post<{ id: string }>(path, body, `${run}${path}`)).id;
  let { product_id, template_id, customer_id } = seed.state;
  if (product_id === undefined) {
    product_id = await make("/v1/products", { name: "Lumen Editor", code: "lumen" });
    await make("/v1/features", { code: "export", name: "Export to print" });
    await seed.save({ product_id });
  }
  if (template_id === undefined) {
    template_id = await make("/v1/templates", {
      name: "Lumen Editor, one year",
      product_id,
      type: "subscription",
      model: "per_device",
      max_activations: 3,
      entitlements: [{ feature: "export", enabled: true }],
      pricing: { currency: "EUR", unit_amount: 4900 },
    });
    await seed.save({ template_id });
  }
  if (customer_id === undefined) {
    customer_id = await make("/v1/customers", { name: "Ada Example", email: "ada@customer.example", kind: "person" });
    await seed.save({ customer_id });
  }
  return { product_id, template_id, customer_id };
}

async function seedWebhookEndpoint(api: Api, url: string, seed: Seed): Promise<{ id: string; secret: string }> {
  const known = seed.state.webhook_endpoint;
  if (known) {
    if (known.url !== url) {
      await api.patch(`/v1/webhook_endpoints/${known.id}`, { url });
      await seed.save({ webhook_endpoint: { ...known, url } });
    }
    return { id: known.id, secret: known.secret };
  }
  const body = { url, events: ["*"], description: "The webhook receiver of this machine" };
  const { id, secret } = await api.post<{ id: string; secret: string }>(
    "/v1/webhook_endpoints",
    body,
    `${seed.state.run}/webhook_endpoint`,
  );
  await seed.save({ webhook_endpoint: { id, secret, url } });
  return { id, secret };
}

/** With the secret the receiver verifies each delivery by itself and shows in its log whether it could. */
async function teachReceiver(receiver: string, secret: string): Promise<void> {
  const answer = await fetch(`${receiver}/_control`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ path: receiverPath, mode: "verify", secret }),
  });
  if (!answer.ok) throw new Error(`the webhook receiver answered ${answer.status}: ${await answer.text()}`);
}
