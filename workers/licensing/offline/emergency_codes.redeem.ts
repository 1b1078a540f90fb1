import { createRoute } from "@hono/zod-openapi";
import type { ActivationRow } from "#db/licensing/activations";
import type { License } from "#db/licensing/licenses";
import { emergencyDevice } from "#db/licensing/rows";
import type { EmergencyCodeRow } from "#db/offline/emergency-codes";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import { changeFact, fact } from "#kernel/facts";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { activationToken } from "../activation-token.ts";
import { deviceOf } from "../devices.ts";
import { proofDigests } from "#kernel/digests";
import { mayKnow } from "#kernel/for-caller";
import { presentActivation } from "../presenters.ts";
import { deviceBlacklisted, licenseNotActive, restrictionViolated } from "../problems.ts";
import { fromOf, refuseRestricted } from "../restricted.ts";
import { refuseShutOut } from "../seats.ts";
import { newActivationRow, type Asking, type Device } from "../take-seat.ts";
import { deviceIn, untilUnique } from "./answering.ts";
import { emergencyDigests, refuseStopped } from "./emergency.ts";
import { filed } from "./file.ts";
import { presentEmergencyCode } from "./presenters.ts";
import {
  emergencyCodeExpired,
  emergencyCodeForOther,
  emergencyCodeNotFound,
  emergencyCodeUsed,
  offlineKeysetPending,
  offlineNotAllowed,
  offlineRequestInvalid,
  requestReused,
  requestSuperseded,
  statusListFull,
} from "./problems.ts";
import { readRequest, type RequestRead } from "./reading.ts";
import { EmergencyActivation, Redemption } from "./schemas.ts";
import { trustOf, usable } from "./trust.ts";

type Body = z.infer<typeof Redemption>;
type Answer = z.infer<typeof EmergencyActivation>;

