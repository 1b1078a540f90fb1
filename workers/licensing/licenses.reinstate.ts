import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { lift, whyNotMove } from "#rules/licensing/states";
import { changeLicense } from "./change-license.ts";
import { holdNotLiftable, invalidTransition } from "./problems.ts";
import { License, Reinstatement } from "./schemas.ts";

export const reinstateLicense = endpoint({
  route: createRoute({
    operationId: "licenses.reinstate",
    method: "post",
    path: "/v1/licenses/{id}/reinstate",
    security: scope("licenses:write"),
    summary: "Reinstate a license",
    description:
      "Lifts the holds that a tenant may lift, or those of one cause. Unpaid money and lapse end otherwise; a license with such a hold stays suspended.",
    request: { params: idParam("lic"), body: optionalJsonBody(Reinstatement) },
    responses: {
      200: json(License, "The license, with what holds are left"),
      ...problems(licenseNotFound, invalidTransition, holdNotLiftable, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { now } = c.var;
    const { cause } = c.req.valid("json");
    const license = await changeLicense(c.var, c.req.valid("param").id, "license.reinstated", ({ row }) => {
      const refused = whyNotMove(row, "reinstate", now);
      if (refused) throw invalidTransition({ detail: refused.detail });
      const { lifted, kept } = lift(row.holds, "tenant", cause);
      if (lifted.length === 0) throw holdNotLiftable({ causes: kept.map((hold) => hold.cause).join(", ") });
      return { holds: kept };
    });
    return c.json(license, 200);
  },
});
