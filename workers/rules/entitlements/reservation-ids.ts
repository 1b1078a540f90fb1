import { base32, ID_PREFIXES } from "../ids.ts";

// A reservation is kept by its license's meter, so its id says which license that is: what follows the prefix is the license's id without
// its own prefix, and behind it the reservation's own part.

/** The id of a new reservation; `random` needs ten bytes. */
export function reservationIdOf(licenseId: string, random: Uint8Array): string {
  return `${ID_PREFIXES.reservation}_${licenseId.slice(ID_PREFIXES.license.length + 1)}${base32(random.subarray(0, 10))}`;
}

/** The license that a reservation belongs to, or undefined when the text is no id of one. */
export function licenseOfReservation(id: string): string | undefined {
  const found = /^rsv_([0-9a-z]{2}[0-9a-hjkmnp-tv-z]{26})[0-9a-hjkmnp-tv-z]{16}$/.exec(id)?.[1];
  return found && `${ID_PREFIXES.license}_${found}`;
}
