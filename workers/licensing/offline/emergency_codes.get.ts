import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentEmergencyCode } from "./presenters.ts";
import { emergencyCodeNotFound } from "./problems.ts";
import { EmergencyCode } from "./schemas.ts";

export const getEmergencyCode = endpoint({
  route: createRoute({
    operationId: "emergency_codes.get",
    method: "get",
    path: "/v1/emergency_codes/{id}",
    security: scope("emergency_codes:read"),
    summary: "Get an emergency code",
    description: "Who made it, why, and which device used it. Its text was shown once.",
    request: { params: idParam("emc") },
    responses: { 200: json(EmergencyCode, "The code"), ...problems(emergencyCodeNotFound) },
  }),

  handler: async (c) => {
    const code = await c.var.repo.emergencyCodes.byId(c.req.valid("param").id);
    if (!code) throw emergencyCodeNotFound({});
    return c.json(presentEmergencyCode(code), 200);
  },
});
