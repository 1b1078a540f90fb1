import { createRoute } from "@hono/zod-openapi";
import type { ActivationRow } from "#db/licensing/activations";
import type { Asked } from "#db/licensing/asked";
import type { License } from "#db/licensing/licenses";
import type { Caller } from "#kernel/auth";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scopeOrPublishable, type TenantEnv } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { changeFact, fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { licenseNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken, invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { holdsSeat } from "#rules/licensing/decide";
import { activationToken } from "./activation-token.ts";
import { afterFirstActivation } from "./beginnings.ts";
import { deviceDigests, keyDigests, newDeviceDigest } from "./digests.ts";
import { mayKnow } from "./for-caller.ts";
import { presentActivation, presentLicense } from "./presenters.ts";
import { licenseNotActive, restrictionViolated, seatLimitReached } from "./problems.ts";
import { refuseRestricted } from "./restricted.ts";
import { ActivationWithToken, NewActivation } from "./schemas.ts";
import { leaseFrom, refuseFull, refuseInactive } from "./seats.ts";

type Body = z.infer<typeof NewActivation>;
type Asking = { env: Env; var: TenantEnv["Variables"] };

export const createActivation = endpoint({
  route: createRoute({
    operationId: "activations.create",
    method: "post",
    path: "/v1/activations",
    security: scopeOrPublishable("activations:write"),
    summary: "Activate a license on a device",
    description:
      "Takes a seat for the device. The same device asking again gets the seat that it holds, and the same token; one whose lease ended gets its own seat again while one is free.",
    request: { body: jsonBody(NewActivation) },
    responses: {
      201: json(ActivationWithToken, "A seat was taken"),
      200: json(ActivationWithToken, "This device already holds a seat"),
      ...problems(licenseNotFound, licenseNotActive, restrictionViolated, seatLimitReached, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, caller, now } = c.var;
    const body = c.req.valid("json");
    refuseOwnFields(caller, body);
    const keyHashes = await keyDigests(c.env, repo.tenantId, body.license_key);
    const devices = await deviceDigests(c.env, repo.tenantId, body.fingerprint);

    const { row, status } = await changing(async () => {
      const { asked } = await repo.asked.byKey({ keyHashes, devices }, { at: now, version: body.app_version ?? undefined });
      if (!asked || !mayKnow(caller, asked.license.productId)) throw licenseNotFound({});
      refuseInactive(asked, now);
      refuseRestricted(asked, c.var, body.app_version ?? undefined);
      const { activation, terms } = asked.snapshot;
      if (activation && holdsSeat(activation, terms, now)) return heldSeat(c, activation.id);
      refuseFull(asked);
      // what was read may be outdated by now: the claim asks again, in the statement that takes the seat
      return activation ? reclaimSeat(c, asked, activation.id, body) : claimSeat(c, asked, devices, body);
    }).catch(asTaken({}));
    return c.json(await withToken(c.env, row), status);
  },
});

type Taken = { row: ActivationRow; status: 200 | 201 };

async function heldSeat({ var: { repo } }: Asking, id: string): Promise<Taken | undefined> {
  const row = await repo.activations.byId(id);
  return row && row.releasedAt === null ? { row, status: 200 } : undefined;
}

async function claimSeat(c: Asking, asked: Asked, devices: readonly string[], body: Body): Promise<Taken | undefined> {
  const { repo, now, realNow } = c.var;
  const row: ActivationRow = {
    tenantId: repo.tenantId,
    id: newId("activation", repo.shard, realNow),
    licenseId: asked.license.id,
    deviceHash: await newDeviceDigest(c.env, repo.tenantId, body.fingerprint),
    type: "online",
    ...toldOf(body),
    cores: null,
    components: [],
    devicePublicKey: null,
    generation: 1,
    metrics: { counters: {}, gauges: {}, seq: 0 },
    activatedAt: now,
    lastSeenAt: now,
    heartbeatAt: null,
    leaseExpiresAt: leaseFrom(asked, now),
    endsAt: null,
    cloneSuspectedAt: null,
    integrityFailedAt: null,
    releasedAt: null,
    releasedReason: null,
    ...newOwned(body, now),
  };
  const first = asked.snapshot.license.activatedAt === null ? await beginning(c, asked.license.id) : null;
  if (first === undefined) return undefined;
  const facts = [fact("activation.created", presentActivation(row)), ...(first ? [first.fact] : [])];
  const told = { facts, answer: [201, await withToken(c.env, row)] as const };
  return (await repo.activations.claimSeat(row, devices, first?.license.row ?? null, told)) && { row, status: 201 };
}

/** The license as its first activation leaves it; undefined when another device was first. */
async function beginning({ var: { repo, now } }: Asking, id: string) {
  const before = await repo.licenses.byId(id);
  if (!before || before.row.activatedAt !== null) return undefined;
  const license = afterFirstActivation(before, now, repo.tenant.timeZone);
  const seated: License = { ...license, seatsHeld: before.seatsHeld + 1 };
  return { license, fact: changeFact("license.activated", presentLicense(before, now), presentLicense(seated, now)) };
}

/** The seat of a device whose lease ended, in the row that it had: id and token stay. */
async function reclaimSeat(c: Asking, asked: Asked, id: string, body: Body): Promise<Taken | undefined> {
  const { repo, now } = c.var;
  const before = await repo.activations.byId(id);
  if (!before || before.releasedAt !== null) return undefined;
  // the activation counts as a beat: without one the lease would be told as missed
  const row = {
    ...before,
    ...toldOf(body),
    lastSeenAt: now,
    heartbeatAt: now,
    leaseExpiresAt: leaseFrom(asked, now),
    updatedAt: now,
  };
  const facts = [changeFact("activation.resumed", presentActivation(before), presentActivation(row))];
  const told = { facts, answer: [200, await withToken(c.env, row)] as const };
  return (await repo.activations.reclaimSeat(row, told)) && { row, status: 200 };
}

const toldOf = ({ user, name, platform, app_version: appVersion }: Body) => ({
  userRef: user ?? null,
  name: name ?? null,
  platform: platform ?? null,
  appVersion: appVersion ?? null,
});

const withToken = async (env: Env, row: ActivationRow) => ({
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
