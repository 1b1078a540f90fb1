import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { whyNotMove } from "#rules/licensing/states";
import { changeLicense } from "./change-license.ts";
import { invalidTransition } from "./problems.ts";
import { License, Suspension } from "./schemas.ts";

export const suspendLicense = endpoint({
  route: createRoute({
    operationId: "licenses.suspend",
    method: "post",
    path: "/v1/licenses/{id}/suspend",
    security: scope("licenses:write"),
    summary: "Suspend a license",
    description:
      "Puts a hold on the license: it validates no more until every hold is lifted. Expiry runs on. A license that is held for the same cause already stays as it is.",
    request: { params: idParam("lic"), body: jsonBody(Suspension) },
    responses: {
      200: json(License, "The license, suspended"),
      ...problems(licenseNotFound, invalidTransition, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { caller, now } = c.var;
    const { reason, cause } = c.req.valid("json");
    const license = await changeLicense(c.var, c.req.valid("param").id, "license.suspended", ({ row }) => {
      const refused = whyNotMove(row, "suspend", now);
      if (refused) throw invalidTransition({ detail: refused.detail });
      if (row.holds.some((hold) => hold.cause === cause)) return null;
      return { holds: [...row.holds, { cause, reason, by: caller.keyId, at: now }] };
    });
    return c.json(license, 200);
  },
});
