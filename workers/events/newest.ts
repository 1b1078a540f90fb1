import type { EventRow } from "#db/events/events";
import type { PageOf } from "#db/page";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentEvent } from "./presenters.ts";

type Query = { limit: number; cursor?: string | undefined };
type Span = { limit: number; before: number | null };

/** A page of the events that `list` finds, newest first. Throws `invalid_cursor`. */
export async function newestEvents(tenantId: string, query: Query, list: (span: Span) => Promise<PageOf<EventRow>>) {
  const { limit, before } = await pageAsked(tenantId, query);
  if (before !== null && !/^\d{1,15}$/.test(before)) throw invalidCursor({});
  const { rows, hasMore } = await list({ limit, before: before === null ? null : Number(before) });
  // the number is what orders events, so it is what a cursor holds
  const numbered = { rows: rows.map((event) => ({ id: String(event.seq), event })), hasMore };
  return presentPage(tenantId, query, numbered, ({ event }) => presentEvent(event));
}
