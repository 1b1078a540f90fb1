import { createRoute } from "@hono/zod-openapi";
import { eitherEndpoint, idParam, json, optionalJsonBody, problems, scopeOrOperator } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { commandStory } from "./commanding.ts";
import { storyCannotSkip, storyCommandPending, storyEnded, storyNotFound } from "./problems.ts";
import { Story, StoryOrder } from "./schemas.ts";

export const skipStoryWait = eitherEndpoint({
  route: createRoute({
    operationId: "stories.skip_wait",
    method: "post",
    path: "/v1/stories/{id}/skip_wait",
    security: scopeOrOperator("stories:write"),
    summary: "Have a story wait no longer",
    description:
      "Ends the wait that the story is in, as if its time had come. Only waits that nothing else rests on may be skipped: `commands` of the story says so.",
    request: { params: idParam("sto"), body: optionalJsonBody(StoryOrder) },
    responses: {
      202: json(Story, "The story, with what was asked of it"),
      ...problems(storyNotFound, storyEnded, storyCannotSkip, storyCommandPending, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { reason } = c.req.valid("json");
    return c.json(await commandStory(c, c.req.valid("param").id, { command: "skip_wait", reason }), 202);
  },
});
