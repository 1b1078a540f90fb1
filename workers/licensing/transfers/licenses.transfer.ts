import { createRoute } from "@hono/zod-openapi";
import type { License as LicenseRead } from "#db/licensing/licenses";
import type { TransferRow } from "#db/licensing/transfers";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope, type TenantEnv } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { customerNotFound, licenseNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken, invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { TRANSFER_OPEN_FOR } from "#rules/licensing/transfers";
import { addDuration } from "#rules/time";
import { invalidTransition, transferLimitReached } from "../problems.ts";
import { License } from "../schemas.ts";
import { carriedOut, commitTransfer, refuseTransfer } from "./carrying-out.ts";
import { presentTransfer } from "./presenters.ts";
import { licenseAlreadyTheirs, tooManyDevices, transferPending } from "./problems.ts";
import { LicenseTransfer, NewTransfer } from "./schemas.ts";

type Body = z.infer<typeof NewTransfer>;

export const transferLicense = endpoint({
  route: createRoute({
    operationId: "licenses.transfer",
    method: "post",
    path: "/v1/licenses/{id}/transfer",
    security: scope("licenses:write"),
    summary: "Transfer a license to another customer",
    description:
      "Carries it out at once or, with accept required, when it is accepted. Every device of the old customer is released; one that works offline holds its seat until its license file ends. The key stays: give the license a new one where the old customer must not know it.",
    request: { params: idParam("lic"), body: jsonBody(NewTransfer) },
    responses: {
      200: json(License, "The license, with its new customer"),
      201: json(LicenseTransfer, "The transfer, which waits to be accepted"),
      ...problems(
        licenseNotFound,
        customerNotFound,
        invalidTransition,
        licenseAlreadyTheirs,
        transferLimitReached,
        transferPending,
        tooManyDevices,
        externalIdTaken,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    if (body.accept === "none" && body.expires_in !== undefined) throw nothingWaits();

    const done = await changing(async () => {
      const license = await repo.licenses.byId(id);
      if (!license) throw licenseNotFound({});
      const to = await repo.customers.byId(body.customer_id);
      if (!to) throw customerNotFound({});
      refuseTransfer(license, to.id, now);
      const pending = await repo.transfers.pendingOf(id);
      if (pending) throw transferPending({ transfer: pending.id });

      const row = newTransfer(c.var, license, body);
      if (body.accept === "required") return offered(c.var, license, row);
      const carried = await carriedOut(repo, license, to, now);
      const facts = [fact("license_transfer.created", presentTransfer(row, now)), ...carried.facts];
      const told = { facts, answer: [200, carried.shown] as const };
      return (await commitTransfer(repo, carried, { row, made: true }, told)) && carried.shown;
    }).catch(asTaken({}));
    return done.object === "license" ? c.json(done, 200) : c.json(done, 201);
  },
});

/** Undefined when the license changed, or another transfer of it was faster. */
async function offered({ repo, now }: TenantEnv["Variables"], license: LicenseRead, row: TransferRow) {
  const transfer = presentTransfer(row, now);
  const told = { facts: [fact("license_transfer.created", transfer)], answer: [201, transfer] as const };
  return (await repo.transfers.offer(license.row, row, told)) && transfer;
}

function newTransfer({ repo, now, realNow }: TenantEnv["Variables"], { row }: LicenseRead, body: Body): TransferRow {
  const waits = body.accept === "required";
  return {
    tenantId: repo.tenantId,
    id: newId("license_transfer", repo.shard, realNow),
    licenseId: row.id,
    fromCustomerId: row.customerId,
    toCustomerId: body.customer_id,
    status: waits ? "pending" : "accepted",
    reason: body.reason ?? null,
    expiresAt: waits ? addDuration(now, body.expires_in ?? TRANSFER_OPEN_FOR, repo.tenant.timeZone) : null,
    endedAt: waits ? null : now,
    ...newOwned(body, now),
  };
}

function nothingWaits() {
  const detail = "Only a transfer that is to be accepted waits, and for a time.";
  return invalidRequest({ what: detail }, { errors: [{ pointer: "/expires_in", code: "not_waiting", detail }] });
}
