import type { Asking, Statement } from "../commit.ts";
import { type Page, type PageOf, pageOf } from "../page.ts";

/** A question that programs will ask: by a license's key alone, or from a device that holds a seat of it. `id` is its place in the list. */
export type LikelyQuestion = { id: string; licenseId: string; keyHash: string; deviceHash: string | null };

type Which = { productId?: string | undefined; licenseIds?: readonly string[] | undefined };

/** The questions that a tenant's programs will ask next, as far as they can be foreseen. */
export function warmingOf({ d1, tenantId }: Asking) {
  return {
    /** License by license, first without a device, then those that hold seats. `page.before` is the last question of the page before this one. */
    likelyQuestions: async (page: Page, which: Which): Promise<PageOf<LikelyQuestion>> => {
      const [licenseId = "", activationId = ""] = (page.before ?? "").split("/");
      const bound = [tenantId, licenseId, activationId, which.productId ?? JSON.stringify(which.licenseIds ?? [])];
      const statement: Statement = d1.prepare(questionsSql(which)).bind(...bound, page.limit + 1);
      const { results } = await statement.all<Row>();
      return pageOf(
        results.map((row) => ({
          id: `${row.license_id}/${row.activation_id}`,
          licenseId: row.license_id,
          keyHash: row.key_hash,
          deviceHash: row.device_hash,
        })),
        page,
      );
    },

    /** The places of those ids, in the order given, that no license of the tenant has. */
    unknownLicenses: async (ids: readonly string[]): Promise<number[]> => {
      const { results } = await d1.prepare(UNKNOWN).bind(tenantId, JSON.stringify(ids)).all<{ place: number }>();
      return results.map(({ place }) => place);
    },
  };
}

const UNKNOWN = `select j.key as place from json_each(?2) j
  where not exists (select 1 from licenses l where l.tenant_id = ?1 and l.id = j.value) order by 1`;

type Row = { license_id: string; key_hash: string; activation_id: string; device_hash: string | null };

/** Two ordered lists merged. The plus keeps SQLite from taking the bound of `l.id` for `license_id`, which would read every activation behind it. */
function questionsSql({ productId, licenseIds }: Which): string {
  const narrowed = productId === undefined ? "" : "and l.product_id = ?4";
  const named = licenseIds === undefined ? narrowed : "and l.id in (select value from json_each(?4))";
  return `select l.id as license_id, l.key_hash, '' as activation_id, null as device_hash from licenses l
    where l.tenant_id = ?1 and l.id > ?2 ${named}
    union all
    select l.id, l.key_hash, a.id, a.device_hash from licenses l
    cross join activations a indexed by activations_license on a.tenant_id = l.tenant_id and a.license_id = +l.id
    where l.tenant_id = ?1 and l.id >= ?2 ${named} and a.released_at is null and a.type <> 'emergency'
      and (l.id > ?2 or a.id > ?3)
    order by 1, 3 limit ?5`;
}
