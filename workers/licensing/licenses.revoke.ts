import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { changeLicense } from "./change-license.ts";
import { License, Revocation } from "./schemas.ts";

export const revokeLicense = endpoint({
  route: createRoute({
    operationId: "licenses.revoke",
    method: "post",
    path: "/v1/licenses/{id}/revoke",
    security: scope("licenses:write"),
    summary: "Revoke a license",
    description:
      "Ends the license for good, from whatever status it has. It is kept, with the reason; a revoked license stays as it is.",
    request: { params: idParam("lic"), body: jsonBody(Revocation) },
    responses: { 200: json(License, "The license, revoked"), ...problems(licenseNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { now } = c.var;
    const { reason } = c.req.valid("json");
    const license = await changeLicense(c.var, c.req.valid("param").id, "license.revoked", ({ row }) =>
      row.revokedAt === null ? { revokedAt: now, revokedReason: reason } : null,
    );
    return c.json(license, 200);
  },
});
