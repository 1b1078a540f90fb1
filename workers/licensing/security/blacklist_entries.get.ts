import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentBlacklistEntry } from "./presenters.ts";
import { blacklistEntryNotFound } from "./problems.ts";
import { BlacklistEntry } from "./schemas.ts";

export const getBlacklistEntry = endpoint({
  route: createRoute({
    operationId: "blacklist_entries.get",
    method: "get",
    path: "/v1/devices/blacklist/{id}",
    security: scope("blacklist:read"),
    summary: "Get a blacklist entry",
    request: { params: idParam("blk") },
    responses: { 200: json(BlacklistEntry, "The entry"), ...problems(blacklistEntryNotFound) },
  }),

  handler: async (c) => {
    const entry = await c.var.repo.blacklist.byId(c.req.valid("param").id);
    if (!entry) throw blacklistEntryNotFound({});
    return c.json(presentBlacklistEntry(entry), 200);
  },
});
