import { env } from "cloudflare:workers";
import { forget, send, world, type Answer } from "../world.ts";

export const DAY_MS = 24 * 3600 * 1000;

/** A fingerprint as a program would send it. */
export const device = (name: string) => `fp-${name}-${"0".repeat(24)}`;

export type Shop = Awaited<ReturnType<typeof shop>>;

type Fields = Record<string, unknown>;

/** A tenant that sells something: a product, a feature, a customer, and short ways to make templates, licenses and activations. */
export async function shop() {
  const w = await world();
  const made = async (path: string, body: Fields) => expectMade(await w.post(path, body));
  const product = await made("/v1/products", { name: "Studio", code: "studio" });
  const feature = await made("/v1/features", { name: "Export", code: "export" });
  const customer = await made("/v1/customers", { name: "Ada", email: "ada@customer.example", kind: "person" });

  const template = (fields: Fields = {}) =>
    made("/v1/templates", { name: "Standard", product_id: product["id"], type: "subscription", model: "per_device", ...fields });
  /** A license of a template of its own. `terms` go to the template, `fields` to the license. */
  const license = async (terms: Fields = {}, fields: Fields = {}) => {
    const { id } = await template(terms);
    return made("/v1/licenses", { template_id: id, customer_id: customer["id"], ...fields });
  };
  const program = (path: string, body: Fields) => send("POST", path, body, { key: w.keys.publishable });
  return {
    ...w,
    product,
    feature,
    customer,
    made,
    template,
    license,
    program,
    activate: (key: unknown, name: string, more: Fields = {}) =>
      program("/v1/activations", { license_key: key, fingerprint: device(name), ...more }),
    validate: (key: unknown, more: Fields = {}) => program("/v1/licenses/validate", { license_key: key, ...more }),
    beat: (token: unknown, metrics?: Fields) =>
      program("/v1/activations/heartbeat", { activation_token: token, ...(metrics && { metrics }) }),
    read: async (path: string) => (await w.get(path)).body,
    events: async (type: string): Promise<Fields[]> => {
      const { results } = await env.DB_00.prepare(
        "select data, subject_id from events where tenant_id = ? and type = ? order by seq",
      )
        .bind(w.tenant.id, type)
        .all();
      return results;
    },
    /** Moves the tenant's business time. */
    later: async (ms: number) => {
      await env.DB_00.prepare("update tenants set clock_offset_ms = clock_offset_ms + ? where id = ?")
        .bind(ms, w.tenant.id)
        .run();
      forget();
    },
    setting: async (licensing: Fields) => {
      const answer = await w.patch("/v1/settings", { licensing });
      if (answer.status !== 200) throw new Error(answer.text);
    },
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects
function expectMade(answer: Answer): Record<string, any> {
  if (answer.status !== 201) throw new Error(`Not made: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** Makes an activation one that works offline, with a license file that ends at `until` (ms). */
export async function worksOffline(id: unknown, until: number) {
  await env.DB_00.batch([
    env.DB_00.prepare("update activations set type = 'offline' where id = ?").bind(id),
    env.DB_00.prepare(
      `insert into offline_devices (tenant_id, activation_id, license_id, product_id, device_key, status_index, seq, file_id, rid, request_hash, file, expires_at, created_at, updated_at)
       select a.tenant_id, a.id, a.license_id, l.product_id, '', a.rowid, 1, '', a.id, '', '', ?2, 0, 0
       from activations a join licenses l on l.tenant_id = a.tenant_id and l.id = a.license_id where a.id = ?1`,
    ).bind(id, until),
  ]);
}
