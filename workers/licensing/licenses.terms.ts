import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, listOf, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentLicenseTerm } from "./presenters.ts";
import { LicenseTerm, LicenseTermQuery } from "./schemas.ts";

export const listLicenseTerms = endpoint({
  route: createRoute({
    operationId: "licenses.terms",
    method: "get",
    path: "/v1/licenses/{id}/terms",
    security: scope("licenses:read"),
    summary: "List the terms of a license",
    description:
      "The chain of its periods, newest first: when each began and ended, and what it came from. The newest one ends when the license does.",
    request: { params: idParam("lic"), query: LicenseTermQuery },
    responses: { 200: json(listOf(LicenseTerm), "A page of terms"), ...problems(licenseNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const license = await repo.licenses.byId(c.req.valid("param").id);
    if (!license) throw licenseNotFound({});

    // the cursor is bound to the license, as it is to filters
    const query = { ...c.req.valid("query"), license: license.row.id };
    const { limit, before } = await pageAsked(repo.tenantId, query);
    const found = await repo.licenseTerms.list(license.row.id, limit, before === null ? null : numberIn(before));
    const rows = found.rows.map((row) => ({ ...row, id: String(row.n) }));
    return c.json(await presentPage(repo.tenantId, query, { ...found, rows }, presentLicenseTerm), 200);
  },
});

function numberIn(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw invalidCursor({});
  return Number(cursor);
}
