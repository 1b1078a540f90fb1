import type { Fact, Told } from "#db/commit";
import type { ActivationRow } from "#db/licensing/activations";
import type { License as LicenseRead } from "#db/licensing/licenses";
import type { TransferRow } from "#db/licensing/transfers";
import type { Repo } from "#db/repo";
import { changeFact } from "#kernel/facts";
import { whyNotMove } from "#rules/licensing/states";
import { mayTransferAgain, MOST_RELEASED } from "#rules/licensing/transfers";
import { ended } from "../ending.ts";
import { presentLicense, type LicenseShown } from "../presenters.ts";
import { invalidTransition, transferLimitReached } from "../problems.ts";
import { rowHolds } from "../seats.ts";
import { licenseAlreadyTheirs, tooManyDevices } from "./problems.ts";

type Customer = { id: string; email: string; timeZone: string | null };

/** A license as its new customer gets it, with what ends for the old one and what is told of that. */
export type Carried = { license: LicenseRead; shown: LicenseShown; facts: Fact[]; ends: ActivationRow[] };

/** Throws why a license cannot be given to a customer now: its state, how often it went already, or that they have it. */
export function refuseTransfer({ row, terms }: LicenseRead, customerId: string, now: Date): void {
  const refused = whyNotMove(row, "transfer", now);
  if (refused) throw invalidTransition({ detail: refused.detail });
  if (row.customerId === customerId) throw licenseAlreadyTheirs({});
  const { maxTransfers } = terms;
  if (maxTransfers !== null && !mayTransferAgain(row.transferCount, maxTransfers))
    throw transferLimitReached({ limit: maxTransfers });
}

/**
 * Gives a license to another customer at `now`: every device of the old one is released, one that works offline at the end of its file. Key, terms
 * and history stay; whom it is made out to changes where that was the old customer's address.
 */
export async function carriedOut(repo: Repo, before: LicenseRead, to: Customer, now: Date): Promise<Carried> {
  const devices = await repo.transfers.devicesOf(before.row.id, MOST_RELEASED);
  if (devices.length > MOST_RELEASED) throw tooManyDevices({ most: MOST_RELEASED });
  const from = await repo.customers.byId(before.row.customerId);
  const done = await Promise.all(devices.map((row) => ended(repo, row, { reason: "transferred", overlap: false }, now)));
  const ends = done.filter((each) => each !== null);
  const row = {
    ...before.row,
    customerId: to.id,
    issuedTo: before.row.issuedTo === from?.email ? to.email : before.row.issuedTo,
    transferCount: before.row.transferCount + 1,
    updatedAt: now,
  };
  const rest = devices.filter(({ id }) => !ends.some((each) => each.row.id === id && each.row.releasedAt !== null));
  const license = { ...before, row, zone: to.timeZone, ...heldBy(rest, before, now) };
  const shown = presentLicense(license, now);
  const facts = [changeFact("license.transferred", presentLicense(before, now), shown), ...ends.map((each) => each.fact)];
  return { license, shown, facts, ends: ends.map((each) => each.row) };
}

/** Commits what was carried out together with the transfer that says so; undefined when anything changed meanwhile. */
export function commitTransfer(
  repo: Repo,
  { license, ends }: Carried,
  transfer: { row: TransferRow; made: boolean },
  told: Told,
) {
  const statements = ends.flatMap((row) => repo.activations.ending(row));
  return repo.transfers.carryOut(license.row, transfer, statements, told);
}

/** What devices that go on working until their files end still hold. */
function heldBy(devices: readonly ActivationRow[], { row, terms }: LicenseRead, now: Date) {
  const held = devices.filter((device) => device.type !== "emergency" && rowHolds(device, terms, now));
  const people = new Set(held.map(({ userRef, id }) => (userRef === null ? `d${id}` : `u${userRef}`))).size;
  return {
    seatsHeld: row.model === "per_seat" ? people : held.length,
    coresHeld: held.reduce((sum, device) => sum + (device.cores ?? 1), 0),
    usersHeld: row.type === "named_user" ? 0 : people,
  };
}
