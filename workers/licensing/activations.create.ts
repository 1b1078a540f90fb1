import { createRoute } from "@hono/zod-openapi";
import type { ActivationRow } from "#db/licensing/activations";
import type { Caller } from "#kernel/auth";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile, externalIdTaken, invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { activationToken } from "./activation-token.ts";
import { deviceOf } from "./devices.ts";
import { keyDigests } from "#kernel/digests";
import { presentActivation } from "./presenters.ts";
import {
  activationRateLimited,
  coreLimitReached,
  deviceAlreadyActivated,
  deviceBlacklisted,
  kickNotAllowed,
  licenseNotActive,
  restrictionViolated,
  seatLimitReached,
  userLimitReached,
} from "./problems.ts";
import { ActivationWithToken, NewActivation } from "./schemas.ts";
import { takeSeat } from "./take-seat.ts";

type Body = z.infer<typeof NewActivation>;

export const createActivation = endpoint({
  route: createRoute({
    operationId: "activations.create",
    method: "post",
    path: "/v1/activations",
    security: scopeOrPublishable("activations:write"),
    summary: "Activate a license on a device",
    description:
      "Takes a seat for the device. The same device asking again gets the seat that it holds, and the same token; one whose lease ended gets its own seat again while one is free. What it claims anew (a user, cores) counts as if it were new.",
    request: { body: jsonBody(NewActivation) },
    responses: {
      201: json(ActivationWithToken, "A seat was taken"),
      200: json(ActivationWithToken, "This device already holds a seat"),
      ...problems(
        licenseNotFound,
        licenseNotActive,
        restrictionViolated,
        deviceBlacklisted,
        seatLimitReached,
        coreLimitReached,
        userLimitReached,
        kickNotAllowed,
        deviceAlreadyActivated,
        activationRateLimited,
        externalIdTaken,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, caller } = c.var;
    const body = c.req.valid("json");
    refuseOwnFields(caller, body);
    const { license_key: key, user, name, platform, cores } = body;
    const known = await deviceOf(c.env, repo.tenantId, body);
    const told = { user, name, platform, cores, appVersion: body.app_version, devicePublicKey: body.device_public_key };
    const beside = async (row: ActivationRow) => ({ statements: [], facts: [], answer: await withToken(c.env, row) });

    const taking = { type: "online", kick: body.kick, owned: body, beside } as const;
    const keyHashes = await keyDigests(c.env, repo.tenantId, key);
    const taken = await takeSeat(c, keyHashes, { known, ...told }, taking).catch(asTaken({}));
    return c.json(await withToken(c.env, taken.row), taken.status);
  },
});

/** An activation as its device is answered, with the token that it will come with. */
export const withToken = async (env: Env, row: ActivationRow) => ({
  ...presentActivation(row),
  activation_token: await activationToken(env, row),
});

/** What a tenant files its own objects under is not for the programs that its customers run. */
function refuseOwnFields({ kind }: Caller, body: Body): void {
  const field = (["external_id", "metadata"] as const).find((name) => body[name] !== undefined);
  if (kind === "secret" || field === undefined) return;
  const detail = "Only a secret key sets external_id and metadata.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer: `/${field}`, code: "secret_key_only", detail }] });
}
