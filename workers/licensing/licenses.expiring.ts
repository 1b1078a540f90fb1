import { createRoute } from "@hono/zod-openapi";
import type { License as LicenseRead } from "#db/licensing/licenses";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { addDuration } from "#rules/time";
import { presentLicense } from "./presenters.ts";
import { ExpiringQuery, License } from "./schemas.ts";

export const listExpiringLicenses = endpoint({
  route: createRoute({
    operationId: "licenses.expiring",
    method: "get",
    path: "/v1/licenses/expiring",
    security: scope("licenses:read"),
    summary: "List licenses that run out soon",
    description:
      "The next one first. Held licenses are among them, because expiry runs on; revoked ones, and those that a cancellation ends before, are not.",
    request: { query: ExpiringQuery },
    responses: { 200: json(listOf(License), "A page of licenses"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const query = c.req.valid("query");
    const { limit, before } = await pageAsked(repo.tenantId, query);
    const until = addDuration(now, query.within, repo.tenant.timeZone);
    const { customer_id: customerId, product_id: productId, auto_renew: autoRenew } = query;
    const found = await repo.licenses.expiring({ limit, after: placeFrom(before) }, until, { customerId, productId, autoRenew });
    const placed = { rows: found.rows.map((license) => ({ id: placeOf(license), license })), hasMore: found.hasMore };
    return c.json(await presentPage(repo.tenantId, query, placed, ({ license }) => presentLicense(license, now)), 200);
  },
});

/** Where a license stands in the order of this list: by its end, and among equal ends by its id. */
const placeOf = ({ row }: LicenseRead) => `${row.expiresAt?.getTime()}.${row.id}`;

function placeFrom(cursor: string | null): { expiresAt: Date; id: string } | null {
  if (cursor === null) return null;
  const [, ms, id] = /^(\d{1,15})\.(\w{1,64})$/.exec(cursor) ?? [];
  if (ms === undefined || id === undefined) throw invalidCursor({});
  return { expiresAt: new Date(Number(ms)), id };
}
