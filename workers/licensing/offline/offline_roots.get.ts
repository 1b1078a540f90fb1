import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { presentRoots } from "./presenters.ts";
import { OfflineRoots } from "./schemas.ts";
import { trustOf } from "./trust.ts";

export const getOfflineRoots = endpoint({
  route: createRoute({
    operationId: "offline_roots.get",
    method: "get",
    path: "/v1/offline/roots",
    security: scope("offline:read"),
    summary: "Get the roots that programs embed",
    description: "The public halves of the current root and of the next one. Embed both: then either may sign the keyset.",
    responses: { 200: json(OfflineRoots, "The roots"), ...problems(changedMeanwhile) },
  }),

  handler: async (c) => c.json(presentRoots((await trustOf(c.var)).roots), 200),
});
