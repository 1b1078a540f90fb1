/** What of an event tells what it makes untrue. */
export type TailEvent = {
  seq: number;
  type: string;
  subject_type: string;
  subject_id: string;
  license_id: string | null;
  product_id: string | null;
};

/** The newest number of a tenant's events; 0 where there are none. */
export async function newestSeq(d1: D1Database, tenantId: string): Promise<number> {
  const row = await d1
    .prepare("select coalesce(max(seq), 0) as seq from events where tenant_id = ? and seq > 0")
    .bind(tenantId)
    .first<{ seq: number }>();
  return row?.seq ?? 0;
}

/** A tenant's events behind a number, in order, at most `limit`. Reads them by their key alone. */
export async function eventsBehind(d1: D1Database, tenantId: string, after: number, limit: number): Promise<TailEvent[]> {
  const { results } = await d1
    .prepare(
      `select seq, type, subject_type, subject_id, license_id,
         case when subject_type = 'product' then subject_id
           when subject_type = 'product_version' then data ->> '$.object.product_id' end as product_id
       from events where tenant_id = ?1 and seq > ?2 order by seq limit ?3`,
    )
    .bind(tenantId, after, limit)
    .all<TailEvent>();
  return results;
}
