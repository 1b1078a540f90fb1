import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, scope } from "#kernel/endpoint";
import { presentSettings } from "./presenters.ts";
import { SettingsObject } from "./schemas.ts";

export const getSettings = endpoint({
  isAlwaysOpen: true,
  route: createRoute({
    operationId: "settings.get",
    method: "get",
    path: "/v1/settings",
    security: scope("settings:read"),
    summary: "Get the tenant's settings",
    description: "Every setting by group; what was never set shows its default.",
    responses: { 200: json(SettingsObject, "The settings") },
  }),

  handler: (c) => c.json(presentSettings(c.var.repo.tenant), 200),
});
