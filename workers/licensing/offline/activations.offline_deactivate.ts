import { createRoute } from "@hono/zod-openapi";
import type { OfflineRequestRow } from "#db/offline/devices";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { toldDeviceDigests } from "#kernel/digests";
import { mayKnow } from "#kernel/for-caller";
import { presentActivation } from "../presenters.ts";
import { activationNotFound } from "../problems.ts";
import { Activation } from "../schemas.ts";
import type { Asking } from "../take-seat.ts";
import { untilUnique } from "./answering.ts";
import { offlineRequestInvalid, receiptOutdated, requestReused } from "./problems.ts";
import { readReceipt, refuseOtherSigner, type ReceiptRead } from "./reading.ts";
import { Receipt } from "./schemas.ts";

export const offlineDeactivate = endpoint({
  route: createRoute({
    operationId: "activations.offline_deactivate",
    method: "post",
    path: "/v1/activations/offline_deactivate",
    security: scopeOrPublishable("activations:write"),
    summary: "Take back the seat of a device without a connection",
    description:
      "The receipt is signed by the device's own key and names its newest file, which it deletes before: so the seat is free at once. The same receipt again changes nothing.",
    request: { body: jsonBody(Receipt) },
    responses: {
      200: json(Activation, "The activation, released"),
      ...problems(offlineRequestInvalid, activationNotFound, receiptOutdated, requestReused, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const read = await readReceipt(c.var.repo.tenantId, c.req.valid("json").receipt);
    const activation = await untilUnique(() => released(c, read));
    return c.json(activation, 200);
  },
});

/** The activation after its receipt; undefined when something of it changed meanwhile. */
async function released(c: Asking, read: ReceiptRead) {
  const { repo, now } = c.var;
  const { claims, hash } = read;
  const { device, activation } = await receiptOf(c, read);
  const known = await repo.offlineDevices.requestOf(claims.rid);
  if (known && known.requestHash !== hash) throw requestReused({});
  // it may have been given back between the two reads
  if (known) return presentActivation((await repo.activations.byId(activation.id)) ?? activation);
  if (claims.file !== device.fileId || claims.seq !== device.seq) throw receiptOutdated({});
  if (activation.releasedAt !== null) return presentActivation(activation);

  const row = { ...activation, releasedAt: now, releasedReason: "returned", updatedAt: now };
  const after = presentActivation(row);
  const receipt: OfflineRequestRow = {
    tenantId: repo.tenantId,
    rid: claims.rid,
    requestHash: hash,
    activationId: row.id,
    action: "deactivate",
    createdAt: now,
  };
  const told = {
    facts: [changeFact("activation.released", presentActivation(activation), after)],
    answer: [200, after] as const,
  };
  return (await repo.activations.end(row, told, repo.offlineDevices.receipted(device, receipt))) && after;
}

/** The device that a receipt speaks of, which has signed it. Throws `activation_not_found` and `offline_request_invalid`. */
async function receiptOf({ env, var: { repo, caller, limits } }: Asking, { claims, message }: ReceiptRead) {
  const device = await repo.offlineDevices.byActivation(claims.act);
  const activation = await repo.activations.byId(claims.act);
  if (!device || !activation || !mayKnow(caller, device.productId)) throw activationNotFound({});
  if (claims.sub !== device.licenseId || claims.aud !== device.productId) throw activationNotFound({});
  await limits.license(device.licenseId);
  await refuseOtherSigner(message, device.deviceKey);
  const digests = await toldDeviceDigests(env, repo.tenantId, claims.fp);
  if (!digests.some((digest) => activation.deviceHash.endsWith(digest)))
    throw offlineRequestInvalid({ code: "WRONG_DEVICE", why: "The receipt is of another device." });
  return { device, activation };
}
