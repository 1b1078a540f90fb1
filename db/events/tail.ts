/** What of an event tells what it makes untrue, and its place among all events of its shard. */
export type TailEvent = {
  position: number;
  tenant_id: string;
  type: string;
  subject_type: string;
  subject_id: string;
  license_id: string | null;
  product_id: string | null;
};

// The place of an event is its rowid: SQLite gives each new row the number behind the greatest, writes of a database come one after the other, and
// events are never deleted. So whatever is read together with the greatest place was read after every event up to it, and before every later one.

/** The place of a shard's newest event, for a statement that reads it together with what it is to date. 0 where there are none. */
export const NEWEST_POSITION = "(select coalesce(max(rowid), 0) from events)";

/** The place of a shard's newest event. */
export async function newestPosition(d1: D1Database): Promise<number> {
  const row = await d1.prepare(`select ${NEWEST_POSITION} as position`).first<{ position: number }>();
  return row?.position ?? 0;
}

/** The events of a shard behind a place, in order, at most `limit`, and the place of the newest. Reads those rows and no others. */
export async function eventsBehind(
  d1: D1Database,
  position: number,
  limit: number,
): Promise<{ events: TailEvent[]; newest: number }> {
  const behind = d1
    .prepare(
      `select rowid as position, tenant_id, type, subject_type, subject_id, license_id,
         case when subject_type = 'product' then subject_id
           when subject_type = 'product_version' then data ->> '$.object.product_id' end as product_id
       from events where rowid > ?1 order by rowid limit ?2`,
    )
    .bind(position, limit);
  const [events, newest] = await d1.batch([behind, d1.prepare(`select ${NEWEST_POSITION} as position`)]);
  const [row] = (newest?.results ?? []) as { position: number }[];
  return { events: (events?.results ?? []) as TailEvent[], newest: row?.position ?? 0 };
}
