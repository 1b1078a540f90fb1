import { env } from "cloudflare:workers";
import { asHost } from "../../events/host.ts";
import { send, type Answer } from "../../world.ts";
import type { Shop } from "../shop.ts";

/** One step of an operation, as its story asks for it. */
export const step = (s: Shop, id: string) => asHost("/internal/operations/step", { tenant_id: s.tenant.id, operation_id: id });

/** Carries an operation to its end. */
export async function carriedOut(s: Shop, started: Answer): Promise<Answer["body"]> {
  if (started.status !== 202) throw new Error(`Not begun: ${started.status} ${started.text}`);
  const id = String(started.body["id"]);
  for (;;) {
    const { status, body, text } = await step(s, id);
    if (status !== 200) throw new Error(`No step: ${status} ${text}`);
    if (body["status"] !== "running") return s.read(`/v1/operations/${id}`);
  }
}

/** All results of an operation. */
export async function resultsOf(s: Shop, id: string, outcome?: string) {
  const results: Record<string, any>[] = []; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects
  const filter = outcome === undefined ? "" : `&outcome=${outcome}`;
  for (let cursor = ""; ;) {
    const page = await s.read(`/v1/operations/${id}/results?limit=100${filter}${cursor}`);
    results.push(...page["data"]);
    if (page["next_cursor"] === null) return results;
    cursor = `&cursor=${page["next_cursor"]}`;
  }
}

type How = { query?: string; type?: string; key?: string | null; idempotencyKey?: string };

/** Sends an upload. */
export const upload = (s: Shop, text: string, { query = "", type = "text/csv", key = s.keys.secret, idempotencyKey }: How = {}) =>
  send("POST", `/v1/licenses/import${query}`, text, {
    key,
    headers: { "content-type": type },
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });

/** CSV of rows; the columns are those of the first. */
export function csv(rows: readonly Record<string, string>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cell = (text: string) => (/[",\r\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))]
    .map((cells) => cells.map(cell).join(","))
    .join("\r\n");
}

/** A license key as another vendor's system would have made it: long enough, and different for every `n`. */
export const oldKey = (n: number) => `Zx${n.toString(36).padStart(4, "0")}-Kw7Rm2-Tp9Lc4-Vb3Ns8`;

/** How many rows of a tenant a table holds. */
export async function rowsIn(s: Shop, table: string): Promise<number> {
  return (
    (await env.DB_00.prepare(`select count(*) as n from ${table} where tenant_id = ?`).bind(s.tenant.id).first<number>("n")) ?? 0
  );
}
