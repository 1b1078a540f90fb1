import { NotUnique, type Fact, type Statement } from "#db/commit";
import type { ActivationRow } from "#db/licensing/activations";
import type { Asked } from "#db/licensing/asked";
import type { License } from "#db/licensing/licenses";
import type { OfflineDeviceRow, OfflineRequestRow, Proved } from "#db/offline/devices";
import { changing } from "#kernel/changing";
import { changeFact } from "#kernel/facts";
import { licenseNotFound } from "#kernel/not-found";
import { ProblemError } from "#kernel/problem";
import { claimsOf } from "#rules/licensing/olp/claims";
import { readMessage } from "#rules/licensing/olp/message";
import { afterFirstActivation } from "../beginnings.ts";
import { toldDeviceOf } from "../devices.ts";
import { proofDigests } from "#kernel/digests";
import { mayKnow } from "#kernel/for-caller";
import { presentActivation } from "../presenters.ts";
import { activationNotFound } from "../problems.ts";
import { fromOf, refuseRestricted } from "../restricted.ts";
import { refuseInactive, refuseShutOut, rowHolds } from "../seats.ts";
import { noted } from "../security/noting.ts";
import { byParts, takeSeat, type Asking, type Device } from "../take-seat.ts";
import { endOfFile, filed, presentFile, type Filed } from "./file.ts";
import { cloneRefused, offlineNeedsSecretKey, offlineNotAllowed, requestReused, requestSuperseded } from "./problems.ts";
import type { RequestRead } from "./reading.ts";
import { trustOf, usable } from "./trust.ts";

/** Under so many bits a key can be guessed by whoever has a request, which needs no server to try. */
const PROVABLE_BITS = 80;

/** The answer to a request. */
export type Answered = { status: 200 | 201; answer: Filed["answer"] };

/** The license whose key a request proves. Throws `license_not_found` and `offline_needs_secret_key`. */
export async function provedLicense({ env, var: { repo, caller, limits } }: Asking, { claims }: RequestRead): Promise<Proved> {
  const found = await repo.offlineDevices.licenseByProof(await proofDigests(env, repo.tenantId, claims.proof.x));
  if (!found || found.productId !== claims.aud || !mayKnow(caller, found.productId)) throw licenseNotFound({});
  if (caller.kind === "publishable" && (found.keyBits ?? 0) < PROVABLE_BITS) throw offlineNeedsSecretKey({});
  await limits.license(found.id);
  return found;
}

/** Repeats what met a row of the same name meanwhile: an index of a status list, or the request itself, which is then found. */
export const untilUnique = <T>(attempt: () => Promise<T | undefined>): Promise<T> =>
  changing(async () => {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof NotUnique && error.columns.includes("offline_")) return undefined;
      throw error;
    }
  });

/** The device of a request, with what it tells of itself. */
export async function deviceIn({ env, var: { repo } }: Asking, { claims }: RequestRead): Promise<Device> {
  const known = await toldDeviceOf(env, repo.tenantId, { digest: claims.fp, components: claims.components });
  const { user, name, platform, app_version: appVersion, key: devicePublicKey } = claims;
  return { known, user, name, platform, appVersion, devicePublicKey };
}

/** Answers a request: with the file that it got before, or with a new one and the seat that belongs to it. */
export function answerRequest(c: Asking, read: RequestRead, license: Proved): Promise<Answered> {
  return untilUnique(async () => {
    const known = await c.var.repo.offlineDevices.requestOf(read.claims.rid);
    return known ? sameAnswer(c, read, license, known) : newAnswer(c, read, license);
  });
}

/** The file that a request got before, while it is the newest of its device and of use. */
async function sameAnswer(c: Asking, read: RequestRead, license: Proved, known: OfflineRequestRow): Promise<Answered> {
  const { repo, now } = c.var;
  if (known.requestHash !== read.hash) throw requestReused({});
  const device = await repo.offlineDevices.byActivation(known.activationId);
  const activation = await repo.activations.byId(known.activationId);
  if (!device || !activation || device.rid !== read.claims.rid)
    throw requestSuperseded({ why: "A newer file was made for this device." });
  await refuseUseless(c, read, license, { device, activation });
  const end = endOfFile(device);
  if (end <= now) throw requestSuperseded({ why: `The file ended on ${end.toISOString()}.` });
  return { status: 200, answer: presentFile(device, activation) };
}

