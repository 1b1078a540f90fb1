import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentEvent } from "./presenters.ts";
import { eventNotFound } from "./problems.ts";
import { Event } from "./schemas.ts";

export const getEvent = endpoint({
  route: createRoute({
    operationId: "events.get",
    method: "get",
    path: "/v1/events/{id}",
    security: scope("events:read"),
    summary: "Get an event",
    request: { params: idParam("evt") },
    responses: { 200: json(Event, "The event"), ...problems(eventNotFound) },
  }),

  handler: async (c) => {
    const event = await c.var.repo.events.byId(c.req.valid("param").id);
    if (!event) throw eventNotFound({});
    return c.json(presentEvent(event), 200);
  },
});
