import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { EVENT_TYPES } from "#rules/events";
import { presentEventType } from "./presenters.ts";
import { EventTypes } from "./schemas.ts";

export const listEventTypes = endpoint({
  route: createRoute({
    operationId: "event_types.list",
    method: "get",
    path: "/v1/event_types",
    security: scope("events:read"),
    summary: "List the types of events",
    description:
      "All of them, in one answer: what each tells, its JSON Schema as webhooks deliver it, and an example that was recorded. The list is closed, and the same for every tenant.",
    responses: { 200: json(EventTypes, "Every type of event"), ...problems() },
  }),

  handler: (c) => {
    const schemas = c.var.schemas();
    return c.json({ object: "list" as const, data: EVENT_TYPES.map((type) => presentEventType(type, schemas)) }, 200);
  },
});