/** Throws `request_superseded` where what stands against a new file stands against the old one too. */
async function refuseUseless(
  c: Asking,
  read: RequestRead,
  license: Proved,
  { device, activation }: { device: OfflineDeviceRow; activation: ActivationRow },
): Promise<void> {
  const { repo, now } = c.var;
  const asked = await askedBy(c, read, license);
  try {
    if (!asked) throw licenseNotFound({});
    refuseShutOut(asked);
    refuseInactive(asked, now);
    refuseRestricted(asked, c.var, read.claims.app_version ?? undefined);
    refuseNotOffline(asked);
  } catch (error) {
    if (error instanceof ProblemError) throw requestSuperseded({ why: error.detail });
    throw error;
  }
  if (!rowHolds(activation, asked.snapshot.terms, now)) throw requestSuperseded({ why: "The device gave its seat back." });
  const { kid } = readMessage(device.file.split("~")[1] ?? "", "license", "emergency");
  const { keys } = await repo.offlineKeys.trust();
  if (keys.some((key) => key.kid === kid && key.revokedAt !== null))
    throw requestSuperseded({ why: "The key that signed its file was revoked." });
}

async function askedBy(c: Asking, read: RequestRead, { keyHash }: Proved): Promise<Asked | undefined> {
  const { repo, now, ip } = c.var;
  const { known, appVersion } = await deviceIn(c, read);
  const how = { at: now, version: appVersion ?? undefined, from: fromOf(ip), parts: known.parts, toSeat: true };
  return repo.asked.byKey({ keyHashes: [keyHash], devices: known.digests }, how);
}

function refuseNotOffline({ snapshot: { terms }, license }: Pick<Asked, "snapshot" | "license">): void {
  if (!terms.offline.allowed) throw offlineNotAllowed({ license: license.id });
}

async function newAnswer(c: Asking, read: RequestRead, proved: Proved): Promise<Answered> {
  const asked = await askedBy(c, read, proved);
  if (!asked) throw licenseNotFound({});
  // an end tells more than that there is no file for it
  refuseShutOut(asked);
  refuseInactive(asked, c.var.now);
  refuseNotOffline(asked);
  const device = await deviceIn(c, read);
  const there = asked.activation?.id ?? (await byParts(c, asked, device))?.id;
  if (read.claims.action === "refresh" && there === undefined) throw activationNotFound({});
  usable(await trustOf(c.var), c.var.now);
  if (there !== undefined && asked.snapshot.terms.onClone === "deny") await refuseClone(c, read, there);

  let made: Filed | undefined;
  const taken = await takeSeat(c, [proved.keyHash], device, {
    type: "offline",
    beside: async (row, status) => {
      // its seat was given back meanwhile
      if (read.claims.action === "refresh" && status === 201) throw activationNotFound({});
      const trust = usable(await trustOf(c.var), c.var.now);
      const { license, begun } = await licenseAfter(c, row, status);
      refuseNotOffline({ snapshot: { ...asked.snapshot, terms: license.terms }, license: asked.license });
      const before = await c.var.repo.offlineDevices.byActivation(row.id);
      // the seat was taken meanwhile, by what looks like the same device
      if (status === 200 && license.terms.onClone === "deny") await refuseClone(c, read, row.id);
      const clone = await fileSuspicion(c, row, before, read);
      made = await filed(c.var, { license, activation: row, read, trust, before });
      const asRead = c.var.repo.offlineDevices.licenseAsRead(license.row, begun);
      return {
        statements: [asRead, ...made.statements, ...clone.statements],
        facts: [...made.facts, ...clone.facts],
        answer: made.answer,
      };
    },
  });
  if (!made) throw new Error("A seat was taken without its file");
  return { status: taken.status, answer: made.answer };
}

