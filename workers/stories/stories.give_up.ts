import { createRoute } from "@hono/zod-openapi";
import { eitherEndpoint, idParam, json, optionalJsonBody, problems, scopeOrOperator } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { commandStory } from "./commanding.ts";
import { storyCannotGiveUp, storyCommandPending, storyEnded, storyNotFound } from "./problems.ts";
import { Story, StoryOrder } from "./schemas.ts";

export const giveUpStory = eitherEndpoint({
  route: createRoute({
    operationId: "stories.give_up",
    method: "post",
    path: "/v1/stories/{id}/give_up",
    security: scopeOrOperator("stories:write"),
    summary: "Give a story up",
    description:
      "Ends the story for good, and what it was about with it: an operation fails, an endpoint is disabled with its queue kept. What was done stays done; the event `story.given_up` tells when it is over.",
    request: { params: idParam("sto"), body: optionalJsonBody(StoryOrder) },
    responses: {
      202: json(Story, "The story, with what was asked of it"),
      ...problems(storyNotFound, storyEnded, storyCannotGiveUp, storyCommandPending, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { reason } = c.req.valid("json");
    return c.json(await commandStory(c, c.req.valid("param").id, { command: "give_up", reason }), 202);
  },
});
