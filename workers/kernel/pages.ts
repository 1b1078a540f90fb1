import type { Page, PageOf } from "#db/page";
import { sha256Hex } from "./crypto.ts";
import { base64url, fromBase64url } from "./keyring.ts";
import { invalidCursor } from "./problems.ts";

type ListQuery = { limit: number; cursor?: string | undefined };

/** Which page is asked for. A cursor is the last id seen, bound to tenant and filters. Throws `invalid_cursor`. */
export async function pageAsked(tenantId: string, query: ListQuery): Promise<Page> {
  if (query.cursor === undefined) return { limit: query.limit, before: null };
  let read: string;
  try {
    read = new TextDecoder().decode(fromBase64url(query.cursor));
  } catch {
    throw invalidCursor({});
  }
  const [before, filters] = read.split(" ");
  if (!before || filters !== (await filterHash(tenantId, query))) throw invalidCursor({});
  return { limit: query.limit, before };
}

/** A list as the wire shows it. */
export async function presentPage<Row extends { id: string }, Wire>(
  tenantId: string,
  query: ListQuery,
  { rows, hasMore }: PageOf<Row>,
  present: (row: Row) => Wire,
) {
  const last = rows.at(-1);
  const cursor = hasMore && last ? base64url(new TextEncoder().encode(`${last.id} ${await filterHash(tenantId, query)}`)) : null;
  return { object: "list" as const, data: rows.map(present), has_more: hasMore, next_cursor: cursor };
}

async function filterHash(tenantId: string, query: ListQuery): Promise<string> {
  const filters = Object.entries(query).filter(([name, value]) => name !== "cursor" && name !== "limit" && value !== undefined);
  const hash = await sha256Hex(`${tenantId} ${JSON.stringify(filters.sort(([a], [b]) => (a < b ? -1 : 1)))}`);
  return hash.slice(0, 16);
}