export const redeemEmergencyCode = endpoint({
  route: createRoute({
    operationId: "emergency_codes.redeem",
    method: "post",
    path: "/v1/emergency_codes/redeem",
    security: scopeOrPublishable("activations:write"),
    summary: "Use an emergency code",
    description:
      "Gives the device an activation that runs until the code's end, beside every seat; it lifts no restriction to places or versions, nor a prohibition of offline use. The same device gets the same one again. A device without a connection sends its request instead of a fingerprint, and gets a file as well.",
    request: { body: jsonBody(Redemption) },
    responses: {
      201: json(EmergencyActivation, "The code was used by this device"),
      200: json(EmergencyActivation, "This device used the code before"),
      ...problems(
        emergencyCodeNotFound,
        emergencyCodeExpired,
        emergencyCodeUsed,
        emergencyCodeForOther,
        licenseNotFound,
        licenseNotActive,
        deviceBlacklisted,
        restrictionViolated,
        offlineNotAllowed,
        offlineRequestInvalid,
        requestReused,
        requestSuperseded,
        offlineKeysetPending,
        statusListFull,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const body = c.req.valid("json");
    const read = body.request === undefined ? undefined : await readRequest(repo.tenantId, body.request);
    const found = await repo.emergencyCodes.byCodeHashes(await emergencyDigests(c.env, repo.tenantId, body.code));
    if (!found) throw emergencyCodeNotFound({});
    const device = await deviceAsking(c, body, read);

    const { answer, status } = await untilUnique(async () => {
      const license = await licenseOf(c, found, read);
      await refuseDevice(c, license, device);
      const code = (await repo.emergencyCodes.byId(found.id)) ?? found;
      return code.activationId === null
        ? redeemed(c, { code, license, device, read })
        : again(c, { code, device, read }, code.activationId);
    });
    return c.json(answer, status);
  },
});

type Answered = { answer: Answer; status: 200 | 201 };

async function deviceAsking(c: Asking, body: Body, read: RequestRead | undefined): Promise<Device> {
  if (read) return deviceIn(c, read);
  const known = await deviceOf(c.env, c.var.repo.tenantId, { fingerprint: body.fingerprint ?? "" });
  return { known, name: body.name, platform: body.platform, appVersion: body.app_version };
}

/** The code's license, where nobody stopped it; a device without a connection must have proved its key. */
async function licenseOf(
  { env, var: { repo, caller, limits, now } }: Asking,
  code: EmergencyCodeRow,
  read: RequestRead | undefined,
): Promise<License> {
  const license = await repo.licenses.byId(code.licenseId);
  if (!license || !mayKnow(caller, license.row.productId)) throw emergencyCodeNotFound({});
  await limits.license(license.row.id);
  if (read) {
    const proved = await repo.offlineDevices.licenseByProof(await proofDigests(env, repo.tenantId, read.claims.proof.x));
    if (proved?.id !== license.row.id || read.claims.aud !== license.row.productId) throw licenseNotFound({});
  }
  refuseStopped(license.row, now);
  if (read && !license.terms.offline.allowed) throw offlineNotAllowed({ license: license.row.id });
  return license;
}

/** Throws for a device that the vendor has shut out, and for a place or version that the license is not for, whatever it has in its hand. */
async function refuseDevice({ var: vars }: Asking, { row }: License, { known, appVersion }: Device): Promise<void> {
  const { repo, now, ip } = vars;
  const how = { at: now, version: appVersion ?? undefined, from: fromOf(ip), parts: known.parts, toSeat: true };
  const asked = await repo.asked.byKey({ keyHashes: [row.keyHash], devices: known.digests }, how);
  if (!asked) return;
  refuseShutOut(asked);
  refuseRestricted(asked, vars, appVersion ?? undefined);
}

type Redeeming = { code: EmergencyCodeRow; license: License; device: Device; read: RequestRead | undefined };

/** Uses the code up; undefined where another device was faster, or the license was stopped meanwhile. */
async function redeemed(c: Asking, { code, license, device, read }: Redeeming): Promise<Answered | undefined> {
  const { repo, now } = c.var;
  if (code.expiresAt <= now) throw emergencyCodeExpired({ at: code.expiresAt.toISOString() });
  if (code.deviceHash !== null && !device.known.digests.includes(code.deviceHash)) throw emergencyCodeForOther({});
  if (read && (await repo.offlineDevices.requestOf(read.claims.rid))) throw requestReused({});

  const row = newActivationRow(c.var, device, {
    type: "emergency",
    licenseId: license.row.id,
    deviceHash: emergencyDevice(device.known.digest),
    leaseExpiresAt: null,
    endsAt: code.expiresAt,
  });
  const file = read && (await fileFor(c, { license, read, row, end: code.expiresAt }));
  const answer = await presented(c, row, file?.answer.license_file ?? null);
  const after = { ...code, redeemedAt: now, activationId: row.id };
  const facts = [
    fact("activation.created", presentActivation(row)),
    changeFact("emergency_code.redeemed", presentEmergencyCode(code), presentEmergencyCode(after)),
    ...(file?.facts ?? []),
  ];
  const also = [...repo.emergencyCodes.redeemed(code.id, row.id), ...(file?.statements ?? [])];
  const done = await repo.seats.insertEmergency(row, also, { facts, answer: [201, answer] });
  return done && { answer, status: 201 };
}

type Filing = { license: License; read: RequestRead; row: ActivationRow; end: Date };

async function fileFor(c: Asking, { license, read, row, end }: Filing) {
  const trust = usable(await trustOf(c.var), c.var.now);
  return filed(c.var, { license, activation: row, read, trust, before: undefined, emergencyEnd: end });
}

/** What the device got that used the code before. */
async function again(c: Asking, { code, device, read }: Omit<Redeeming, "license">, id: string): Promise<Answered> {
  const { repo, now } = c.var;
  const row = await repo.activations.byId(id);
  const isSame = row && device.known.digests.some((digest) => row.deviceHash === emergencyDevice(digest));
  if (!isSame || row.releasedAt !== null) throw emergencyCodeUsed({});
  if (code.expiresAt <= now) throw emergencyCodeExpired({ at: code.expiresAt.toISOString() });
  if (!read) return { answer: await presented(c, row, null), status: 200 };
  const known = await repo.offlineDevices.byActivation(row.id);
  if (known?.requestHash !== read.hash)
    throw requestSuperseded({ why: "The code was used with another request of this device." });
  return { answer: await presented(c, row, known.file), status: 200 };
}

const presented = async ({ env }: Asking, row: ActivationRow, file: string | null): Promise<Answer> => ({
  ...presentActivation(row),
  activation_token: await activationToken(env, row),
  license_file: file,
});
