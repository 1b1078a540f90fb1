import type { LicenseEnd } from "#rules/entitlements/merging";
import type { Entitlement } from "#rules/licensing/terms";
import type { Asking } from "../commit.ts";
import { mayActivateSql } from "../licensing/status.ts";

/** A license that may be used, and what it gives. */
export type GivingLicense = LicenseEnd & { id: string; productId: string; entitlements: readonly Entitlement[] };

/** What a product gives to whoever has no license of it. */
export type ProductDefaults = { productId: string; entitlements: readonly Entitlement[] };

/** What a customer has rights by; `hasMore`: there are more licenses, or products, than were read. */
export type Rights = { licenses: GivingLicense[]; defaults: ProductDefaults[]; hasMore: boolean };

const NO_ENTITLEMENTS = "[]";

/** A license whose use is counted: since when, and by which rights. */
export type CountedLicense = { id: string; startsAt: Date; entitlements: readonly Entitlement[] };

type Limits = { licenses: number; products: number };

/** What customers and licenses may use. */
export function rightsOf(asking: Asking) {
  return {
    ofLicenses: (ids: readonly string[]) => ofLicenses(asking, ids),
    ofCustomer: (customerId: string, productId: string | undefined, limits: Limits) =>
      ofCustomer(asking, customerId, productId, limits),
  };
}

/** Those of some licenses that there are, whatever their status. */
async function ofLicenses({ d1, tenantId }: Asking, ids: readonly string[]): Promise<CountedLicense[]> {
  const wanted = `from json_each(?2) w cross join licenses l on l.tenant_id = ?1 and l.id = w.value`;
  const list = JSON.stringify([...new Set(ids)]);
  const [licenses, revisions] = await d1.batch([
    d1.prepare(`select ${LICENSE}, l.starts_at ${wanted}`).bind(tenantId, list),
    d1
      .prepare(
        `select r.template_id, r.rev, r.terms -> '$.entitlements' as entitlements from (
           select distinct t.template_id, t.template_rev from (select ${LICENSE} ${wanted}) t where t.own is null) pinned
         cross join template_revisions r on r.tenant_id = ?1 and r.template_id = pinned.template_id and r.rev = pinned.template_rev`,
      )
      .bind(tenantId, list),
  ]);
  const rightsOfRow = rightsBy((revisions?.results ?? []) as RevisionRow[]);
  return ((licenses?.results ?? []) as (LicenseRow & { starts_at: number })[]).map((row) => ({
    id: row.id,
    startsAt: new Date(row.starts_at),
    entitlements: rightsOfRow(row),
  }));
}

/**
 * All licenses of a customer that may be used now, the newest first, and what those products give to everybody of which the customer has
 * no such license; of one product or of all. Undefined where there is no such customer. At most `limits` of each.
 */
async function ofCustomer(
  { d1, tenantId, now }: Asking,
  customerId: string,
  productId: string | undefined,
  limits: Limits,
): Promise<Rights | undefined> {
  const some = productId === undefined ? "and ?4 is null" : "and l.product_id = ?4";
  const usable = `from licenses l indexed by licenses_customer
    where l.tenant_id = ?1 and l.customer_id = ?2 and ${mayActivateSql("?3", "l")} ${some}`;
  const bound = [tenantId, customerId, now.getTime(), productId ?? null] as const;
  const [customer, licenses, revisions, products] = await d1.batch([
    d1.prepare("select 1 from customers where tenant_id = ? and id = ?").bind(tenantId, customerId),
    d1.prepare(`select ${LICENSE} ${usable} order by l.id desc limit ?5`).bind(...bound, limits.licenses + 1),
    // the licenses of one revision share what it says: it is read once
    d1
      .prepare(
        `select r.template_id, r.rev, r.terms -> '$.entitlements' as entitlements from (
           select distinct t.template_id, t.template_rev from (select ${LICENSE} ${usable} order by l.id desc limit ?5) t where t.own is null) pinned
         cross join template_revisions r on r.tenant_id = ?1 and r.template_id = pinned.template_id and r.rev = pinned.template_rev`,
      )
      .bind(...bound, limits.licenses),
    d1
      .prepare(
        `select p.id, p.default_entitlements as entitlements from products p
         where p.tenant_id = ?1 ${productId === undefined ? "" : "and p.id = ?4"} and p.default_entitlements <> '${NO_ENTITLEMENTS}'
           and p.id not in (select l.product_id ${usable})
         order by p.id desc limit ?5`,
      )
      .bind(...bound, limits.products + 1),
  ]);
  if (customer?.results.length !== 1) return undefined;
  const rightsOfRow = rightsBy((revisions?.results ?? []) as RevisionRow[]);
  const found = (licenses?.results ?? []) as LicenseRow[];
  const free = (products?.results ?? []) as { id: string; entitlements: string }[];
  return {
    licenses: found.slice(0, limits.licenses).map((row) => ({
      id: row.id,
      productId: row.product_id,
      entitlements: rightsOfRow(row),
      expiresAt: instant(row.expires_at),
      graceUntil: instant(row.grace_until),
      canceledAt: instant(row.canceled_at),
      expirationStrategy: row.expiration_strategy,
    })),
    defaults: free
      .slice(0, limits.products)
      .map(({ id, entitlements }) => ({ productId: id, entitlements: rights(entitlements) })),
    hasMore: found.length > limits.licenses || free.length > limits.products,
  };
}

/** Lists are replaced whole: a license that says something of entitlements says all of them. */
const LICENSE = `l.id, l.product_id, l.template_id, l.template_rev, l.overrides -> '$.entitlements' as own, l.expires_at, l.grace_until,
  l.canceled_at, l.expiration_strategy`;

type LicenseRow = {
  id: string;
  product_id: string;
  template_id: string;
  template_rev: number;
  own: string | null;
  expires_at: number | null;
  grace_until: number | null;
  canceled_at: number | null;
  expiration_strategy: LicenseEnd["expirationStrategy"];
};

type RevisionRow = { template_id: string; rev: number; entitlements: string };

/** What each license gives: what it says itself, or else its revision. */
function rightsBy(revisions: readonly RevisionRow[]): (row: LicenseRow) => Entitlement[] {
  const said = new Map(revisions.map((row) => [revision(row.template_id, row.rev), row.entitlements]));
  return (row) => rights(row.own ?? said.get(revision(row.template_id, row.template_rev)));
}

const revision = (templateId: string, rev: number) => `${templateId}/${rev}`;

const rights = (text: string | undefined) => JSON.parse(text ?? NO_ENTITLEMENTS) as Entitlement[];

const instant = (ms: number | null) => (ms === null ? null : new Date(ms));
