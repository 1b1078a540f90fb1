import { createRoute } from "@hono/zod-openapi";
import { eitherEndpoint, idParam, json, optionalJsonBody, problems, scopeOrOperator } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { commandStory } from "./commanding.ts";
import { storyCommandPending, storyEnded, storyNotFound } from "./problems.ts";
import { Story, StoryOrder } from "./schemas.ts";

export const retryStory = eitherEndpoint({
  route: createRoute({
    operationId: "stories.retry",
    method: "post",
    path: "/v1/stories/{id}/retry",
    security: scopeOrOperator("stories:write"),
    summary: "Have a story try again at once",
    description:
      "A story that is trying again does so at once, however long it meant to rest; a failed one begins anew, and what is done already is not done twice. What became of it stands in `last_command` within seconds.",
    request: { params: idParam("sto"), body: optionalJsonBody(StoryOrder) },
    responses: {
      202: json(Story, "The story, with what was asked of it"),
      ...problems(storyNotFound, storyEnded, storyCommandPending, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { reason } = c.req.valid("json");
    return c.json(await commandStory(c, c.req.valid("param").id, { command: "retry", reason }), 202);
  },
});
