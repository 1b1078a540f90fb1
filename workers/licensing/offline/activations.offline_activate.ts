import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import {
  activationNotFound,
  activationRateLimited,
  deviceAlreadyActivated,
  deviceBlacklisted,
  licenseNotActive,
  restrictionViolated,
  seatLimitReached,
  userLimitReached,
  coreLimitReached,
} from "../problems.ts";
import { answerRequest, provedLicense } from "./answering.ts";
import {
  cloneRefused,
  offlineKeysetPending,
  offlineNeedsSecretKey,
  offlineNotAllowed,
  offlineRequestInvalid,
  requestReused,
  requestSuperseded,
  statusListFull,
} from "./problems.ts";
import { readRequest } from "./reading.ts";
import { LicenseFile, OfflineActivation } from "./schemas.ts";

export const offlineActivate = endpoint({
  route: createRoute({
    operationId: "activations.offline_activate",
    method: "post",
    path: "/v1/activations/offline_activate",
    security: scopeOrPublishable("activations:write"),
    summary: "Answer the request of a device without a connection",
    description:
      "Takes a seat as any activation does, and makes the license file that the device runs by. The same request gets the same file while that is the newest of its device and of use; a copy of it is of no use elsewhere. A file ends with the license's grace at the latest.",
    request: { body: jsonBody(OfflineActivation) },
    responses: {
      201: json(LicenseFile, "A seat was taken; the file"),
      200: json(LicenseFile, "The device held a seat; the file"),
      ...problems(
        offlineRequestInvalid,
        licenseNotFound,
        activationNotFound,
        licenseNotActive,
        offlineNotAllowed,
        offlineNeedsSecretKey,
        restrictionViolated,
        deviceBlacklisted,
        cloneRefused,
        seatLimitReached,
        coreLimitReached,
        userLimitReached,
        deviceAlreadyActivated,
        activationRateLimited,
        requestReused,
        requestSuperseded,
        offlineKeysetPending,
        statusListFull,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const read = await readRequest(c.var.repo.tenantId, c.req.valid("json").request);
    const { status, answer } = await answerRequest(c, read, await provedLicense(c, read));
    return c.json(answer, status);
  },
});
