import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { invalidCursor } from "#kernel/problems";
import { newestEvents } from "./newest.ts";
import { presentEvent } from "./presenters.ts";
import { EventList, EventQuery } from "./schemas.ts";

export const listEvents = endpoint({
  route: createRoute({
    operationId: "events.list",
    method: "get",
    path: "/v1/events",
    security: scope("events:read"),
    summary: "List events",
    description:
      "Newest first. With `after` ascending and gap-free instead: ask again with the `next_after` of each answer, and nothing is missed or seen twice.",
    request: { query: EventQuery },
    responses: { 200: json(EventList, "A page of events"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const filter = { type: query.type, subjectId: query.subject_id };

    if (query.after !== undefined) {
      const { rows, hasMore, newest } = await repo.events.following(query.after, query.limit, filter);
      // at the end all there is was looked at, also what the filter left out
      const nextAfter = hasMore ? (rows.at(-1)?.seq ?? query.after) : Math.max(query.after, newest);
      const page = { object: "list" as const, data: rows.map(presentEvent), has_more: hasMore, next_cursor: null };
      return c.json({ ...page, next_after: nextAfter }, 200);
    }

    const page = await newestEvents(repo.tenantId, query, (span) => repo.events.list(span, filter));
    return c.json({ ...page, next_after: null }, 200);
  },
});
