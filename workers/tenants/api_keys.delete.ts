import { createRoute } from "@hono/zod-openapi";
import { empty, endpoint, idParam, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { presentApiKey } from "./presenters.ts";
import { apiKeyNotFound } from "./problems.ts";

export const deleteApiKey = endpoint({
  route: createRoute({
    operationId: "api_keys.delete",
    method: "delete",
    path: "/v1/api_keys/{id}",
    security: scope("api_keys:write"),
    summary: "Revoke an API key",
    description: "The key, and every key that it made, is refused from now on. Revoking it again changes nothing.",
    request: { params: idParam("key") },
    responses: { 204: empty("The key is revoked"), ...problems(apiKeyNotFound) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { livemode } = repo.tenant;
    const key = await repo.apiKeys.byId(c.req.valid("param").id);
    if (!key) throw apiKeyNotFound({});
    const ended = [key, ...(await repo.apiKeys.descendants(key.id))].map((row) => ({ ...row, revokedAt: now, updatedAt: now }));
    const facts = ended.map((row) => fact("api_key.revoked", presentApiKey(row, livemode)));
    // undefined: it was revoked before, and what was asked for is so
    await repo.apiKeys.revoke(
      ended.map(({ id }) => id),
      { facts, answer: [204, null] },
    );
    return c.body(null, 204);
  },
});
