import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { presentLicense } from "./presenters.ts";
import { License } from "./schemas.ts";

export const getLicense = endpoint({
  route: createRoute({
    operationId: "licenses.get",
    method: "get",
    path: "/v1/licenses/{id}",
    security: scope("licenses:read"),
    summary: "Get a license",
    request: { params: idParam("lic") },
    responses: { 200: json(License, "The license"), ...problems(licenseNotFound) },
  }),

  handler: async (c) => {
    const license = await c.var.repo.licenses.byId(c.req.valid("param").id);
    if (!license) throw licenseNotFound({});
    return c.json(presentLicense(license, c.var.now), 200);
  },
});
