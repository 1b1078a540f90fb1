import { createRoute } from "@hono/zod-openapi";
import { eitherEndpoint, idParam, json, problems, scopeOrOperator } from "#kernel/endpoint";
import { presentFor, storiesBehind } from "./door.ts";
import { storyNotFound } from "./problems.ts";
import { Story } from "./schemas.ts";

export const getStory = eitherEndpoint({
  route: createRoute({
    operationId: "stories.get",
    method: "get",
    path: "/v1/stories/{id}",
    security: scopeOrOperator("stories:read"),
    summary: "Get a story",
    description: "What a durable story does or waits for, why, since when, and what would help.",
    request: { params: idParam("sto") },
    responses: { 200: json(Story, "The story"), ...problems(storyNotFound) },
  }),

  handler: async (c) => {
    const row = await storiesBehind(c.var.door).byId(c.req.valid("param").id);
    if (!row) throw storyNotFound({});
    return c.json(presentFor(c)(row), 200);
  },
});
