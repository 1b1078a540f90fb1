import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { isEventType } from "#rules/webhooks/catalogue";
import { presentEventType } from "./presenters.ts";
import { eventTypeNotFound } from "./problems.ts";
import { EventTypeDescription, eventTypeParam } from "./schemas.ts";

export const getEventType = endpoint({
  route: createRoute({
    operationId: "event_types.get",
    method: "get",
    path: "/v1/event_types/{type}",
    security: scope("events:read"),
    summary: "Get a type of event",
    description: "What it tells, the JSON Schema of the whole event as webhooks deliver it, and one that was recorded.",
    request: { params: eventTypeParam },
    responses: { 200: json(EventTypeDescription, "The type of event"), ...problems(eventTypeNotFound) },
  }),

  handler: (c) => {
    const { type } = c.req.valid("param");
    if (!isEventType(type)) throw eventTypeNotFound({});
    return c.json(presentEventType(type, c.var.schemas()), 200);
  },
});
