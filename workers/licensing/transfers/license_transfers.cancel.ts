import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { endTransfer } from "./ending-transfer.ts";
import { licenseTransferNotFound, transferNotPending } from "./problems.ts";
import { LicenseTransfer } from "./schemas.ts";

export const cancelLicenseTransfer = endpoint({
  route: createRoute({
    operationId: "license_transfers.cancel",
    method: "post",
    path: "/v1/license_transfers/{id}/cancel",
    security: scope("licenses:write"),
    summary: "Cancel a transfer of a license",
    description: "Whoever offered it takes it back: the license stays where it is.",
    request: { params: idParam("trf") },
    responses: {
      200: json(LicenseTransfer, "The transfer, canceled"),
      ...problems(licenseTransferNotFound, transferNotPending, changedMeanwhile),
    },
  }),

  handler: async (c) => c.json(await endTransfer(c.var, c.req.valid("param").id, "canceled"), 200),
});