/** The license as the file has to tell of it: where this is its first activation, with the period that begins with it. */
async function licenseAfter({ var: { repo, now } }: Asking, row: ActivationRow, status: 200 | 201) {
  const license = await repo.licenses.byId(row.licenseId);
  if (!license) throw licenseNotFound({});
  const begun = status === 201 && license.row.activatedAt === null;
  return { begun, license: begun ? (afterFirstActivation(license, now, repo.tenant.timeZone) satisfies License) : license };
}

/**
 * What of a device's files speaks of two devices: it has fewer than it told of before, or one that was never made, or it goes by another
 * fingerprint while a file for the one it had may still run.
 */
function whyTwo(
  device: OfflineDeviceRow | undefined,
  { claims: { last_seq: told, fp } }: RequestRead,
  now: Date,
): string | undefined {
  if (!device) return undefined;
  if (told < device.lastSeq) return `The device told of file ${device.lastSeq} before, and of ${told} now.`;
  if (told > device.seq) return `The device tells of file ${told}; the newest that was made is ${device.seq}.`;
  if (device.expiresAt <= now || fingerprintIn(device) === fp) return undefined;
  return `The device came with another fingerprint, and its files for the one before may run until ${device.expiresAt.toISOString()}.`;
}

/** Whom the newest file of a device is made out to. */
const fingerprintIn = ({ file }: OfflineDeviceRow): string =>
  claimsOf(readMessage(file.split("~")[1] ?? "", "license", "emergency")).dev.fp;

type Suspicion = { statements: readonly Statement[]; facts: readonly Fact[] };

/** Marks the activation where its files speak of two devices; that the device has another key is noticed with its seat. */
async function fileSuspicion(
  c: Asking,
  row: ActivationRow,
  before: OfflineDeviceRow | undefined,
  read: RequestRead,
): Promise<Suspicion> {
  const otherKey = row.devicePublicKey !== null && row.devicePublicKey !== read.claims.key;
  // the newest file is made out to this key, so it is the one that counts from here on
  row.devicePublicKey = read.claims.key;
  const why = otherKey ? undefined : whyTwo(before, read, c.var.now);
  if (why === undefined) return { statements: [], facts: [] };
  const seen = await noted(c.var, seenOf(row, why));
  if (row.cloneSuspectedAt !== null) return seen;
  const unmarked = presentActivation(row);
  row.cloneSuspectedAt = c.var.now;
  const marked = changeFact("activation.clone_suspected", unmarked, presentActivation(row));
  return { statements: seen.statements, facts: [marked, ...seen.facts] };
}

const seenOf = (row: ActivationRow, why: string) => ({
  kind: "clone" as const,
  source: "latchkey" as const,
  licenseId: row.licenseId,
  activationId: row.id,
  deviceHash: row.deviceHash,
  description: why,
  evidence: {},
});

/** Where the terms refuse clones: marks the activation at the first sign, and throws `clone_suspected` from then on. */
async function refuseClone(c: Asking, read: RequestRead, activationId: string): Promise<void> {
  const { repo, now } = c.var;
  const refused = await changing(async () => {
    const row = await repo.activations.byId(activationId);
    if (!row || row.releasedAt !== null) return false;
    if (row.cloneSuspectedAt !== null) return true;
    const otherKey = row.devicePublicKey !== null && row.devicePublicKey !== read.claims.key;
    const order = whyTwo(await repo.offlineDevices.byActivation(row.id), read, now);
    const why = otherKey ? "The device came with another key than the one that it registered." : order;
    if (why === undefined) return false;
    const after = { ...row, cloneSuspectedAt: now, updatedAt: now };
    const seen = await noted(c.var, seenOf(row, why));
    const fact = changeFact("activation.clone_suspected", presentActivation(row), presentActivation(after));
    const statements = [...repo.suspicions.marked(after), ...seen.statements];
    return (await repo.suspicions.note(statements, [fact, ...seen.facts])) && true;
  });
  if (refused) throw cloneRefused({});
}
