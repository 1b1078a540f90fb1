import type { Known } from "#db/licensing/activations";
import type { Asked } from "#db/licensing/asked";
import { keyDigests } from "#kernel/digests";
import { fact } from "#kernel/facts";
import { findsByKey, sourceByKey } from "#kernel/hot/by-key";
import type { HotAnswer, HotAsking, HotLicense, HotRoute } from "#kernel/hot/door";
import { blacklistReasons, mayActivate, unknownVersionReasons } from "#rules/licensing/decide";
import { isTrial, seatLimits } from "#rules/licensing/terms";
import { createActivation, withToken } from "../activations.create.ts";
import { deviceOf, type KnownDevice } from "../devices.ts";
import { presentActivation } from "../presenters.ts";
import { fromOf, isRestricted } from "../restricted.ts";
import { leaseFrom } from "../seats.ts";
import { hasItsSeat, newActivationRow, type Device } from "../take-seat.ts";
import { plainActivation, type PlainActivation } from "./plain.ts";

/**
 * `activations.create` of a license that is known here: decided by what is known, and written in one call whose claim asks in the database
 * whether that is still so. A seat that is given, or held already, is answered; whatever else comes of it is the router's to look into, so that
 * nothing is ever refused by what was known.
 */
export const hotActivation: HotRoute<PlainActivation> = {
  operation: "activations.create",
  security: createActivation.route.security ?? [],
  keepsAnswers: true,
  isForKnown: true,
  plain: plainActivation,
  finds: (body) => findsByKey(questionOf(body)),
  source: (asking, body) => sourceByKey(asking, questionOf(body)),
  answer,
};

/** The license is found without the device: one that has no seat yet is known to nobody. */
const questionOf = ({ license_key, app_version: version }: PlainActivation) => ({
  license_key,
  ...(typeof version === "string" && { version }),
});

async function answer(asking: HotAsking, body: PlainActivation, { known, callerIsStale }: HotLicense): Promise<HotAnswer> {
  const asked = known?.entry.asked;
  if (!asked || known.stale || callerIsStale || !looksFree(asking, asked, body)) return undefined;
  const { env, tenantId, now } = asking;
  const [device, keyHashes] = await Promise.all([deviceOf(env, tenantId, body), keyDigests(env, tenantId, body.license_key)]);
  const { row, made, held } = await claim(asking, asked, body, { device, keyHashes });
  if (made) return { status: 201, text: JSON.stringify(await withToken(env, row)) };
  if (!held || !hasItsSeat(asked, toldBy(body, device), held, now)) return undefined;
  return { status: 200, text: JSON.stringify(await withToken(env, held)) };
}

type Finding = { device: KnownDevice; keyHashes: readonly string[] };

/** Claims the seat for the device as it would be without having been here before. */
async function claim(asking: HotAsking, asked: Asked, body: PlainActivation, { device, keyHashes }: Finding) {
  const { now, realNow } = asking;
  const repo = asking.repo();
  const row = newActivationRow({ repo, now, realNow }, toldBy(body, device), {
    type: "online",
    licenseId: asked.license.id,
    deviceHash: device.digest,
    leaseExpiresAt: leaseFrom(asked, now),
    endsAt: null,
  });
  const seating = { devices: device.digests, keyHashes, type: asked.snapshot.terms.type };
  const told = fact("activation.created", presentActivation(row));
  const claimed = await repo.seats.claimSeatAsKnown(row, seating, knownOf(asking, asked, body), told);
  return { row, made: claimed.made, held: claimed.made ? undefined : claimed.held };
}

/** Whether nothing that is known stands against a seat, nor anything that belongs to one beside the seat itself. */
function looksFree(asking: HotAsking, asked: Asked, { app_version: version }: PlainActivation): boolean {
  const { snapshot } = asked;
  const { terms, license, counts } = snapshot;
  // who is first begins the license; a named user takes a place, and a trial is had once by a device
  if (license.activatedAt === null || terms.type === "named_user" || isTrial(terms)) return false;
  const { limit } = seatLimits(terms);
  if (limit !== null && counts.held >= limit) return false;
  const reasons = [...blacklistReasons(snapshot), ...mayActivate(snapshot, asking.now), ...unknownVersionReasons(snapshot)];
  return reasons.length === 0 && !isRestricted(asked, asking, version ?? undefined);
}

/** What the claim asks of again. A device whose parts would be looked for tells of them, and is the router's. */
function knownOf({ ip }: HotAsking, { license, snapshot }: Asked, { app_version: version }: PlainActivation): Known {
  const release = typeof version === "string" ? { version, at: snapshot.versionReleasedAt } : null;
  return { version: license.version, parts: [], from: fromOf(ip), release };
}

const toldBy = ({ user, name, platform, cores, app_version: appVersion }: PlainActivation, known: KnownDevice): Device => ({
  known,
  user,
  name,
  platform,
  cores,
  appVersion,
});
