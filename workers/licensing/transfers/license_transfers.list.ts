import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentTransfer } from "./presenters.ts";
import { LicenseTransfer, TransferQuery } from "./schemas.ts";

export const listLicenseTransfers = endpoint({
  route: createRoute({
    operationId: "license_transfers.list",
    method: "get",
    path: "/v1/license_transfers",
    security: scope("licenses:read"),
    summary: "List transfers of licenses",
    description: "Newest first; those that were carried out at once are among them.",
    request: { query: TransferQuery },
    responses: { 200: json(listOf(LicenseTransfer), "A page of transfers"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { license_id: licenseId, status, external_id: externalId } = query;
    const found = await repo.transfers.list(page, { licenseId, status, externalId });
    return c.json(await presentPage(repo.tenantId, query, found, (row) => presentTransfer(row, now)), 200);
  },
});
