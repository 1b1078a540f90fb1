import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, scope } from "#kernel/endpoint";
import { presentSigningKey } from "./presenters.ts";
import { SigningKeyList } from "./schemas.ts";

export const listSigningKeys = endpoint({
  route: createRoute({
    operationId: "signing_keys.list",
    method: "get",
    path: "/v1/offline/keys",
    security: scope("offline:read"),
    summary: "List the signing keys",
    description: "All of them, the newest first: what signs license files, status lists and decision tokens, or did.",
    responses: { 200: json(SigningKeyList, "The keys") },
  }),

  handler: async (c) => {
    const { keys } = await c.var.repo.offlineKeys.trust();
    return c.json({ object: "list" as const, data: keys.map(presentSigningKey) }, 200);
  },
});
