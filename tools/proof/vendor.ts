import { LIMIT_NAMES } from "#rules/limits/numbers";
import { fingerprintOf, tenantBy } from "../bench/installation.ts";
import { apiAt, type Api } from "../start/api.ts";
import type { Question } from "./watching.ts";

/** A tenant of the proof, and what it sells. */
export type Vendor = {
  id: string;
  name: string;
  api: Api;
  secretKey: string;
  publishableKey: string;
  customerId: string;
  /** two templates of one product: of the second one a license is good in another country alone */
  templateIds: { here: string; elsewhere: string };
};

/** A license of which a device holds a seat. */
export type Held = { id: string; licenseKey: string; fingerprint: string; activationId: string; activationToken: string };

/** Where every program of the proof is. */
export const COUNTRY = "US";
const ELSEWHERE = "DE";

/** What lets a license be used in the other country alone. */
export const elsewhereOnly = [{ type: "geographic", operator: "allow", values: [ELSEWHERE] }];

const ENOUGH = 1e9;
let made = 0;

/** Makes a tenant with a catalog. */
export async function vendorBy(operator: Api, origin: string, name: string): Promise<Vendor> {
  const tenant = await tenantBy(operator, name, Object.fromEntries(LIMIT_NAMES.map((limit) => [limit, ENOUGH])));
  const api = apiAt(origin, tenant.secretKey);
  type Made = { id: string };
  const product = await api.post<Made>("/v1/products", { name: "P", code: "p" });
  const customer = await api.post<Made>("/v1/customers", { name: "C", email: "c@proof.example", kind: "person" });
  const terms = { product_id: product.id, type: "subscription", model: "per_device", max_activations: 3 };
  const here = await api.post<Made>("/v1/templates", { name: "Here", ...terms });
  const elsewhere = await api.post<Made>("/v1/templates", { name: "Elsewhere", ...terms, restrictions: elsewhereOnly });
  return { ...tenant, name, api, customerId: customer.id, templateIds: { here: here.id, elsewhere: elsewhere.id } };
}

/** Makes a license that nobody has asked for yet. */
export async function licenseOf({ api, customerId, templateIds }: Vendor): Promise<{ id: string; licenseKey: string }> {
  type Made = { id: string; license_key: string };
  const wanted = { template_id: templateIds.here, customer_id: customerId };
  const { id, license_key: licenseKey } = await api.post<Made>("/v1/licenses", wanted);
  return { id, licenseKey };
}

/** Makes a license, and has a device take a seat of it. */
export async function heldBy(vendor: Vendor): Promise<Held> {
  const license = await licenseOf(vendor);
  const fingerprint = fingerprintOf(++made);
  return { ...license, fingerprint, ...(await seatOf(vendor, license.licenseKey, fingerprint)) };
}

/** Has a device take a seat. */
export async function seatOf({ api }: Vendor, licenseKey: string, fingerprint: string) {
  type Seat = { id: string; activation_token: string };
  const { id, activation_token: activationToken } = await api.post<Seat>("/v1/activations", {
    license_key: licenseKey,
    fingerprint,
  });
  return { activationId: id, activationToken };
}

/** What the device of a license asks, from an address of its own. */
export function byKey({ publishableKey }: Vendor, { licenseKey, fingerprint }: Held): Question {
  const body = { license_key: licenseKey, fingerprint };
  return { path: "/v1/licenses/validate", key: publishableKey, body, ip: addressOf(fingerprint), country: COUNTRY };
}

/** The same by its activation token. */
export function byToken(vendor: Vendor, held: Held): Question {
  return { ...byKey(vendor, held), path: "/v1/activations/validate", body: { activation_token: held.activationToken } };
}

/** The address of a device. */
export function addressOf(fingerprint: string): string {
  const n = Number.parseInt(fingerprint.slice(-4).replace(/^f+/, ""), 16) || 0;
  return `198.51.${100 + (n >> 8)}.${n & 255}`;
}
