import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { keyDigests } from "#kernel/digests";
import { presentLicense } from "./presenters.ts";
import { KeyLookup, License } from "./schemas.ts";

export const lookupLicense = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "licenses.lookup",
    method: "post",
    path: "/v1/licenses/lookup",
    security: scope("licenses:read"),
    summary: "Find a license by its key",
    description:
      "Keys of our making are forgiven case, spaces, dashes and O/0, I/L/1; imported ones match exactly. The key travels in the body, so that no log of addresses holds it.",
    request: { body: jsonBody(KeyLookup) },
    responses: { 200: json(License, "The license"), ...problems(licenseNotFound) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const license = await repo.licenses.byKeyHashes(await keyDigests(c.env, repo.tenantId, c.req.valid("json").license_key));
    if (!license) throw licenseNotFound({});
    return c.json(presentLicense(license, now), 200);
  },
});
