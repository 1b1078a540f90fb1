/** How many made-up questions of one license are kept in this long, and of how many licenses that is counted. */
const MOST_KEPT = 32;
const FOR_MS = 600_000;
const MOST_LICENSES = 5_000;

/**
 * Counts in how many ways a license was asked for that anybody can make up. Whoever knows one license key may think up as many users and
 * versions as there are words: the first some of them are worth keeping, and all others cost a read each, and nobody else's memory.
 */
export class Variety {
  readonly #asked = new Map<string, { ways: Set<string>; since: number }>();

  /** Whether one more way of asking for a license may be kept; one that is kept already always may. */
  takes(licenseId: string, way: string, nowMs: number): boolean {
    let asked = this.#asked.get(licenseId);
    if (asked === undefined || nowMs - asked.since >= FOR_MS) {
      if (asked === undefined && this.#asked.size >= MOST_LICENSES) this.#asked.delete(this.#asked.keys().next().value as string);
      this.#asked.set(licenseId, (asked = { ways: new Set(), since: nowMs }));
    }
    if (asked.ways.has(way)) return true;
    if (asked.ways.size >= MOST_KEPT) return false;
    asked.ways.add(way);
    return true;
  }

  clear(): void {
    this.#asked.clear();
  }
}
