import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentBlacklistEntry } from "./presenters.ts";
import { BlacklistEntry, BlacklistQuery } from "./schemas.ts";

export const listBlacklistEntries = endpoint({
  route: createRoute({
    operationId: "blacklist_entries.list",
    method: "get",
    path: "/v1/devices/blacklist",
    security: scope("blacklist:read"),
    summary: "List what is shut out",
    description: "Newest first. Entries that have ended are listed until they are deleted.",
    request: { query: BlacklistQuery },
    responses: { 200: json(listOf(BlacklistEntry), "A page of entries"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const found = await repo.blacklist.list(page, { kind: query.kind, externalId: query.external_id });
    return c.json(await presentPage(repo.tenantId, query, found, presentBlacklistEntry), 200);
  },
});
