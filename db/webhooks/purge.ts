/**
 * Deletes deliveries that ended before `before`, and those due since then at an endpoint that is disabled, with their attempts;
 * at most `limit` of each kind at a time. Answers how many: when it is as many as allowed, there may be more.
 */
export async function purgeDeliveries(d1: D1Database, before: Date, limit: number): Promise<number> {
  const ended = d1.prepare(
    `delete from deliveries where rowid in (
       select rowid from deliveries where ended_at is not null and ended_at < ?1 order by ended_at limit ?2
     ) returning 1`,
  );
  const waiting = d1.prepare(
    `delete from deliveries where rowid in (
       select d.rowid from deliveries d
       join webhook_endpoints e on e.tenant_id = d.tenant_id and e.id = d.endpoint_id and e.disabled_at is not null
       where d.state = 'pending' and d.next_at < ?1
       order by d.next_at limit ?2
     ) returning 1`,
  );
  const results = await d1.batch([ended, waiting].map((statement) => statement.bind(before.getTime(), limit)));
  return results.reduce((sum, { results: rows }) => sum + rows.length, 0); // the database's own count has the attempts in it
}
