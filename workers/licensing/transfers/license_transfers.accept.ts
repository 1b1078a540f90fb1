import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { customerNotFound, licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { invalidTransition, transferLimitReached } from "../problems.ts";
import { carriedOut, commitTransfer, refuseTransfer } from "./carrying-out.ts";
import { waiting } from "./ending-transfer.ts";
import { presentTransfer } from "./presenters.ts";
import { licenseAlreadyTheirs, licenseTransferNotFound, tooManyDevices, transferNotPending } from "./problems.ts";
import { LicenseTransfer } from "./schemas.ts";

export const acceptLicenseTransfer = endpoint({
  route: createRoute({
    operationId: "license_transfers.accept",
    method: "post",
    path: "/v1/license_transfers/{id}/accept",
    security: scope("licenses:write"),
    summary: "Accept a transfer of a license",
    description: "Carries it out: the license is judged anew, and every device of the old customer is released.",
    request: { params: idParam("trf") },
    responses: {
      200: json(LicenseTransfer, "The transfer, accepted"),
      ...problems(
        licenseTransferNotFound,
        licenseNotFound,
        customerNotFound,
        transferNotPending,
        invalidTransition,
        licenseAlreadyTheirs,
        transferLimitReached,
        tooManyDevices,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const transfer = await changing(async () => {
      const before = await waiting(repo, id, now);
      const license = await repo.licenses.byId(before.licenseId);
      if (!license) throw licenseNotFound({});
      const to = await repo.customers.byId(before.toCustomerId);
      if (!to) throw customerNotFound({});
      refuseTransfer(license, to.id, now);

      const carried = await carriedOut(repo, license, to, now);
      const row = { ...before, status: "accepted" as const, endedAt: now, updatedAt: now };
      const after = presentTransfer(row, now);
      const facts = [changeFact("license_transfer.accepted", presentTransfer(before, now), after), ...carried.facts];
      return (await commitTransfer(repo, carried, { row, made: false }, { facts, answer: [200, after] })) && after;
    });
    return c.json(transfer, 200);
  },
});
