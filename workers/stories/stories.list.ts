import { createRoute } from "@hono/zod-openapi";
import { eitherEndpoint, json, listOf, problems, scopeOrOperator } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { listBehind, pageOwner, presentFor } from "./door.ts";
import { Story, StoryQuery } from "./schemas.ts";

export const listStories = eitherEndpoint({
  route: createRoute({
    operationId: "stories.list",
    method: "get",
    path: "/v1/stories",
    security: scopeOrOperator("stories:read"),
    summary: "List stories",
    description:
      "The newest first; those that are over are kept for thirty days. A secret key sees its tenant's, an operator key everybody's and the pumps. `state=stuck` and `state=failed` are what somebody should look at.",
    request: { query: StoryQuery },
    responses: { 200: json(listOf(Story), "A page of stories"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const query = c.req.valid("query");
    const owner = pageOwner(c.var.door);
    const page = await pageAsked(owner, query);
    const { state, kind, subject_id: subjectId, workflow_id: workflowId, tenant_id: tenantId } = query;
    const found = await listBehind(c, page, { state, kind, subjectId, workflowId, tenantId });
    return c.json(await presentPage(owner, query, found, presentFor(c)), 200);
  },
});
