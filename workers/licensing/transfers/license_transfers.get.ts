import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentTransfer } from "./presenters.ts";
import { licenseTransferNotFound } from "./problems.ts";
import { LicenseTransfer } from "./schemas.ts";

export const getLicenseTransfer = endpoint({
  route: createRoute({
    operationId: "license_transfers.get",
    method: "get",
    path: "/v1/license_transfers/{id}",
    security: scope("licenses:read"),
    summary: "Get a transfer of a license",
    request: { params: idParam("trf") },
    responses: { 200: json(LicenseTransfer, "The transfer"), ...problems(licenseTransferNotFound) },
  }),

  handler: async (c) => {
    const transfer = await c.var.repo.transfers.byId(c.req.valid("param").id);
    if (!transfer) throw licenseTransferNotFound({});
    return c.json(presentTransfer(transfer, c.var.now), 200);
  },
});
