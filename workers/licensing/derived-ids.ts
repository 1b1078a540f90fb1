import { sha256Hex } from "#kernel/crypto";
import { base32, ID_PREFIXES } from "#rules/ids";

// What is made in steps has ids that follow from what asked for it: whoever makes the same thing again makes the same id, and so finds it there.

/**
 * The id of the license at a place (0 to 1,048,575) of an order or an upload: the shard and time of that, the place, so that they sort as they
 * were asked for, and 60 bits of a hash.
 */
export async function licenseIdOf(cause: string, index: number): Promise<string> {
  const place = base32(Uint8Array.of(index >>> 12, (index >>> 4) & 255, (index & 15) << 4)).slice(0, 4);
  return `${ID_PREFIXES.license}_${bornWith(cause)}${place}${(await hashOf(`license\n${cause}\n${index}`)).slice(0, 12)}`;
}

/** The id of the customer whom an upload brings along under a name of its own. */
export async function customerIdOf(cause: string, name: string): Promise<string> {
  return `${ID_PREFIXES.customer}_${bornWith(cause)}${(await hashOf(`customer\n${cause}\n${name}`)).slice(0, 16)}`;
}

/** Shard and time of an id. */
const bornWith = (id: string) => id.slice(id.indexOf("_") + 1).slice(0, 12);

async function hashOf(text: string): Promise<string> {
  const bytes = Uint8Array.from((await sha256Hex(text)).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return base32(bytes.subarray(0, 10));
}
