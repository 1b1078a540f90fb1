import type { Fact, Statement } from "#db/commit";
import type { ActivationRow } from "#db/licensing/activations";
import type { Asked, Marks } from "#db/licensing/asked";
import type { License } from "#db/licensing/licenses";
import type { Standing } from "#db/licensing/standing";
import { changing } from "#kernel/changing";
import type { TenantEnv } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { changeFact, fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { licenseNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { invalidRequest } from "#kernel/problems";
import { whoGivesWay } from "#rules/licensing/kick";
import { afterFirstActivation } from "./beginnings.ts";
import type { KnownDevice } from "./devices.ts";
import { mayKnow } from "#kernel/for-caller";
import { presentActivation, presentLicense } from "./presenters.ts";
import { kickNotAllowed } from "./problems.ts";
import { fromOf, refuseRestricted } from "./restricted.ts";
import { leaseFrom, refuseInactive, refuseShutOut, rowHolds, whyNotSeat, type Full } from "./seats.ts";
import { noted } from "./security/noting.ts";

/** A device that asks for a seat, with what it tells of itself. */
export type Device = {
  known: KnownDevice;
  user?: string | null | undefined;
  name?: string | null | undefined;
  platform?: string | null | undefined;
  appVersion?: string | null | undefined;
  cores?: number | null | undefined;
  /** Ed25519, base64url */
  devicePublicKey?: string | null | undefined;
};

export type Asking = { env: Env; var: TenantEnv["Variables"] };

/** What is written and told beside the seat, and what is answered: made for the activation as it will be. */
export type Beside = { statements: readonly Statement[]; facts: readonly Fact[]; answer: unknown };

/** How a seat is to be taken. */
export type Taking = {
  type: "online" | "offline";
  /** take the seat of the device that was seen least recently, where none is free */
  kick?: "oldest" | undefined;
  owned?: Parameters<typeof newOwned>[0] | undefined;
  beside: (row: ActivationRow, status: 200 | 201) => Promise<Beside>;
};

/** The activation as it is now. Without `beside` nothing was written: all was as it should be. */
export type Taken = { row: ActivationRow; status: 200 | 201; beside: Beside | null };

/**
 * Takes a seat of the license for a device: the one that it holds, the one that it had, or a free one. `keyHashes` are the digests of the
 * license's key. Throws the problem that stands against it; what is beside the seat is committed with it, or not at all.
 */
export async function takeSeat(c: Asking, keyHashes: readonly string[], device: Device, taking: Taking): Promise<Taken> {
  const { repo, caller, now, ip } = c.var;
  const { known } = device;
  return changing(async () => {
    const found = await repo.asked.toSeat(
      { keyHashes, devices: known.digests },
      {
        at: now,
        version: device.appVersion ?? undefined,
        from: fromOf(ip),
        user: device.user ?? undefined,
        parts: known.parts,
      },
    );
    if (!found || !mayKnow(caller, found.asked.license.productId)) throw licenseNotFound({});
    const { asked, left } = found;
    await c.var.limits.license(asked.license.id);
    refuseShutOut(asked);
    refuseInactive(asked, now);
    refuseRestricted(asked, c.var, device.appVersion ?? undefined);

    const seat = { c, asked, left, device, taking, keyHashes };
    const before = asked.activation ? await repo.activations.byId(asked.activation.id) : await byParts(c, asked, device);
    if (asked.activation && (!before || before.releasedAt !== null)) return undefined;
    refuseUnnamed(seat, before);
    return before ? again(seat, before) : anew(seat);
  });
}

type Seat = { c: Asking; asked: Asked; left: Marks; device: Device; taking: Taking; keyHashes: readonly string[] };
type Differing = { asked: Asked; device: Device; taking: Pick<Taking, "type">; now: Date };

/**
 * The device under a new fingerprint: as many of its parts are those of an activation as the template asks for. Throws `device_blacklisted`
 * where what it was known by before is shut out.
 */
export async function byParts(
  { var: { repo, now, ip } }: Asking,
  { snapshot, license }: Asked,
  { known }: Device,
): Promise<ActivationRow | undefined> {
  const { componentThreshold: least } = snapshot.terms;
  if (least === null || known.components.length === 0) return undefined;
  const found = await repo.activations.byParts(license.id, known.parts, least);
  if (!found) return undefined;
  const asked = await repo.asked.byActivation(found.id, { at: now, from: fromOf(ip), parts: known.parts });
  if (asked) refuseShutOut(asked);
  return found;
}

/** A license for named users has to know who works with the device. */
function refuseUnnamed({ asked, device }: Seat, before: ActivationRow | undefined): void {
  if (asked.snapshot.terms.type !== "named_user" || device.user || before?.userRef) return;
  const detail = "This license is for named users: say who works with the device.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer: "/user", code: "required", detail }] });
}

/** A seat for a device that has none. */
async function anew(seat: Seat): Promise<Taken | undefined> {
  const { c, asked, left, device, taking } = seat;
  const { known } = device;
  const { repo, now } = c.var;
  const lease = taking.type === "online" ? leaseFrom(asked, now) : null;
  const made = { type: taking.type, licenseId: asked.license.id, deviceHash: known.digest };
  const fresh = newActivationRow(c.var, device, { ...made, leaseExpiresAt: lease, endsAt: null, owned: taking.owned });
  // who gives its seat back and takes one again is the device that it was
  const begins = asked.snapshot.license.activatedAt === null;
  const row = { ...fresh, ...(!begins && left) };
  const first = begins ? await beginning(c, asked.license.id, row) : null;
  if (first === undefined) return undefined;
  const facts = [fact("activation.created", presentActivation(row)), ...(first ? [first.fact] : [])];
  const write: Write = async (beside, { kicked, told }) => {
    const { type } = asked.snapshot.terms;
    const seating = { devices: known.digests, keyHashes: seat.keyHashes, type, kicked, also: beside.statements };
    return repo.seats.claimSeat(row, seating, first?.license.row ?? null, {
      facts: [...told, ...facts, ...beside.facts],
      answer: [201, beside.answer],
    });
  };
  return competing(seat, row, 201, write);
}

type Made = Pick<ActivationRow, "type" | "licenseId" | "deviceHash" | "leaseExpiresAt" | "endsAt"> & {
  owned?: Taking["owned"];
};

/** The row of a new activation. */
export function newActivationRow(
  { repo, now, realNow }: Pick<Asking["var"], "repo" | "now" | "realNow">,
  device: Device,
  { owned, ...made }: Made,
): ActivationRow {
  return {
    tenantId: repo.tenantId,
    id: newId("activation", repo.shard, realNow),
    ...made,
    ...toldOf(device),
    cores: device.cores ?? null,
    components: [...device.known.components],
    devicePublicKey: device.devicePublicKey ?? null,
    generation: 1,
    metrics: { counters: {}, gauges: {}, seq: 0 },
    activatedAt: now,
    lastSeenAt: now,
    heartbeatAt: null,
    cloneSuspectedAt: null,
    integrityFailedAt: null,
    releasedAt: null,
    releasedReason: null,
    ...newOwned(owned ?? {}, now),
  };
}

/** The license as its first activation leaves it; undefined when another device was first. */
async function beginning({ var: { repo, now } }: Asking, id: string, { cores }: ActivationRow) {
  const before = await repo.licenses.byId(id);
  if (!before || before.row.activatedAt !== null) return undefined;
  const license = afterFirstActivation(before, now, repo.tenant.timeZone);
  const seated: License = { ...license, seatsHeld: before.seatsHeld + 1, coresHeld: before.coresHeld + (cores ?? 1) };
  return { license, fact: changeFact("license.activated", presentLicense(before, now), presentLicense(seated, now)) };
}

/** The activation of a device that asks again as it is to be now, whether it holds its seat, and whether anything of it is new. */
function askedAgain(
  { asked, device, taking }: Omit<Differing, "now">,
  before: ActivationRow,
  now: Date,
): { row: ActivationRow; holds: boolean; isNews: boolean } {
  const holds = rowHolds(before, asked.snapshot.terms, now);
  const row: ActivationRow = { ...before, ...differencesOf({ asked, device, taking, now }, before, holds), updatedAt: now };
  const isNews = JSON.stringify({ ...row, updatedAt: null }) !== JSON.stringify({ ...before, updatedAt: null });
  return { row, holds, isNews };
}

/** Whether a device that asks again for a seat of its program's has it, as it is: then nothing is to be written. */
export function hasItsSeat(asked: Asked, device: Device, before: ActivationRow, now: Date): boolean {
  const { holds, isNews } = askedAgain({ asked, device, taking: { type: "online" } }, before, now);
  return holds && !isNews && !comesWithAnotherKey(device, before);
}

/** The activation that the device has, with what is different now. */
async function again(seat: Seat, before: ActivationRow): Promise<Taken | undefined> {
  const { c, asked, taking } = seat;
  const { known } = seat.device;
  const { repo, now } = c.var;
  const { row, holds, isNews } = askedAgain(seat, before, now);
  const clone = await cloneOf(seat, before, row);
  if (holds && !isNews && !clone && taking.type === "online") return { row: before, status: 200, beside: null };

  const facts: Fact[] = [];
  if (!holds) facts.push(changeFact("activation.resumed", presentActivation(before), presentActivation(row)));
  else if (isNews) facts.push(updatedFact(before, row));
  const write: Write = async (beside, { kicked, told }) => {
    const also = [...(clone?.statements ?? []), ...beside.statements];
    const all = { facts: [...told, ...facts, ...(clone?.facts ?? []), ...beside.facts], answer: [200, beside.answer] as const };
    const seating = { devices: known.digests, type: asked.snapshot.terms.type, kicked, also };
    return holds && !asksForMore(before, row) ? repo.seats.rewrite(row, also, all) : repo.seats.reclaimSeat(row, seating, all);
  };
  return competing(seat, row, 200, write);
}

/** Whether a row claims anything that its seat does not have yet, or is another device to whoever looks for devices. */
function asksForMore(before: ActivationRow, row: ActivationRow): boolean {
  if (before.endsAt !== null && row.endsAt === null) return true;
  return before.userRef !== row.userRef || (before.cores ?? 1) !== (row.cores ?? 1) || before.deviceHash !== row.deviceHash;
}

/** What a device that asks again has otherwise than before. One that holds its seat keeps what it does not speak of. */
function differencesOf({ asked, device, taking, now }: Differing, before: ActivationRow, holds: boolean): Partial<ActivationRow> {
  const { known } = device;
  const offline = taking.type === "offline";
  const same = known.digests.includes(before.deviceHash);
  const samePart = (part: { kind: string; hash: string }) =>
    before.components.find(({ kind, hash }) => kind === part.kind && known.isPart(kind, hash)) ?? part;
  const components = known.components.map(samePart);
  return {
    ...(!holds && { ...toldOf(device), lastSeenAt: now, heartbeatAt: now }),
    ...(!same && { deviceHash: known.digest }),
    ...(device.user && { userRef: device.user }),
    ...(device.cores && { cores: device.cores }),
    ...(components.length > 0 && JSON.stringify(components) !== JSON.stringify(before.components) && { components }),
    ...(device.devicePublicKey && before.devicePublicKey === null && { devicePublicKey: device.devicePublicKey }),
    ...((offline || !holds) && { endsAt: null }),
    ...(offline
      ? { type: "offline" as const, leaseExpiresAt: null }
      : !holds && before.type === "online" && { leaseExpiresAt: leaseFrom(asked, now) }),
  };
}

const comesWithAnotherKey = ({ devicePublicKey }: Device, before: ActivationRow): boolean =>
  Boolean(devicePublicKey) && before.devicePublicKey !== null && devicePublicKey !== before.devicePublicKey;

/** What follows when a device comes with another key than the one it registered: a mark on the activation, and a report. */
async function cloneOf({ c, device }: Seat, before: ActivationRow, row: ActivationRow) {
  const { now } = c.var;
  if (!comesWithAnotherKey(device, before)) return undefined;
  const seen = await noted(c.var, {
    kind: "clone",
    source: "latchkey",
    licenseId: row.licenseId,
    activationId: row.id,
    deviceHash: row.deviceHash,
    description: "The device came with another key than the one that it registered.",
    evidence: { registered_key: before.devicePublicKey, shown_key: device.devicePublicKey },
  });
  if (before.cloneSuspectedAt !== null) return { statements: seen.statements, facts: seen.facts };
  const unmarked = { ...row };
  row.cloneSuspectedAt = now;
  const marked = changeFact("activation.clone_suspected", presentActivation(unmarked), presentActivation(row));
  return { statements: seen.statements, facts: [marked, ...seen.facts] };
}

/** Tells of a changed activation, and names the parts of the device that are others now: what they are is kept as digests alone. */
function updatedFact(before: ActivationRow, row: ActivationRow): Fact {
  const told = changeFact("activation.updated", presentActivation(before), presentActivation(row));
  const had = new Map(before.components.map(({ kind, hash }) => [kind, hash]));
  const parts = row.components.filter(({ kind, hash }) => had.get(kind) !== hash).map(({ kind }) => kind);
  const changed = [...(before.deviceHash === row.deviceHash ? [] : ["fingerprint"]), ...parts];
  if (changed.length === 0) return told;
  return { ...told, data: { ...told.data, object: { ...told.data.object, changed_parts: changed } } };
}

/** Writes the seat with what belongs to it, where `kicked` give way; undefined when the conditions were not met. */
type Write = (beside: Beside, way: { kicked: readonly ActivationRow[]; told: readonly Fact[] }) => Promise<unknown>;

/** Tries to take the seat, and looks why it was not to be had only afterwards: what was read before may be outdated when it is written. */
async function competing(seat: Seat, row: ActivationRow, status: 200 | 201, write: Write): Promise<Taken | undefined> {
  const { c, asked, taking } = seat;
  const { repo, now } = c.var;
  const beside = await taking.beside(row, status);
  if (await write(beside, { kicked: [], told: [] })) return { row, status, beside };

  const standing = await repo.activations.standing(row, seat.device.known.digests);
  const full = standing && whyNotSeat(row, asked.snapshot.terms, standing, now, status === 201);
  if (!standing || !full) return undefined;
  if (taking.kick === undefined) return full.throws();
  if (!asked.snapshot.terms.allowKick) throw kickNotAllowed({ license: row.licenseId });
  const way = await makeWay(seat, row, full, standing);
  return (await write(beside, way)) ? { row, status, beside } : undefined;
}

/** The devices that give way, released. Throws why there is no seat where nobody can, or where their leaving would not be enough. */
async function makeWay({ c, asked }: Seat, row: ActivationRow, full: Full, standing: Standing) {
  const { repo, now } = c.var;
  const { terms } = asked.snapshot;
  const others = (await repo.activations.listHolding(row.licenseId)).filter(({ id }) => id !== row.id);
  const leaving = whoGivesWay(others, full.by === "users" || (full.by === "seats" && terms.model === "per_seat"));
  const staying = others.filter((device) => !leaving.includes(device));
  const freed = {
    seats: terms.model === "per_seat" ? people(others) - people(staying) : leaving.length,
    cores: leaving.reduce((sum, device) => sum + (device.cores ?? 1), 0),
    users: people(others) - people(staying),
  };
  const { seats, cores, users } = standing;
  const left = { ...standing, seats: seats - freed.seats, cores: cores - freed.cores, users: users - freed.users };
  if (leaving.length === 0 || whyNotSeat(row, terms, left, now, false)) return full.throws();

  const kicked = leaving.map((device) => ({ ...device, releasedAt: now, releasedReason: "kicked", updatedAt: now }));
  const told = kicked.map((after, index) =>
    changeFact("activation.released", presentActivation(leaving[index] ?? after), presentActivation(after)),
  );
  return { kicked, told };
}

const people = (devices: readonly ActivationRow[]) =>
  new Set(devices.map(({ userRef, id }) => (userRef === null ? `d${id}` : `u${userRef}`))).size;

const toldOf = ({ user, name, platform, appVersion }: Device) => ({
  userRef: user ?? null,
  name: name ?? null,
  platform: platform ?? null,
  appVersion: appVersion ?? null,
});
