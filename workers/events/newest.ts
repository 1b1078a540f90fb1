import type { Repo } from "#db/repo";
import type { EventType } from "#rules/events";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentEvent } from "./presenters.ts";

type Query = { limit: number; cursor?: string | undefined };

/** A page of events, newest first. Throws `invalid_cursor`. */
export async function newestEvents(
  repo: Repo,
  query: Query,
  filter: { type?: EventType | undefined; subjectId?: string | undefined },
) {
  const { limit, before } = await pageAsked(repo.tenantId, query);
  if (before !== null && !/^\d{1,15}$/.test(before)) throw invalidCursor({});
  const { rows, hasMore } = await repo.events.list({ limit, before: before === null ? null : Number(before) }, filter);
  // the number is what orders events, so it is what a cursor holds
  const numbered = { rows: rows.map((event) => ({ id: String(event.seq), event })), hasMore };
  return presentPage(repo.tenantId, query, numbered, ({ event }) => presentEvent(event));
}
