import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { empty, endpoint, idParam, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentBlacklistEntry } from "./presenters.ts";
import { blacklistEntryNotFound } from "./problems.ts";

export const deleteBlacklistEntry = endpoint({
  route: createRoute({
    operationId: "blacklist_entries.delete",
    method: "delete",
    path: "/v1/devices/blacklist/{id}",
    security: scope("blacklist:write"),
    summary: "Let in again what was shut out",
    request: { params: idParam("blk") },
    responses: { 204: empty("The entry is deleted"), ...problems(blacklistEntryNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id } = c.req.valid("param");
    await changing(async () => {
      const entry = await repo.blacklist.byId(id);
      if (!entry) throw blacklistEntryNotFound({});
      const facts = [fact("blacklist_entry.deleted", presentBlacklistEntry(entry))];
      return repo.blacklist.delete(id, { facts, answer: [204, null] });
    });
    return c.body(null, 204);
  },
});
