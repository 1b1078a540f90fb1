import { env } from "cloudflare:workers";

/** What was told of a tenant, in order: types, and what each event says was different before. */
export async function factsOf(tenantId: string): Promise<{ type: string; subject: string; previous: unknown }[]> {
  const { results } = await env.DB_00.prepare("select type, subject_id, data from events where tenant_id = ? order by seq")
    .bind(tenantId)
    .all();
  return results.map((row) => ({
    type: String(row["type"]),
    subject: String(row["subject_id"]),
    previous: JSON.parse(String(row["data"])).previous,
  }));
}
