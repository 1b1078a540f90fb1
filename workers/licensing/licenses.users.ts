import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, listOf, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentNamedUser } from "./presenters.ts";
import { NamedUser, NamedUserQuery } from "./schemas.ts";

export const listLicenseUsers = endpoint({
  route: createRoute({
    operationId: "licenses.users",
    method: "get",
    path: "/v1/licenses/{id}/users",
    security: scope("licenses:read"),
    summary: "List the named users of a license",
    description: "Who has a place of the license, in the reverse order of their names. Licenses of other types have none.",
    request: { params: idParam("lic"), query: NamedUserQuery },
    responses: { 200: json(listOf(NamedUser), "A page of users"), ...problems(licenseNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const license = await repo.licenses.byId(c.req.valid("param").id);
    if (!license) throw licenseNotFound({});
    const found = await repo.namedUsers.list(license.row.id, await pageAsked(repo.tenantId, query));
    return c.json(await presentPage(repo.tenantId, query, found, presentNamedUser), 200);
  },
});
