import { messageOf } from "#rules/webhooks/messages";

type Row = {
  id: string;
  seq: number;
  type: string;
  at: number;
  subject_type: string;
  subject_id: string;
  data: string;
  request_id: string | null;
  livemode: number;
};

/** The first event of each type that a database has, as webhooks deliver it. */
export async function firstEvents(d1: D1Database): Promise<Record<string, string>> {
  const { results } = await d1
    .prepare(
      `select e.*, t.livemode from events e join tenants t on t.id = e.tenant_id
       where e.rowid in (select min(rowid) from events group by type)`,
    )
    .all<Row>();
  return Object.fromEntries(
    results.map(({ subject_type, subject_id, request_id, at, data, livemode, ...event }) => {
      const subject = { type: subject_type, id: subject_id };
      const parsed = JSON.parse(data) as Parameters<typeof messageOf>[0]["data"];
      return [
        event.type,
        messageOf({ ...event, at: new Date(at), subject, data: parsed, requestId: request_id }, livemode === 1),
      ];
    }),
  );
}
