import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { endTransfer } from "./ending-transfer.ts";
import { licenseTransferNotFound, transferNotPending } from "./problems.ts";
import { LicenseTransfer } from "./schemas.ts";

export const declineLicenseTransfer = endpoint({
  route: createRoute({
    operationId: "license_transfers.decline",
    method: "post",
    path: "/v1/license_transfers/{id}/decline",
    security: scope("licenses:write"),
    summary: "Decline a transfer of a license",
    description: "The customer to whom it was offered does not want it: the license stays where it is.",
    request: { params: idParam("trf") },
    responses: {
      200: json(LicenseTransfer, "The transfer, declined"),
      ...problems(licenseTransferNotFound, transferNotPending, changedMeanwhile),
    },
  }),

  handler: async (c) => c.json(await endTransfer(c.var, c.req.valid("param").id, "declined"), 200),
});
