import { createRoute } from "@hono/zod-openapi";
import type { EmergencyCodeRow } from "#db/offline/emergency-codes";
import { randomBytes } from "#kernel/crypto";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { licenseNotFound } from "#kernel/not-found";
import { formatKey, keyBytes } from "#rules/licensing/keys";
import { EMERGENCY_S } from "#rules/licensing/olp/claims";
import { newDeviceDigest } from "#kernel/digests";
import { licenseNotActive } from "../problems.ts";
import { EMERGENCY_FORMAT, newEmergencyDigest, refuseStopped } from "./emergency.ts";
import { presentEmergencyCode } from "./presenters.ts";
import { emergencyLimitReached } from "./problems.ts";
import { EmergencyCodeWithText, NewEmergencyCode } from "./schemas.ts";

const MOST = 3;
const DAYS = 30;

export const createEmergencyCode = endpoint({
  route: createRoute({
    operationId: "emergency_codes.create",
    method: "post",
    path: "/v1/emergency_codes",
    security: scope("emergency_codes:write"),
    summary: "Make an emergency code",
    description:
      "Lets one device run for a day whatever the license's end or seats say. It ends 24 hours from now, used or not, takes no seat, and helps nobody whose license was revoked, canceled or suspended. Three within 30 days are the most.",
    request: { body: jsonBody(NewEmergencyCode) },
    responses: {
      201: json(EmergencyCodeWithText, "The code, which is shown once"),
      ...problems(licenseNotFound, licenseNotActive, emergencyLimitReached),
    },
  }),

  handler: async (c) => {
    const { repo, caller, now, realNow } = c.var;
    const { license_id: licenseId, reason, fingerprint } = c.req.valid("json");
    const license = await repo.licenses.byId(licenseId);
    if (!license) throw licenseNotFound({});
    refuseStopped(license.row, now);

    const code = formatKey(randomBytes(keyBytes(EMERGENCY_FORMAT)), EMERGENCY_FORMAT);
    const row: EmergencyCodeRow = {
      tenantId: repo.tenantId,
      id: newId("emergency_code", repo.shard, realNow),
      licenseId: license.row.id,
      codeHash: await newEmergencyDigest(c.env, repo.tenantId, code),
      deviceHash: fingerprint === undefined ? null : await newDeviceDigest(c.env, repo.tenantId, fingerprint),
      reason,
      createdBy: caller.keyId,
      createdAt: now,
      expiresAt: new Date(now.getTime() + EMERGENCY_S * 1000),
      redeemedAt: null,
      activationId: null,
    };
    const shown = presentEmergencyCode(row);
    const answer = { ...shown, code };
    const since = new Date(now.getTime() - DAYS * 24 * 3600 * 1000);
    const told = { facts: [fact("emergency_code.created", shown)], answer: [201, answer] as const };
    if (!(await repo.emergencyCodes.insert(row, { most: MOST, since }, told)))
      throw emergencyLimitReached({ most: MOST, days: DAYS });
    return c.json(answer, 201);
  },
});
